"""What filtration keeps, written as a folder of class folders that every command reads.

    DIR/<class>/<image>, DIR/filtration.json, which says how the images were chosen and what the networks said of each

Files of a folder are copied as they are; images that are not files are written as PNG. A later run with other numbers or
after a review changes the folder: what that list names and is no longer kept goes, nothing else is touched.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from robustcore.datasets import Dataset
from robustcore.datasets.released.matching import image_key
from robustcore.errors import DatasetError
from robustcore.evaluation.filtration.rules import Rules, Selection
from robustcore.paths import printable

LIST = "filtration.json"


@dataclasses.dataclass(frozen=True)
class Written:
    """What is in the folder.

    Attributes:
        files: for each kept image its path in the folder, in the order of `Selection.kept`.
        removed: files of an earlier run that are no longer kept.
    """

    files: tuple[str, ...]
    removed: int


@dataclasses.dataclass(frozen=True)
class Choice:
    """Who chose: what tells one filtration from another.

    Attributes:
        dataset, split, fingerprint: the images that were chosen from.
        models: (name, fingerprint) of each network.
        crops: of each image.
    """

    dataset: str
    split: str
    fingerprint: str
    models: tuple[tuple[str, str], ...]
    crops: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        fields = dataclasses.asdict(self)
        return {**fields, "models": [{"name": name, "fingerprint": print_} for name, print_ in self.models]}


def write(dataset: Dataset, selection: Selection, output: Path | str, choice: Choice, rules: Rules) -> Written:
    """Write the kept images and the list.

    Raises:
        DatasetError: nothing is kept; a folder with other files in it, or with another filtration; a folder that cannot be
            written.
    """
    kept = selection.kept
    folder = Path(output).expanduser().absolute()
    if kept.empty:
        raise DatasetError("No image is left, so there is nothing to write. Choose from more images, or other rules.")
    earlier = _earlier(folder, choice)
    files = _files(dataset, kept)
    contents = {
        **choice.to_dict(),
        "rules": dataclasses.asdict(rules),
        "steps": [dataclasses.asdict(step) for step in selection.steps],
        "images": [
            {"file": file, **{name: row[name] for name in ("id", "label", "answer", "confidence")}}
            for file, row in zip(files, kept.to_dict("records"), strict=True)
        ],
    }
    try:
        for file, place in zip(files, kept["place"], strict=True):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _write_image(dataset, int(place), path)
        _replace(folder / LIST, (json.dumps(contents, indent=1) + "\n").encode())
        gone = [file for file in earlier if file not in set(files)]
        for file in gone:
            (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(
            f"The kept images cannot be written to {printable(str(folder))} ({error.strerror or error})."
        ) from error
    return Written(tuple(files), len(gone))


def _earlier(folder: Path, choice: Choice) -> list[str]:
    """The files that an earlier run of the same filtration has written."""
    path = folder / LIST
    path_text = printable(str(folder))
    if not path.exists():
        if folder.is_dir() and any(not name.startswith(".") for name in os.listdir(folder)):
            raise DatasetError(f"The folder {path_text} has other files in it. Choose an empty one.")
        return []
    try:
        contents: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = [str(image["file"]) for image in contents["images"]]
        same = all(contents[name] == value for name, value in json.loads(json.dumps(choice.to_dict())).items())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"The list in {printable(str(path))} cannot be read ({error}). Choose another folder."
        ) from error
    if not same:
        raise DatasetError(
            f"The folder {path_text} holds what other models chose, or from other images or crops. Choose another one."
        )
    inside = [file for file in files if not PurePosixPath(file).is_absolute() and ".." not in PurePosixPath(file).parts]
    return [file for file in inside if len(PurePosixPath(file).parts) > 1]


def _files(dataset: Dataset, kept: pd.DataFrame) -> list[str]:
    """Each image's path: its class, and its file's name or its id."""
    has_files = hasattr(dataset, "paths")
    keys = [image_key(dataset, int(place)) for place in kept["place"]]
    files = []
    count: Counter[str] = Counter()
    for class_, rest in keys:
        # A label of a table may have any signs in it, a folder's name may not.
        name = (
            f"{class_.replace('/', '_').strip('. ') or 'class'}/{rest.replace('/', '_')}{'' if has_files else '.png'}"
        )
        count[name.casefold()] += 1
        stem, ending = os.path.splitext(name)
        files.append(name if count[name.casefold()] == 1 else f"{stem}-{count[name.casefold()]}{ending}")
    return files


def _write_image(dataset: Dataset, place: int, path: Path) -> None:
    """The image's file as it is, or its pixels as PNG; whole or not at all."""
    paths: Any = getattr(dataset, "paths", None)
    root: Any = getattr(dataset, "root", None)
    if paths is not None and root is not None:
        _replace(path, (Path(root) / paths[place]).read_bytes())
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    Image.fromarray(np.ascontiguousarray(dataset.source(place))).save(part, "PNG")
    part.replace(path)


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
