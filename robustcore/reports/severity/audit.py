"""The audit of a suite: is each severity harder than the one before it, and does it look so?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from robustcore import corruptions
from robustcore.datasets import dataset_of
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, api, suites, tables
from robustcore.evaluation.request import Data, EvaluationRequest, Models
from robustcore.evaluation.run.runner import Progress
from robustcore.metrics import severities
from robustcore.metrics.severities import EASIER, HARDER, LEVEL
from robustcore.notes import Note, note
from robustcore.reports.provenance import Footer, Provenance
from robustcore.reports.severity.distances import distances


@note
def distances_over(images: int) -> str:
    return f"Distances over {images:,} images."


@note
def flagged_steps() -> str:
    return "A step is flagged where the paired 95 % interval of its loss includes 0 or less."


@dataclasses.dataclass(frozen=True)
class Audit:
    """Four views of one suite.

    Attributes:
        table: the evaluation's rows, clean among them: accuracy and confidence (the models' mean greatest probability)
            for each model, corruption and severity.
        distances: see `robustcore.reports.severity.distances`.
        steps: see `robustcore.metrics.severities.steps`; compared image by image where predictions are stored.
        findings: the issues, the surest first; the subject of each is the corruption, "" for all.
    """

    table: pd.DataFrame
    distances: pd.DataFrame
    steps: pd.DataFrame
    findings: tuple[Note, ...]


def conditions(suite: str | Path | Sequence[str | Condition], storage: str = "memory") -> list[Condition]:
    """A suite's corruptions at all their severities; those without severities once."""
    resolved = suites.resolve(suite, corruptions.SEVERITIES, storage=storage)
    kept = [c for c in resolved if c.kind == "corruption"]
    if not kept:
        raise InvalidArgumentError("There is no corruption to audit; name a suite of corruptions, or some of them.")
    return kept


def audit(
    models: Models,
    dataset: Data,
    suite: str | Path | Sequence[str | Condition],
    *,
    compute: bool = False,
    limit: int | None = None,
    images: int = 256,
    seed: int = 0,
    storage: str = "memory",
    split: str = "test",
    device: str = "auto",
    store: Store | Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    measuring: Callable[[int, int], None] | None = None,
    far: pd.DataFrame | None = None,
) -> Audit:
    """Audit a suite's severities with one or more models, or, with none, by the distances alone.

    Args:
        models: names, classifiers or subjects; an empty list for none.
        dataset: a name, a folder, or a loaded dataset.
        suite: a suite's name or file, or a list of conditions and corruptions' names.
        compute: whether to evaluate what is not stored yet; otherwise that is missing from the table, with the reason.
        limit: images for the accuracies; default all.
        images: images for the distances.
        seed, storage, split, device: as in `evaluate`.
        store: the results; default those under the cache.
        progress: called while accuracies are computed.
        measuring: called with (done, total) while distances are computed.
        far: the distances, where `distances` has measured them already.
    """
    wanted = conditions(suite, storage)
    prepared_images = dataset_of(dataset, split=split)
    if far is None:
        far = distances(prepared_images, wanted, images=images, seed=seed, device=device, progress=measuring)
    if isinstance(models, Sequence) and not models:
        steps = severities.steps(_no_rows())
        return Audit(_no_rows(), far, steps, tuple(findings(steps, far)))
    results = store if isinstance(store, Store) else Store(store)
    prepared = api.prepare(EvaluationRequest.of(models, prepared_images, wanted, limit=limit, seed=seed, device=device))
    if compute:
        api.carry_out(prepared, results, progress=progress)
    table = tables.table(prepared.cells, results)
    correct = {}
    for row, cell in enumerate(prepared.cells):
        stored = None if cell.condition.severity is None else results.predictions(cell)
        if stored is not None and len(stored.judged):
            correct[row] = stored.judged
    steps = severities.steps(table, correct=correct)
    return Audit(table, far, steps, tuple(findings(steps, far)))


def footer(result: Audit, suite: str, storage: str, *, seed: int = 0) -> Footer:
    """The footer of a figure of accuracies against distances."""
    accuracies = result.table[result.table["kind"] != "clean"]
    origin = Provenance.of(accuracies, suites=(suite,), storage=storage, seed=seed)
    images = int(result.distances["n"].min()) if len(result.distances) else 0
    return origin.footer().replace(further=(distances_over(images), flagged_steps()))


def _no_rows() -> pd.DataFrame:
    frame = pd.DataFrame(columns=[*tables.COLUMNS])
    return frame.astype({"severity": "Int64", "n": "int64", "accuracy": "float64"})


def joined(result: Audit) -> pd.DataFrame:
    """One row for each model, corruption and severity: accuracy, confidence, distances, and the step before it.

    Without a model, one row for each corruption and severity with the distances alone.
    """
    key = ["name", "severity", "strength", "variant", "storage"]
    far = result.distances.rename(columns={"n": "n_distances"})
    if result.table.empty:
        return far
    rows = result.table[result.table["kind"] == "corruption"].merge(far, on=key, how="left")
    step = result.steps[["model", "name", "severity", "variant", "storage", "drop", "low", "high", "paired", "verdict"]]
    return rows.merge(step, on=["model", "name", "severity", "variant", "storage"], how="left")


def findings(steps: pd.DataFrame, far: pd.DataFrame | None = None) -> list[Note]:
    """The steps at which a suite does not get harder, over all models together; the surest first.

    Args:
        steps: of `robustcore.metrics.severities.steps`, of one or more models.
        far: of `distances`; steps that come closer to the clean image are named too.
    """
    easier, level = [], []
    for (name, before, severity), group in steps.groupby(["name", "before", "severity"], sort=False):
        measured = group[group["verdict"].isin((HARDER, EASIER, LEVEL))]
        step = (str(name), int(str(before)), int(str(severity)))
        up, flat = measured[measured["verdict"] == EASIER], measured[measured["verdict"] == LEVEL]
        if len(up):
            gains = -up["drop"]
            rise = gets_easier(*step, _models(up), len(measured), float(gains.min()), float(gains.max()))
            easier.append((len(up), rise))
        if len(flat):
            widest = float(max(abs(flat["low"].min()), abs(flat["high"].max())))
            level.append((len(flat), not_measurably_harder(*step, _models(flat), len(measured), widest)))
    ordered = [finding for some in (easier, level) for _, finding in sorted(some, key=lambda pair: -pair[0])]
    if missing := int((steps["verdict"] == "undefined").sum()):
        ordered.append(steps_not_judged("", missing, len(steps)))
    return ordered + ([] if far is None else _closer(far))


def _models(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(str(model) for model in rows["model"])


def _closer(far: pd.DataFrame) -> list[Note]:
    notes = []
    for i in far.index[far["farther"].isin(("closer", "no farther"))]:
        row, last = far.loc[i], far.loc[i - 1]  # a corruption's severities stand together, in order
        make = closer_to_clean if row["farther"] == "closer" else not_farther_from_clean
        distances = float(last["mean_abs_diff"]), float(row["mean_abs_diff"])
        notes.append(make(str(row["name"]), int(last["severity"]), int(row["severity"]), *distances))
    return notes


@note
def gets_easier(
    corruption: str, before: int, severity: int, models: tuple[str, ...], measured_models: int, low: float, high: float
) -> str:
    gain = f"{100 * low:.1f}" if f"{100 * low:.1f}" == f"{100 * high:.1f}" else f"{100 * low:.1f} to {100 * high:.1f}"
    return f"{corruption} is easier at severity {severity} than at {before}{_who(models, measured_models)}: accuracy rises by {gain} points."


@note
def not_measurably_harder(
    corruption: str, before: int, severity: int, models: tuple[str, ...], measured_models: int, widest: float
) -> str:
    return (
        f"{corruption} is not measurably harder at severity {severity} than at {before}{_who(models, measured_models)} (difference under "
        f"{100 * widest:.1f} points)."
    )


@note
def closer_to_clean(corruption: str, before: int, severity: int, distance_before: float, distance: float) -> str:
    return (
        f"{corruption} is closer to the clean image at severity {severity} than at {before}: {distance:.1f} grey levels after "
        f"{distance_before:.1f}."
    )


@note
def not_farther_from_clean(corruption: str, before: int, severity: int, distance_before: float, distance: float) -> str:
    return (
        f"{corruption} is not measurably farther from the clean image at severity {severity} than at {before}: {distance:.1f} grey "
        f"levels after {distance_before:.1f}."
    )


@note
def steps_not_judged(corruption: str, missing: int, steps: int) -> str:
    return f"{missing} of {steps} steps are not judged because an accuracy is missing."


def _who(models: tuple[str, ...], measured_models: int) -> str:
    return f" for {models[0]}" if measured_models == 1 else f" for {len(models)} of {measured_models} models"
