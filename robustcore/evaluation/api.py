"""`evaluate` and `lookup`: from models, a dataset and conditions to a tidy table."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import classes, operations, plan, provenance, suites, tables
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Cell, Subject, Unit
from robustcore.evaluation.run import executors, runner
from robustcore.evaluation.run.executors import base
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.run.work import Work
from robustcore.evaluation.store.store import Store
from robustcore.models.classifier import Classifier

Models = str | Classifier | Subject | Sequence[str | Classifier | Subject]
Conditions = str | Path | Condition | Sequence[str | Condition]


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An evaluation whose names are looked up: what can be planned, estimated and run.

    Attributes:
        models: fingerprint -> model; those given as a `Subject` have none and cannot be run.
        surrogates: fingerprint -> model.
        dataset: the dataset.
        cells: the plan.
        precision: "float32" or "bf16".
    """

    models: Mapping[str, Classifier]
    surrogates: Mapping[str, Classifier]
    dataset: Dataset
    cells: Sequence[Cell]
    precision: str

    @property
    def subjects(self) -> list[Subject]:
        """The models as results know them, in the order given."""
        return list(dict.fromkeys(cell.model for cell in self.cells))


def evaluate(
    models: Models,
    dataset: str | Dataset,
    conditions: Conditions,
    *,
    limit: int | None = None,
    seed: int = 0,
    severities: Sequence[int] | None = None,
    storage: str = "memory",
    device: str = "auto",
    store: Store | Path | str | None = None,
    executor: executors.Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    split: str = "test",
    precision: str = "float32",
    surrogates: Sequence[str | Classifier] = (),
) -> pd.DataFrame:
    """Score models on a dataset under conditions; what is stored already is not computed again.

    Args:
        models: a catalogue name, a path, a `Classifier`, or a list of them.
        dataset: a name, a folder, or a loaded dataset; `split` is for the first two.
        conditions: a suite's name or toml file, "clean", a corruption's name, or a list of `Condition` and names. Clean is
            always evaluated with them.
        limit: the number of images, the first ones of the dataset's order, which is fixed and shuffled; default all.
        seed: of every random draw.
        severities: for conditions that leave theirs open. Without it corruptions with a table of constants run at 1..5,
            and those with a continuous range at strengths drawn uniformly in it, one for each image.
        storage: "memory", or "jpeg85" for the second JPEG that the released ImageNet-C went through.
        device: "auto", "cpu", "cuda" or "cuda:N".
        store: a `Store` or a results file; default the one under the cache.
        executor: where units are computed; default threads of this process. `evaluation.executors.of` gives one process
            for each of several devices, or a Dask cluster, to which `device` is then the workers' own.
        progress: called after every group of units with a `Progress`.
        precision: "float32", or "bf16" to score under bfloat16 autocast; part of a result's key.
        surrogates: models that attacks are crafted on: an attack that names none is evaluated white-box and on each of
            these.

    Returns:
        One row for each model and condition; see `tables.table` for the columns, to which comes cached: whether nothing
        of the row had to be computed. A unit that failed leaves its reason in
        the row and the rest goes on. `attrs["summary"]` has the numbers of units computed, cached and failed.

    Raises:
        RobustcoreError: an unknown name, a value outside what is allowed, a results file that cannot be used.
    """
    prepared = prepare(
        models,
        dataset,
        conditions,
        limit=limit,
        seed=seed,
        severities=severities,
        storage=storage,
        split=split,
        precision=precision,
        surrogates=surrogates,
    )
    results = store if isinstance(store, Store) else Store(store)
    try:
        pending = {unit.cell.key for unit in plan.pending(prepared.cells, results.stored(prepared.cells))}
        summary = carry_out(prepared, results, device=device, executor=executor, progress=progress)
        frame = tables.table(prepared.cells, results)
    finally:
        if results is not store:
            results.close()
    frame.insert(list(frame.columns).index("shipped"), "cached", [cell.key not in pending for cell in prepared.cells])
    frame.attrs["summary"] = dataclasses.asdict(summary)
    return frame


def lookup(
    models: Models,
    dataset: str | Dataset,
    conditions: Conditions,
    *,
    limit: int | None = None,
    seed: int = 0,
    severities: Sequence[int] | None = None,
    storage: str = "memory",
    store: Store | Path | str | None = None,
    split: str = "test",
    precision: str = "float32",
    surrogates: Sequence[str | Classifier] = (),
) -> pd.DataFrame:
    """What `evaluate` would answer from what is stored now; computes nothing, writes nothing.

    The arguments are those of `evaluate`. A model may also be a `Subject`: name, fingerprint and classes are enough.
    """
    prepared = prepare(
        models,
        dataset,
        conditions,
        limit=limit,
        seed=seed,
        severities=severities,
        storage=storage,
        split=split,
        precision=precision,
        surrogates=surrogates,
    )
    return tables.table(prepared.cells, store if isinstance(store, Store) else Store(store))


def prepare(
    models: Models,
    dataset: str | Dataset,
    conditions: Conditions,
    *,
    limit: int | None = None,
    seed: int = 0,
    severities: Sequence[int] | None = None,
    storage: str = "memory",
    split: str = "test",
    precision: str = "float32",
    surrogates: Sequence[str | Classifier] = (),
) -> Prepared:
    """Look every name up and make the plan. Cheap checks come first, models last."""
    from robustcore.datasets import load_dataset

    plan.check_limit(limit)
    resolved = suites.resolve(conditions, severities, storage=storage)
    images = load_dataset(dataset, split=split) if isinstance(dataset, str) else dataset
    several = [models] if isinstance(models, (str, Classifier, Subject)) else list(models)
    if not several:
        raise InvalidArgumentError("There is no model to evaluate; name one or more.")
    loaded: dict[str, Classifier] = {}
    subjects: dict[str, Subject] = {}
    for model in several:
        subject = model if isinstance(model, Subject) else _load(model, loaded)
        if subjects.get(subject.name, subject).fingerprint != subject.fingerprint:
            raise InvalidArgumentError(f"Two different models are named {subject.name!r}; give one another name.")
        subjects[subject.name] = subject
    crafting: dict[str, Classifier] = {}
    for model in surrogates:
        _load(model, crafting)
    resolved = [*dict.fromkeys(c for each in resolved for c in (each, *_black_box(each, list(crafting))))]
    cells = plan.make(list(subjects.values()), images, resolved, limit=limit, seed=seed, precision=precision)
    return Prepared(loaded, crafting, images, cells, precision)


def _black_box(condition: Condition, surrogates: Sequence[str]) -> list[Condition]:
    """An attack that names no surrogate, crafted on each of these."""
    if condition.kind != "attack" or "surrogate" in condition.parameters:
        return []
    return [dataclasses.replace(condition, params=(*condition.params, ("surrogate", s))) for s in surrogates]


def _load(model: str | Classifier, into: dict[str, Classifier]) -> Subject:
    """Load a model where it is a name, keep it under its fingerprint, and give it as plans see it."""
    from robustcore.models import load_model

    if not isinstance(model, (str, Classifier)):
        raise InvalidArgumentError(f"A model is a Classifier or a name, not {type(model).__name__}.")
    classifier = load_model(model) if isinstance(model, str) else model
    # The name that was asked for: two checkpoints may have been given the same name when they were trained.
    name = model if isinstance(model, str) else classifier.card.name
    subject = Subject(name, classifier.fingerprint(), tuple(classifier.card.classes))
    into[subject.fingerprint] = classifier
    return subject


def carry_out(
    prepared: Prepared,
    store: Store,
    *,
    device: str = "auto",
    executor: executors.Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
    command: str | None = None,
) -> Summary:
    """Compute what is pending of a prepared evaluation and store it.

    Raises:
        DatasetError: a model that does not know the dataset's classes.
        StoreError: the results file cannot be used, or the disk is full; what was finished is kept.
    """
    stop = cancelled or threading.Event()
    pending = plan.pending(prepared.cells, store.stored(prepared.cells))
    groups = len(plan.groups(pending))
    absent = {u.cell.model.name for u in pending if u.cell.key.model not in prepared.models}
    if absent:
        raise InvalidArgumentError(f"The model {sorted(absent)[0]} was given without its weights and cannot be run.")
    _check_classes(pending, prepared.dataset)
    needed = {unit.cell.key.model for unit in pending}
    crafting = {unit.cell.condition.parameters.get("surrogate") for unit in pending}
    known = {**prepared.models, **prepared.surrogates}
    work = Work(
        {fingerprint: model for fingerprint, model in prepared.models.items() if fingerprint in needed},
        {fingerprint: model for fingerprint, model in known.items() if fingerprint in crafting},
        prepared.dataset,
        device,
    )
    start = (executor or executors.thread_executor) if groups else base.idle_executor
    with start(work, groups, stop) as pool:
        origin = provenance.current(command)
        return runner.run(prepared.cells, store, pool, origin, progress=progress, cancelled=stop)


def _check_classes(pending: Sequence[Unit], dataset: Dataset) -> None:
    """Raise one sentence before anything is computed, not a note for every unit."""
    for subject, condition in {(unit.cell.model, unit.cell.condition) for unit in pending}:
        if operations.of(condition).unlabelled(condition):
            continue
        scored = operations.of(condition).dataset(condition, dataset)
        classes.matching(subject.name, subject.classes, scored.name, scored.classes)
