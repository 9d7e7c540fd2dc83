"""`evaluate` and `lookup`: from models, a dataset and conditions to a tidy table."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from robustcore import arguments
from robustcore.datasets._base import Dataset, prepared_for
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import classes, examination, operations, plan, provenance, tables
from robustcore.evaluation.loading import Evaluation, prepare, stored_subjects, subjects
from robustcore.evaluation.plan import Pending, Subject, Unit
from robustcore.evaluation.request import Conditions, Data, EvaluationRequest, Models, Radii, Surrogates
from robustcore.evaluation.run import executors, runner
from robustcore.evaluation.run.executors import base
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.run.work import Work
from robustcore.evaluation.store.store import Store
from robustcore.models import wrapping
from robustcore.notes import RobustcoreWarning

__all__ = ["Evaluation", "carry_out", "evaluate", "lookup", "prepare", "stored_subjects", "subjects", "table"]


def evaluate(
    models: Models | nn.Module | Sequence[Models | nn.Module],
    dataset: Data,
    conditions: Conditions,
    *,
    limit: int | None = None,
    seed: int = 0,
    severities: int | Sequence[int] | None = None,
    storage: str = "memory",
    device: str = "auto",
    store: Store | Path | str | None = None,
    executor: executors.Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    split: str = "test",
    precision: str = "float32",
    surrogates: Surrogates = (),
    only_surrogate: bool = False,
    norm: str = "",
    eps: Radii = (),
    released: Path | str | None = None,
    answers: str = "all",
    classes: wrapping.Classes | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Score models on a dataset under conditions; what is stored already is not computed again.

    Args:
        models: a catalogue name, a path, a `Classifier`, a network with `classes`, or a list of them.
        dataset: a name, a folder, or a loaded dataset; `split` is for the first two.
        conditions: a suite's name or toml file, "clean", a corruption's name, or a list of `Condition` and names. Clean is
            always evaluated with them.
        limit: the number of images, the first ones of the dataset's order, which is fixed and shuffled; default all.
        seed: of every random draw.
        severities: for conditions that leave theirs open. Without it corruptions with a table of constants run at 1..5,
            and those with a continuous range at strengths drawn uniformly in it, one for each image.
        storage: "memory", or "jpeg85" for the second JPEG that the released ImageNet-C went through.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        store: a `Store` or a results file; default the one under the cache.
        executor: where units are computed; default threads of this process. `run.executors.of` gives one process for each
            of several devices, or a Dask cluster, for which `device` means the workers' own.
        progress: called after every group of units with a `Progress`.
        precision: "float32", or "bf16" to score under bfloat16 autocast; part of a result's key.
        surrogates: models that attacks are crafted on: an attack that names none is evaluated white-box and on each of
            these.
        only_surrogate: on these alone, without the white-box attack.
        norm, eps: the budget of all attacks among the conditions, in the place of their own: "linf", "l2" or "l1", and one radius in it or
            several, as numbers with pixels in [0, 1] or as texts such as "8/255". An attack that lacks the norm is refused.
        released: the folder of a released set of corrupted images, laid out as ImageNet-C or CIFAR-10-C. Behind every
            corruption with a severity the released images of the dataset's own are scored too, with the storage "released".
        answers: "all", or "folder" where a model may answer with the dataset's classes alone, as an ImageNet model on a
            folder of ten of the 1,000 classes; part of its name and of a result's key.
        classes, mean, std: of models that are plain networks: their classes (a number, the names in the order of the logits,
            "imagenet" or a file of names) and their normalisation for pixels from 0 to 1, by default none.

    Returns:
        One row for each model and condition; see `tables.table` for the columns. One more, cached, says whether nothing
        of the row had to be computed. A unit that failed leaves its reason in the row and the rest goes on. `attrs["summary"]` has the numbers of units computed, cached and failed; `attrs["left_out"]`
        has a sentence for whatever of a folder is not among the images.

    Raises:
        RobustcoreError: an unknown name, a value outside what is allowed, a results file that cannot be used.
    """
    asked: Any = models if classes is None else _wrapped(models, dataset, split, classes, mean, std)
    request = EvaluationRequest.of(
        asked,
        dataset,
        conditions,
        limit=limit,
        seed=seed,
        severities=severities,
        storage=storage,
        device=device,
        split=split,
        precision=precision,
        surrogates=surrogates,
        only_surrogate=only_surrogate,
        norm=norm,
        eps=eps,
        released=released or "",
        answers=answers,
    )
    evaluation = prepare(request)
    with _opened(store) as results:
        pending = evaluation.pending(results)
        summary = carry_out(evaluation, results, pending=pending, executor=executor, progress=progress)
        frame = table(evaluation, results)
    incomplete = {unit.cell.key for unit in pending.units}
    cached = [cell.key not in incomplete for cell in evaluation.cells]
    frame.insert(list(frame.columns).index("shipped"), "cached", cached)
    for caution in tables.distinct(frame["caution"]):
        warnings.warn(caution, RobustcoreWarning, stacklevel=2)
    frame.attrs["summary"] = dataclasses.asdict(summary)
    return frame


def table(evaluation: Evaluation, store: Store) -> pd.DataFrame:
    """What is stored of an evaluation. `attrs["left_out"]` says what of the dataset's folder is not among its images, and
    whether it has fewer than were asked for."""
    from robustcore.datasets import left_out

    frame = tables.table(evaluation.cells, store)
    notes = (*left_out(evaluation.dataset), *plan.beyond(evaluation.dataset, evaluation.request.limit))
    for condition in dict.fromkeys(cell.condition for cell in evaluation.cells):
        notes += tuple(operations.of(condition).left_out(condition, evaluation.dataset))
    frame.attrs["left_out"] = [note.text for note in notes]
    return frame


def _wrapped(
    models: Any,
    dataset: Data,
    split: str,
    classes: wrapping.Classes,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> list[Any]:
    """Models with plain networks as classifiers, of the dataset's side."""
    from robustcore.datasets import dataset_of

    side = dataset_of(dataset, split=split).side
    several = arguments.several(
        models, "Models are names, paths, networks, or a list of these", one=(nn.Module, Subject)
    )
    return [
        wrapping.classifier(model, classes, side, mean=mean, std=std) if isinstance(model, nn.Module) else model
        for model in several
    ]


def lookup(
    models: Models,
    dataset: Data,
    conditions: Conditions,
    *,
    limit: int | None = None,
    seed: int = 0,
    severities: int | Sequence[int] | None = None,
    storage: str = "memory",
    store: Store | Path | str | None = None,
    split: str = "test",
    precision: str = "float32",
    surrogates: Surrogates = (),
    only_surrogate: bool = False,
    norm: str = "",
    eps: Radii = (),
    released: Path | str | None = None,
    answers: str = "all",
) -> pd.DataFrame:
    """What `evaluate` would answer from what is stored now; computes nothing, writes nothing.

    The arguments are those of `evaluate`. A model may also be a `Subject`: name, fingerprint and classes are enough.
    """
    request = EvaluationRequest.of(
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
        only_surrogate=only_surrogate,
        norm=norm,
        eps=eps,
        released=released or "",
        answers=answers,
    )
    evaluation = prepare(request)
    results = store if isinstance(store, Store) else Store(store)
    examination.examine(evaluation.models, (), results)
    return tables.table(evaluation.cells, results)


@contextmanager
def _opened(store: Store | Path | str | None) -> Iterator[Store]:
    """A store; one that is opened here is closed again."""
    if isinstance(store, Store):
        yield store
    else:
        with Store(store) as results:
            yield results


def carry_out(
    evaluation: Evaluation,
    store: Store,
    *,
    pending: Pending | None = None,
    executor: executors.Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Summary:
    """Compute what is pending of an evaluation and store it.

    Args:
        evaluation: what `prepare` returned.
        store: of results.
        pending: what `evaluation.pending(store)` returned, where that is at hand.
        executor: default the one for the request's devices or scheduler.
        progress, cancelled: as in `runner.run`.

    Raises:
        DatasetError: a model that does not know the dataset's classes.
        StoreError: the results file cannot be used, or the disk is full; what was finished is kept.
    """
    request = evaluation.request
    pending = pending or evaluation.pending(store)
    units = pending.units
    absent = {u.cell.model.name for u in units if u.cell.key.model not in evaluation.models}
    if absent:
        raise InvalidArgumentError(f"The model {sorted(absent)[0]} was given without its weights and cannot be run.")
    _check_classes(units, evaluation.dataset)
    stop = cancelled or threading.Event()
    refused = examination.examine(evaluation.models, {unit.cell.key.model for unit in units}, store, stop)
    failed = [unit for unit in units if unit.cell.key.model in refused]
    for fingerprint, reason in refused.items():
        store.fail([unit for unit in failed if unit.cell.key.model == fingerprint], reason)
    pending = pending.without(refused)
    units = pending.units
    if units:
        for preparation in dict.fromkeys([None, *(unit.cell.model.preparation for unit in units)]):
            store.keep_source(prepared_for(evaluation.dataset, preparation))
    scored = {unit.cell.key.model for unit in units}
    crafting = {unit.cell.condition.parameters.get("surrogate") for unit in units}
    everything = {**evaluation.models, **evaluation.surrogates}
    work = Work(
        {fingerprint: model for fingerprint, model in evaluation.models.items() if fingerprint in scored},
        {fingerprint: model for fingerprint, model in everything.items() if fingerprint in crafting},
        evaluation.dataset,
        request.device,
    )
    chosen = executor or executors.of(request.devices, request.scheduler)
    with (chosen if units else base.idle_executor)(work, len(pending.groups), stop) as pool:
        run = provenance.current(request.command or None)
        summary = runner.run(pending, store, pool, run, progress=progress, cancelled=stop)
    summary.total += len(failed)
    summary.failed += len(failed)
    for unit in failed:
        reason = refused[unit.cell.key.model]
        summary.reasons[reason] = summary.reasons.get(reason, 0) + 1
    return summary


def _check_classes(pending: Sequence[Unit], dataset: Dataset) -> None:
    """Raise one sentence before anything is computed, not a note for every unit.

    A model whose classes could be matched in two ways stops no other one: its rows say so.
    """
    for subject, condition in {(unit.cell.model, unit.cell.condition) for unit in pending}:
        if operations.of(condition).unlabelled(condition):
            continue
        scored = operations.of(condition).dataset(condition, dataset)
        with contextlib.suppress(classes.OrderError):
            classes.matching(subject.name, subject.classes, scored.name, scored.classes)
