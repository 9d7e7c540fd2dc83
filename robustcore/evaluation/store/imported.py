"""Results of models that cannot be loaded here, from a table of their answers: one row for each image and condition.

    image,condition,label,prediction,confidence
    n01440764/ILSVRC2012_val_00000293.JPEG,clean,n01440764,n01440764,0.93
    n01440764/ILSVRC2012_val_00000293.JPEG,gaussian_noise/3,n01440764,n01443537,0.41

A condition is "clean", or a corruption and its severity, as `fog/3` or `fog 3`. Labels and predictions are names of classes, or their
numbers. Where the dataset is here, images are matched with its own, and the results stand beside those of other models on it.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.datasets._base import Dataset
from robustcore.datasets.recorded import RecordedDataset
from robustcore.datasets.released.matching import image_key
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import operations, plan, provenance
from robustcore.evaluation.condition import RELEASED, SET, Condition
from robustcore.evaluation.plan import SHARD, Cell, Subject, Unit
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Result, Store
from robustcore.paths import printable

COLUMNS = ("image", "condition", "label", "prediction")
_CONDITION = re.compile(r"(?P<name>[^\s/,:]+?)(?:[\s/,:]+(?:severity\s+)?(?P<severity>[1-5]))?")


@dataclasses.dataclass(frozen=True)
class Imported:
    """What was taken in: the model, the dataset's name, the conditions, and the number of images of each."""

    model: Subject
    dataset: str
    conditions: tuple[Condition, ...]
    images: int


@dataclasses.dataclass(frozen=True)
class _Images:
    """The images in the order of the dataset.

    Attributes:
        dataset: what results are stored on.
        names: as the table calls them.
        labels: (N,) in the classes.
    """

    dataset: Dataset
    names: tuple[str, ...]
    labels: npt.NDArray[np.int64]


def take_in(
    store: Store,
    path: Path | str,
    model: str,
    dataset: str | Dataset,
    *,
    split: str = "test",
    seed: int = 0,
    storage: str = "memory",
    released: str = "",
) -> Imported:
    """Keep the answers in a csv or parquet file as a model's results.

    Args:
        store: where they are kept.
        path: of the table; its columns are `COLUMNS`, and confidence (0 to 1) if it is known.
        model: what the model is called.
        dataset: the loaded dataset, or the name of one that is not here.
        split: of a dataset that is not here.
        seed: that the corrupted images were made with.
        storage: of the corrupted images: "memory", or "jpeg85" for the second JPEG.
        released: the folder of the released set whose images were scored; "" for none.

    Raises:
        InvalidArgumentError: a table that cannot be read or is incomplete; the message names the row.
        DatasetError: images or labels that are not those of the dataset.
        StoreError: the results file cannot be written.
    """
    name = arguments.text(model, "A model's name is a text").strip()
    if not name:
        raise InvalidArgumentError("The model needs a name: --model NAME.")
    rows = _table(Path(path))
    conditions = {text: _condition(text, storage, released) for text in dict.fromkeys(rows["condition"])}
    for condition in conditions.values():
        operations.check(condition)
    if len(set(conditions.values())) < len(conditions):
        twice = next(c for c, n in collections.Counter(conditions.values()).items() if n > 1)
        raise InvalidArgumentError(f"{twice} is written in two ways in {path}. Write it in one.")
    classes = _classes(rows, () if isinstance(dataset, str) else tuple(dataset.classes))
    images = _recorded(rows, dataset, split, classes) if isinstance(dataset, str) else _matched(rows, dataset, classes)
    digest = hashlib.sha256(json.dumps(["imported", name, classes]).encode()).hexdigest()
    subject = Subject(printable(name), digest, classes)
    cells = plan.make([subject], images.dataset, list(conditions.values()), limit=len(images.names), seed=seed)
    results = []
    for text, cell in zip(conditions, cells, strict=True):
        if cell.missing:
            raise DatasetError(f"{cell.missing[:1].upper()}{cell.missing[1:]}.")
        predictions = _predictions(rows[rows["condition"] == text], text, images, classes)
        _check_same(store, cell, predictions, name)
        results += _results(cell, predictions)
    run = provenance.current()
    store.keep_source(images.dataset)
    store.save(
        results, dataclasses.replace(run, device=f"elsewhere (taken in from {printable(Path(path).name)})", versions={})
    )
    return Imported(subject, images.dataset.name, tuple(conditions.values()), len(images.names))


def _table(path: Path) -> pd.DataFrame:
    """The rows as texts, with confidence as numbers, NaN where there is none."""
    try:
        if path.suffix == ".parquet":
            rows = pd.read_parquet(path).astype("string")
        else:
            rows = pd.read_csv(path, dtype="string", keep_default_na=False)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(
            f"The table {path} cannot be read ({error}). It is a csv or parquet file."
        ) from error
    absent = [column for column in COLUMNS if column not in rows]
    if absent:
        raise InvalidArgumentError(
            f"The table {path} has no column {absent[0]!r}; it has {', '.join(map(str, rows.columns))}. Wanted are "
            f"{', '.join(COLUMNS)}, and confidence if it is known."
        )
    if rows.empty:
        raise InvalidArgumentError(f"The table {path} has no rows.")
    texts = rows[list(COLUMNS)].fillna("").map(lambda text: str(text).strip())
    for column in COLUMNS:
        if (empty := texts[column] == "").any():
            raise InvalidArgumentError(f"Row {int(np.argmax(empty)) + 1} of {path} has no {column}.")
    confidence = pd.Series(np.nan, index=rows.index)
    if "confidence" in rows:
        confidence = pd.to_numeric(rows["confidence"], errors="coerce").astype(float)
        wrong = ~confidence.between(0, 1) | (confidence == 0)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise InvalidArgumentError(
                f"Row {place + 1} of {path} has the confidence {rows['confidence'].iloc[place]!r}; it is above 0 and at most 1."
            )
    return texts.assign(confidence=confidence)


def _condition(text: str, storage: str, released: str) -> Condition:
    if text == "clean":
        return Condition.clean()
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise InvalidArgumentError(
            f"A condition is 'clean', or a corruption and its severity such as 'fog/3', not {text!r}."
        )
    severity = int(match["severity"]) if match["severity"] else None
    if released:
        root = str(Path(released).expanduser().absolute())
        return Condition.corruption(match["name"], severity, storage=RELEASED, params=((SET, root),))
    return Condition.corruption(match["name"], severity, storage=storage)


def _classes(rows: pd.DataFrame, known: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that answers are among: the dataset's, then those that occur in the table alone."""
    texts = list(dict.fromkeys([*rows["label"], *rows["prediction"]]))
    if known:
        return (*known, *sorted(t for t in texts if t not in known and not _is_index(t, len(known))))
    if all(text.isdecimal() for text in texts):
        return tuple(str(k) for k in range(max(map(int, texts)) + 1))
    return tuple(sorted(texts))


def _is_index(text: str, count: int) -> bool:
    return text.isdecimal() and int(text) < count


def _numbers(texts: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Names or numbers of classes as numbers; a name goes before a number."""
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[t] if t in place else int(t) for t in texts], dtype=np.int64)


def _first_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("image")


def _recorded(rows: pd.DataFrame, name: str, split: str, classes: tuple[str, ...]) -> _Images:
    """The images of a dataset that is not here: those of the table, in an order that is a hash of their names."""
    first = _first_rows(rows)
    order = np.argsort([_id(image) for image in first["image"]], kind="stable")
    first = first.iloc[order]
    names = tuple(first["image"])
    labels = _numbers(list(first["label"]), classes)
    facts = ["imported", name, split, names, [classes[label] for label in labels]]
    digest = hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()
    reason = f"The images of {name} are not here: its results were taken in from a table of answers."
    dataset = RecordedDataset(name, split, classes, digest, size=len(names), side=0, reason=reason)
    dataset.ids = np.array([_id(image) for image in names], dtype=np.int64)
    dataset.labels = labels
    return _Images(dataset, names, labels)


def _id(image: str) -> int:
    return int.from_bytes(hashlib.sha256(image.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1


def _matched(rows: pd.DataFrame, dataset: Dataset, classes: tuple[str, ...]) -> _Images:
    """The images of the table in the dataset's order: all of it, or its first ones."""
    first = _first_rows(rows).set_index("image")
    finder = _finder(dataset)
    place_of: dict[int, str] = {}
    for image in first.index:
        place = finder.get(image, finder.get(PurePosixPath(image).name))
        if place is None:
            raise DatasetError(
                f"The image {image!r} is not in {dataset.name}. Images are named by their path in the folder, or by their id."
            )
        if place in place_of:
            raise DatasetError(f"{image!r} and {place_of[place]!r} are the same image of {dataset.name}.")
        place_of[place] = image
    absent = next((k for k in range(len(first)) if k not in place_of), None)
    if absent is not None:
        raise DatasetError(
            f"The table has {len(first):,} of the {len(dataset):,} images of {dataset.name}, and not the first ones of its order: "
            f"{'/'.join(image_key(dataset, absent))} is missing. Give answers to all images."
        )
    names = tuple(place_of[k] for k in range(len(first)))
    labels = np.asarray(dataset.labels)[: len(names)]
    written = _numbers(list(first.loc[list(names), "label"]), classes)
    differing = np.flatnonzero((written != labels) & (labels >= 0))
    if len(differing):
        k = int(differing[0])
        raise DatasetError(
            f"{len(differing):,} labels of the table are not those of {dataset.name}: {names[k]!r} is {classes[written[k]]!r} in the "
            f"table and {classes[labels[k]]!r} in the dataset."
        )
    return _Images(dataset, names, labels)


def _finder(dataset: Dataset) -> dict[str, int]:
    """What an image may be called -> its place; names that several have are left out."""
    paths: Any = getattr(dataset, "paths", None)
    places: dict[str, int] = {}
    names: collections.Counter[str] = collections.Counter()
    for index in range(len(dataset)):
        if paths is None:
            places[str(int(dataset.ids[index]))] = index
            continue
        path = str(paths[index])
        places[path] = places["/".join(image_key(dataset, index))] = index
        names[PurePosixPath(path).name] += 1
    for index in range(len(dataset) if paths is not None else 0):
        name = PurePosixPath(paths[index]).name
        if names[name] == 1:
            places.setdefault(name, index)
    return places


def _predictions(rows: pd.DataFrame, text: str, images: _Images, classes: tuple[str, ...]) -> Predictions:
    """The answers under one condition, in the order of the images.

    Raises:
        InvalidArgumentError: an image that has two rows or none, or another label than elsewhere.
    """
    if (twice := rows["image"].duplicated()).any():
        raise InvalidArgumentError(f"The image {rows['image'][twice].iloc[0]!r} has two rows under {text}.")
    by_image = rows.set_index("image")
    if absent := [name for name in images.names if name not in by_image.index]:
        raise InvalidArgumentError(
            f"{len(absent):,} of {len(images.names):,} images have no row under {text}, {absent[0]!r} among them. Every condition "
            "needs answers to the same images."
        )
    ordered = by_image.loc[list(images.names)]
    labels = _numbers(list(ordered["label"]), classes)
    differing = np.flatnonzero((labels != images.labels) & (images.labels >= 0))
    if len(differing):
        raise InvalidArgumentError(f"The image {images.names[int(differing[0])]!r} has two labels.")
    answers = _numbers(list(ordered["prediction"]), classes)
    confidence = ordered["confidence"].to_numpy(np.float64)
    complete = bool(np.isfinite(confidence).all())
    return Predictions(
        ids=np.asarray(images.dataset.ids)[: len(labels)].astype(np.int64),
        labels=images.labels.astype(np.int32),
        classes=answers.astype(np.int32)[:, None],
        logits=np.log(confidence).astype(np.float32)[:, None] if complete else None,
        log_sum_exp=np.zeros(len(labels), np.float32) if complete else None,
    )


def _check_same(store: Store, cell: Cell, predictions: Predictions, name: str) -> None:
    """Raise one sentence where other answers are stored under that name already."""
    stored = store.predictions(cell)
    if stored is not None and (stored.classes[:, 0] != predictions.classes[:, 0]).any():
        raise InvalidArgumentError(
            f"{name} has other answers under {cell.condition} already. Give another --model name, or delete those: 'robustcore "
            f"results prune --model {name}'."
        )


def _results(cell: Cell, predictions: Predictions) -> list[Result]:
    """The answers, shard by shard."""
    results = []
    for unit in cell.units():
        start = unit.shard * SHARD
        results.append(Result(Unit(cell, unit.shard, unit.n), predictions.part(start, start + unit.n), 0.0))
    return results
