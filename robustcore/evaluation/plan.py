"""The plan: models x dataset x conditions -> units, and which of them are pending. Nothing is written here.

A unit is one shard of 256 images, in the order of the dataset, under one condition, for one model. That order is fixed
and shuffled, image by image, by the dataset. A limit is a prefix of it, so that a larger result answers a smaller
question. Where a limit cuts a shard, the unit is computed for the first images of that shard; a later, larger question
replaces it, and a smaller one is answered from its per-image predictions.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from robustcore import arguments
from robustcore.datasets._base import Dataset, prepared_for
from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.images.preparation import Preparation
from robustcore.notes import Note, note

SHARD = 256  # part of what a stored unit is: another number needs another version of the results file
PRECISIONS = ("float32", "bf16")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model as plans and tables see it: without its weights.

    Attributes:
        name, fingerprint: what people and results know it by.
        classes: names, in the order of the logits.
        preparation: how a folder's images are prepared for it; None where that is not known.
        is_here: whether it was loaded; else it is known by what is stored of it alone.
    """

    name: str
    fingerprint: str
    classes: tuple[str, ...]
    preparation: Preparation | None = None
    is_here: bool = True


@dataclasses.dataclass(frozen=True)
class Key:
    """What a cell's results are found by: fingerprints, the seed that matters, and the precision."""

    model: str
    dataset: str
    condition: str
    seed: int
    precision: str

    @property
    def digest(self) -> str:
        """The key as one short text."""
        return hashlib.sha256(json.dumps(dataclasses.astuple(self)).encode()).hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class Cell:
    """All units of one model under one condition.

    Attributes:
        key: what its results are found by.
        model: the model without its weights.
        dataset, split: names, for people.
        condition: what is done to the images.
        size: the number of images asked for.
        preparation: how the images are prepared, in words, where it is the model's own; "" for the dataset's.
        missing: why there can be no result, a sentence; then no image is asked for. "" otherwise.
    """

    key: Key
    model: Subject
    dataset: str
    split: str
    condition: Condition
    size: int
    preparation: str = ""
    missing: str = ""

    def units(self) -> list[Unit]:
        """The cell's units, in order."""
        return [Unit(self, shard, n) for shard, n in enumerate(shard_sizes(self.size))]


@dataclasses.dataclass(frozen=True)
class Unit:
    """One shard of a cell: its first `n` images."""

    cell: Cell
    shard: int
    n: int


@dataclasses.dataclass(frozen=True)
class Group:
    """Pending units of one shard under one condition, of models whose images are prepared alike: the images are corrupted once
    and scored by every model."""

    condition: Condition
    shard: int
    n: int
    units: tuple[Unit, ...]

    def images(self, dataset: Dataset) -> Dataset:
        """The dataset as this group's models want it prepared."""
        return prepared_for(dataset, self.units[0].cell.model.preparation)


def shard_sizes(size: int) -> list[int]:
    """The number of images in each shard of the first `size` images."""
    return [min(SHARD, size - start) for start in range(0, size, SHARD)]


@dataclasses.dataclass(frozen=True)
class Pending:
    """What is left to compute of a plan, counted once and passed on.

    Attributes:
        cells: the plan.
        stored: for each cell's key, shard -> images that are stored.
        units: those not stored, or stored for fewer images than are asked for.
    """

    cells: tuple[Cell, ...]
    stored: Mapping[Key, Mapping[int, int]]
    units: tuple[Unit, ...]

    @property
    def total(self) -> int:
        """The number of units of the whole plan; a model that is named twice counts once."""
        return sum(len(shard_sizes(cell.size)) for cell in {cell.key: cell for cell in self.cells}.values())

    @functools.cached_property
    def groups(self) -> list[Group]:
        """The units that share their images, together."""
        return groups(self.units)

    def without(self, models: Collection[str]) -> Pending:
        """The same without some models, by their fingerprints."""
        cells = tuple(cell for cell in self.cells if cell.key.model not in models)
        return dataclasses.replace(
            self, cells=cells, units=tuple(u for u in self.units if u.cell.key.model not in models)
        )


def check_precision(precision: str) -> str:
    """The precision, if it is one that models are scored in."""
    return arguments.one_of(precision, PRECISIONS, "A precision")


@note
def fewer_images(limit: int, dataset: str, images: int) -> str:
    return f"{limit:,} images were asked for; {dataset} has {images:,}, and all of them are taken."


def beyond(dataset: Dataset, limit: int | None) -> tuple[Note, ...]:
    """That a dataset has fewer images than were asked for, where it has."""
    return () if limit is None or limit <= len(dataset) else (fewer_images(limit, dataset.name, len(dataset)),)


def make(
    models: Sequence[Subject],
    dataset: Dataset,
    conditions: Sequence[Condition],
    *,
    limit: int | None = None,
    seed: int = 0,
    precision: str = "float32",
) -> list[Cell]:
    """The cells of an evaluation, condition by condition, model by model; each model on the images as it wants them.

    Raises:
        InvalidArgumentError: a limit below 1, a negative seed, an unknown precision.
    """
    limit, seed, precision = arguments.limit(limit), arguments.seed(seed), check_precision(precision)
    cells = []
    for condition in conditions:
        operation = operations.of(condition)
        missing = operation.missing(condition, dataset)
        available = 0 if missing else len(operation.dataset(condition, dataset))
        size = available if limit is None else min(limit, available)
        key_seed = seed if operation.is_random(condition) else 0
        key_precision = "float32" if operation.float32_only else precision
        fingerprint = operations.fingerprint(condition)
        for model in models:
            images = prepared_for(dataset, model.preparation)
            key = Key(model.fingerprint, images.fingerprint, fingerprint, key_seed, key_precision)
            own = "" if images is dataset else str(model.preparation)
            cells.append(Cell(key, model, dataset.name, dataset.split, condition, size, own, missing))
    return cells


def pending(cells: Iterable[Cell], stored: Mapping[Key, Mapping[int, int]]) -> Pending:
    """What is left to compute of a plan.

    Args:
        cells: what is asked for.
        stored: for each cell's key, shard -> images that are stored.
    """
    cells = tuple(cells)
    # A model that is named twice is computed once.
    different = {cell.key: cell for cell in cells}.values()
    units = (u for cell in different for u in cell.units() if stored.get(cell.key, {}).get(u.shard, 0) < u.n)
    return Pending(cells, stored, tuple(units))


def groups(units: Iterable[Unit]) -> list[Group]:
    """Units that share their images, shard by shard, so that every condition's first images are there first."""
    together: dict[tuple[int, Condition, int, str], list[Unit]] = {}
    for unit in units:
        together.setdefault((unit.shard, unit.cell.condition, unit.n, unit.cell.key.dataset), []).append(unit)
    ordered = sorted(together.items(), key=lambda item: item[0][0])  # stable: conditions keep their order
    return [Group(condition, shard, n, tuple(members)) for (shard, condition, n, _), members in ordered]
