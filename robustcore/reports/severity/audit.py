"""The audit of a suite: is each severity harder than the one before it, and does it look so?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from robustcore import corruptions
from robustcore.datasets import load_dataset
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, Subject, api, suites, tables
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.runner import Progress
from robustcore.metrics import severities
from robustcore.metrics.severities import EASIER, HARDER, LEVEL
from robustcore.models.classifier import Classifier
from robustcore.reports.severity.distances import distances

Models = str | Classifier | Subject | Sequence[str | Classifier | Subject]


@dataclasses.dataclass(frozen=True)
class Audit:
    """Four views of one suite.

    Attributes:
        table: the evaluation's rows, clean among them: accuracy and confidence (the models' mean greatest probability)
            for each model, corruption and severity.
        distances: see `robustcore.reports.severity.distances`.
        steps: see `robustcore.metrics.severities.steps`; compared image by image where predictions are stored.
        findings: what is odd, a sentence each, the surest first.
    """

    table: pd.DataFrame
    distances: pd.DataFrame
    steps: pd.DataFrame
    findings: tuple[str, ...]


def conditions(suite: str | Path | Sequence[str | Condition], storage: str = "memory") -> list[Condition]:
    """A suite's corruptions at all their severities; those without severities once."""
    resolved = suites.resolve(suite, corruptions.SEVERITIES, storage=storage)
    kept = [c for c in resolved if c.kind == "corruption"]
    if not kept:
        raise InvalidArgumentError("There is no corruption to audit; name a suite of corruptions, or some of them.")
    return kept


def audit(
    models: Models,
    dataset: str | Dataset,
    suite: str | Path | Sequence[str | Condition],
    *,
    compute: bool = False,
    limit: int | None = None,
    images: int = 256,
    seed: int = 0,
    storage: str = "memory",
    split: str = "test",
    device: str = "auto",
    store: Store | None = None,
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
    prepared_images = load_dataset(dataset, split=split) if isinstance(dataset, str) else dataset
    if far is None:
        far = distances(prepared_images, wanted, images=images, seed=seed, device=device, progress=measuring)
    if not isinstance(models, (str, Classifier, Subject)) and not models:
        steps = severities.steps(_no_rows())
        return Audit(_no_rows(), far, steps, tuple(findings(steps, far)))
    results = store or Store()
    prepared = api.prepare(EvaluationRequest.of(models, prepared_images, wanted, limit=limit, seed=seed, device=device))
    if compute:
        api.carry_out(prepared, results, progress=progress)
    table = tables.table(prepared.cells, results)
    correct = {}
    for row, cell in enumerate(prepared.cells):
        if cell.condition.severity is not None and (stored := results.predictions(cell)) is not None:
            correct[row] = stored.correct
    steps = severities.steps(table, correct=correct)
    return Audit(table, far, steps, tuple(findings(steps, far)))


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


def findings(steps: pd.DataFrame, far: pd.DataFrame | None = None) -> list[str]:
    """In words: the steps at which a suite does not get harder, over all models together.

    Args:
        steps: of `robustcore.metrics.severities.steps`, of one or more models.
        far: of `distances`; steps that come closer to the clean image are named too.
    """
    sure, unsure = [], []
    for (name, before, severity), group in steps.groupby(["name", "before", "severity"], sort=False):
        known = group[group["verdict"].isin((HARDER, EASIER, LEVEL))]
        easier, level = known[known["verdict"] == EASIER], known[known["verdict"] == LEVEL]
        step = f"from severity {before} to {severity}"
        if len(easier):
            gains = -100 * easier["drop"]
            points = _range(gains.min(), gains.max(), ".1f")
            sure.append(
                (len(easier), f"{name} gets easier {step}{_who(easier, known)}: accuracy rises by {points} points.")
            )
        if len(level):
            widest = 100 * max(abs(level["low"].min()), abs(level["high"].max()))
            unsure.append(
                (
                    len(level),
                    f"{name} is no harder {step}{_who(level, known)}: any change is within {widest:.1f} points.",
                )
            )
    ordered = [text for some in (sure, unsure) for _, text in sorted(some, key=lambda found: -found[0])]
    missing = int((steps["verdict"] == "undefined").sum())
    if missing:
        ordered.append(f"{missing} of {len(steps)} steps cannot be judged, since an accuracy is missing.")
    return ordered + ([] if far is None else _closer(far))


def _who(some: pd.DataFrame, known: pd.DataFrame) -> str:
    if len(known) == 1:
        return f" for {known['model'].iloc[0]}"
    return f" for {len(some)} of {len(known)} models"


def _closer(far: pd.DataFrame) -> list[str]:
    told = []
    for i in far.index[far["farther"].isin(("closer", "no farther"))]:
        row, last = far.loc[i], far.loc[i - 1]  # a corruption's severities stand together, in order
        values = f"{row['mean_abs_diff']:.1f} grey levels after {last['mean_abs_diff']:.1f}"
        sure = row["farther"] == "closer"
        step = f"{row['name']} at severity {row['severity']} is {'closer to' if sure else 'no farther from'} the clean image"
        told.append(f"{step} than at {last['severity']}{'' if sure else ' (within chance)'}: {values}.")
    return told


def _range(low: float, high: float, form: str) -> str:
    least, most = format(low, form), format(high, form)
    return least if least == most else f"{least} to {most}"
