"""What a specification is judged on: which evaluations it asks for, and what of them is stored."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.errors import DatasetError
from robustcore.evaluation import Condition, Store, Subject, api, operations, tables
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.correctness import answers
from robustcore.models.classifier import Classifier
from robustcore.reports import metric_columns
from robustcore.reports.provenance import Provenance
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.requirable_metrics import OF_IMAGES, requirable

CLEAN = Condition.clean()
Floats = npt.NDArray[np.floating]
Place = tuple[str, str, int | None]  # model, canonical condition, limit


@dataclasses.dataclass(frozen=True)
class Need:
    """An evaluation that a specification asks for."""

    models: tuple[str, ...]
    conditions: tuple[Condition, ...]
    limit: int | None


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is stored of one model under one condition.

    Attributes:
        n, size: the number of images that are stored, and that were asked for.
        labelled: the share of those that are stored that have a label; accuracy is over these.
        accuracy, success, flips: 0 .. 1; NaN where it is unknown or not defined.
        each: (n,) for every image 1 or 0, whether it is answered rightly; for a sequence the share of its comparisons in
            which the answer flips. None where not all of it is known.
        reason: why something is unknown, or "".
        values: metric of single images -> its value, and why it is NaN.
    """

    n: int
    size: int
    accuracy: float = math.nan
    success: float = math.nan
    flips: float = math.nan
    each: Floats | None = None
    reason: str = ""
    labelled: float = 1.0
    values: Mapping[str, tuple[float, str]] = dataclasses.field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many images accuracy is over."""
        return round(self.n * self.labelled)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that a specification is judged on.

    Attributes:
        models: those that are judged, by name.
        cells: (model, canonical condition, limit) -> what is stored; the references' among them.
        classes, side: of the dataset: the number of classes, and the images' side in pixels.
        provenance: where it comes from; None for evidence that was made up.
    """

    models: tuple[str, ...]
    cells: Mapping[Place, Measured]
    classes: int = 0
    side: int = 0
    provenance: Provenance | None = None


def needs(spec: Specification, models: Sequence[str]) -> list[Need]:
    """The evaluations that judging the models asks for: one for each number of images, and the references' own."""
    needed = []
    for limit in dict.fromkeys(row.limit for row in spec.rows):
        rows = [row for row in spec.rows if row.limit == limit]
        everything = dict.fromkeys([Condition.clean(), *(c for row in rows for c in row.conditions)])
        needed.append(Need(tuple(models), tuple(everything), limit))
        for reference in dict.fromkeys(row.reference for row in rows):
            if reference in spec.references and reference not in models:
                own = [c for row in rows if row.reference == reference for c in row.conditions]
                needed.append(Need((reference,), tuple(dict.fromkeys([Condition.clean(), *own])), limit))
    return needed


def missing(spec: Specification, evidence: Evidence) -> list[Need]:
    """What of the needed evaluations is not stored, or not for all images. What cannot be evaluated here is no part of it."""
    needed = []
    for need in needs(spec, evidence.models):
        lacking = [
            (name, condition)
            for condition in need.conditions
            for name in need.models
            if (cell := evidence.cells[name, condition.canonical(), need.limit]).n < cell.size
        ]
        if lacking:
            models = [name for name in need.models if name in {model for model, _ in lacking}]
            needed.append(Need(tuple(models), tuple(dict.fromkeys(c for _, c in lacking)), need.limit))
    return needed


def request(spec: Specification, need: Need, device: str = "auto") -> EvaluationRequest:
    """The same as what a worker process carries out."""
    return EvaluationRequest(
        models=need.models,
        dataset=spec.dataset,
        conditions=need.conditions,
        split=spec.split,
        limit=need.limit,
        seed=spec.seed,
        device=device,
        title=f"Specification {spec.name}: {', '.join(need.models)}",
    )


def possible(conditions: Sequence[Condition], dataset: Dataset) -> tuple[list[Condition], dict[Condition, str]]:
    """The conditions that an evaluation on the dataset can apply, and the others with the reason: a shifted set that is
    not on this machine, say."""
    here, absent = [], {}
    for condition in conditions:
        try:
            operations.of(condition).dataset(condition, dataset)
        except DatasetError as error:
            absent[condition] = str(error).removesuffix(".")
        else:
            here.append(condition)
    return here, absent


def gather(
    spec: Specification,
    models: Sequence[str | Classifier | Subject],
    *,
    references: Sequence[str | Classifier | Subject] | None = None,
    dataset: Dataset | None = None,
    store: Store | Path | str | None = None,
) -> Evidence:
    """What is stored for a specification; computes nothing.

    Args:
        spec: the specification.
        models: those that are judged.
        references: the models that rows are relative to; default loaded by name.
        dataset: the specification's dataset where it is loaded already.
        store: as in `evaluate`.
    """
    from robustcore.datasets import load_dataset

    images = dataset or load_dataset(spec.dataset, split=spec.split)
    results = store if isinstance(store, Store) else Store(store)
    judged = api.subjects(models, dataset=images)
    names = [subject.name for subject in judged]
    wanted = [name for name in spec.references if name not in names] if references is None else references
    against = api.subjects(wanted, dataset=images)
    subjects = {subject.name: subject for subject in [*judged, *against]}
    cells: dict[Place, Measured] = {}
    parts = []
    for need in needs(spec, names):
        asked = [subjects[name] for name in need.models]
        here, absent = possible(need.conditions, images)
        for name in need.models:
            for condition, why in absent.items():
                cells[name, condition.canonical(), need.limit] = Measured(0, 0, reason=why)
        request = EvaluationRequest.of(asked, images, here, limit=need.limit, seed=spec.seed)
        planned = api.prepare(request).cells
        table = tables.table(planned, results)
        parts.append(table)
        each = _each(planned, results)
        values = _values(spec, need, planned, results)
        for cell, record in zip(planned, table.to_dict("records"), strict=True):
            place = (cell.model.name, cell.condition.canonical(), need.limit)
            cells[place] = Measured(
                n=int(record["n"]),
                labelled=1.0 if math.isnan(share := float(record.get("labelled", 1.0))) else share,
                size=cell.size,
                accuracy=float(record["accuracy"]),
                success=float(record.get("success", math.nan)),
                flips=_flips(record, each.get(cell)),
                each=each.get(cell),
                reason=str(record["reason"]),
                values=values.get(place, {}),
            )
    whole = pd.concat([part.dropna(axis=1, how="all") for part in parts], ignore_index=True)
    storages = {c.storage for row in spec.rows for c in row.conditions}
    provenance = Provenance.of(
        whole,
        suites=(f"specification {spec.name}",),
        storage="jpeg85" if storages == {"jpeg85"} else "memory",
        seed=spec.seed,
    )
    return Evidence(tuple(names), cells, len(images.classes), images.side, provenance)


def _values(
    spec: Specification, need: Need, cells: Sequence[Cell], store: Store
) -> dict[Place, dict[str, tuple[float, str]]]:
    """The metrics of single images that rows require."""
    values: dict[Place, dict[str, tuple[float, str]]] = {}
    for name, required in requirable().items():
        rows = [row for row in spec.rows if row.metric == name and row.limit == need.limit]
        if required.metric.input not in OF_IMAGES or not rows:
            continue
        wanted = {CLEAN, *(condition for row in rows for condition in row.conditions)}
        own = [cell for cell in cells if cell.condition in wanted]
        for cell, value in zip(own, metric_columns.of_cells(required.metric, own, store), strict=True):
            place = (cell.model.name, cell.condition.canonical(), need.limit)
            values.setdefault(place, {})[name] = value
    return values


def _flips(record: Mapping[Any, Any], each: Floats | None) -> float:
    """The stored mean; of the first images of a larger result, the mean over those."""
    mean = float(record.get("flip_probability", math.nan))
    return float(each.mean()) if math.isnan(mean) and each is not None and record["kind"] == "sequence" else mean


def _each(cells: Sequence[Cell], store: Store) -> dict[Cell, Floats]:
    """Image by image, of the cells that are stored whole."""
    right = answers(cells, store)
    values: dict[Cell, Floats] = {
        cell: right[cell.key].correct.astype(np.float32) for cell in cells if cell.key in right
    }
    for cell in cells:
        if cell.condition.kind == "sequence":
            kept = store.predictions(cell)
            if kept is not None:
                values[cell] = operations.of(cell.condition).values(cell.condition, kept)["flip_probability"]
    return values
