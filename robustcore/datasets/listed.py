"""Images that a table lists: a csv or parquet file with the columns path and label."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

import pandas as pd

from robustcore.datasets.folder import Folder, ImageFile, path_id
from robustcore.errors import DatasetError
from robustcore.images.preparation import Preparation
from robustcore.notes import Note
from robustcore.paths import printable

SUFFIXES = (".csv", ".parquet")
_ABSENT = 100  # numbers that no image has; with more, numbers are indices of some among many classes


class ListedImages(Folder):
    """The images of a table; a `Dataset`.

    A path is relative to the table and within its folder. A label is the name of a class, its id (a WordNet id, say), or its number;
    classes are the labels that occur, sorted. Where all are numbers, they are those from 0 to the greatest; with
    more than 100 of these absent they are indices among more classes, ImageNet's say. Whatever split is asked for, it is one set.

    Args:
        file: the table; the others are those of `Folder`.

    Raises:
        DatasetError: a table that cannot be read; a row without a path or a label, or with a path that leads out of the folder.
    """

    def __init__(
        self,
        file: Path | str,
        split: str = "test",
        limit: int | None = None,
        side: int | None = None,
        *,
        preparation: Preparation | None = None,
    ) -> None:
        self.file = Path(file).absolute()
        super().__init__(self.file.parent, split, limit, side, preparation=preparation)
        self.name = printable(self.file.stem)

    def _read(self, split: str) -> tuple[list[ImageFile], tuple[Note, ...]]:
        self.split = "all"
        rows = _rows(self.file)
        label_of: dict[str, str] = {}
        for number, (text, label) in enumerate(zip(rows["path"], rows["label"], strict=True), start=1):
            path = self._within(text, number)
            if label_of.setdefault(path, label) != label:
                raise DatasetError(
                    f"{printable(str(self.file))} gives {printable(path)} two labels, one of them in row {number}."
                )
        texts = set(label_of.values())
        if all(text.isdecimal() for text in texts):
            numbers = sorted({int(text) for text in texts})
            if numbers[-1] + 1 - len(numbers) <= _ABSENT:
                numbers = list(range(numbers[-1] + 1))
            self.classes = tuple(map(str, numbers))
            places = {text: numbers.index(int(text)) for text in texts}
        else:
            self.classes = tuple(sorted(texts))
            places = {text: place for place, text in enumerate(self.classes)}
        return sorted((path_id(path), path, places[label]) for path, label in label_of.items()), ()

    def _labels_of_files(self) -> list[tuple[str, int]]:
        return [(path, label) for _, path, label in self._items]

    def _within(self, text: str, number: int) -> str:
        """A row's path relative to the table's folder."""
        path = PurePosixPath(text.replace("\\", "/"))
        if path.is_absolute() and path.is_relative_to(self.root.as_posix()):
            path = path.relative_to(self.root.as_posix())
        if path.is_absolute() or ".." in path.parts:
            raise DatasetError(
                f"Row {number} of {printable(str(self.file))} has the path {printable(text)[:200]!r}, which is not in the table's folder. "
                "Paths are relative to the table and within its folder."
            )
        return path.as_posix()


def _rows(file: Path) -> pd.DataFrame:
    """path and label of each row, as texts."""
    where = printable(str(file))
    try:
        if file.suffix.lower() == ".parquet":
            rows = pd.read_parquet(file).astype("string")
        else:
            rows = pd.read_csv(file, dtype="string", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The table {where} cannot be read ({error}). It is a csv or parquet file.") from error
    if absent := [name for name in ("path", "label") if name not in rows]:
        raise DatasetError(
            f"The table {where} has no column {absent[0]!r}, but {', '.join(map(str, rows.columns))}. A dataset's table has the columns "
            "path and label."
        )
    texts = rows[["path", "label"]].fillna("").map(lambda text: unicodedata.normalize("NFC", str(text)).strip())
    texts["path"] = rows["path"].fillna("")
    if texts.empty:
        raise DatasetError(f"The table {where} has no rows.")
    empty = (texts == "").any(axis=1).to_numpy()
    if empty.any():
        raise DatasetError(f"Row {int(empty.argmax()) + 1} of {where} lacks a path or a label.")
    return texts
