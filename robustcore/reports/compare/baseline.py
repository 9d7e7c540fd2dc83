"""Models against a chosen baseline: what each gains or loses under every condition, and the ratio of errors by family."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.notes import note
from robustcore.reports.compare import image_metrics, intervals, measures
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars


@note
def differences_to(baseline: str, better: str) -> str:
    """`better` is "higher" or "lower", of the metric itself."""
    return f"Baseline: {baseline}; differences are signed so that above 0 is better ({better} is better)."


COLUMNS = ["model", "family", "severity", "value", "low", "high", "error", "baseline_error", "conditions", "reason"]


def differences(
    comparison: Comparison,
    metric: str,
    baseline: str,
    *,
    reference: str = "",
    models: Sequence[str] = (),
    answers: Answers | None = None,
) -> Bars:
    """A metric of every model less that of the baseline, signed so that above 0 is better.

    Args:
        comparison: as gathered, the baseline's rows in it.
        metric: the name of one of `measures.offered`.
        baseline: a model of the comparison; it has no row in the result.
        reference, models, answers: as for `measures.bars`. With answers the difference is taken on the same images in
            every drawing, which is much sharper than two separate intervals.

    Raises:
        InvalidArgumentError: a baseline without results.
    """
    _check(comparison, baseline)
    wanted = [m for m in (list(models) or comparison.models) if m != baseline]
    both = measures.bars(comparison, metric, reference=reference, models=[*wanted, baseline])
    sign = 1 if both.definition.better == "higher" else -1
    columns = ["name", "value", "reason"]
    base = both.table.loc[both.table["model"] == baseline, columns]
    table = both.table[both.table["model"] != baseline].merge(base, on="name", suffixes=("", "_baseline"))
    table["own"] = table["value"]
    table["value"] = sign * (table["own"] - table["value_baseline"])
    of_baseline = (baseline + ": " + table["reason_baseline"]).where(table["reason_baseline"] != "", "")
    table["reason"] = table["reason"].where(table["reason"] != "", of_baseline)
    table = table.assign(low=np.nan, high=np.nan)
    means = _means(both.means, baseline, sign)
    bootstrapped = answers is not None and not image_metrics.is_of_images(both.definition)
    if answers is not None and bootstrapped:
        sample, against = intervals.resample_with_reference(comparison, answers, [*wanted, baseline], reference)
        statistic = intervals.values(sample, both.definition, against)
        gained = sign * (statistic - statistic[:, sample.models.index(baseline), None, :])
        table = intervals.fill(table, sample, gained)
        means = intervals.of_means(means, sample, gained)
    kept = [
        "model",
        "name",
        "family",
        "value",
        "low",
        "high",
        "own",
        "value_baseline",
        "clean",
        "n",
        "severities",
        "reason",
    ]
    better = both.definition.better
    footer = both.footer.replace(
        interval=intervals.SENTENCE if bootstrapped or both.footer.interval else "",
        further=(differences_to(baseline, better),),
    )
    return dataclasses.replace(both, table=table[kept], means=means, footer=footer, baseline=baseline)


def _means(means: pd.DataFrame, baseline: str, sign: int) -> pd.DataFrame:
    base = means.loc[means["model"] == baseline].iloc[0]
    rest = means[means["model"] != baseline]
    reason = rest["reason"].where(rest["reason"] != "", f"{baseline}: {base['reason']}" if base["reason"] else "")
    return rest.assign(value=sign * (rest["value"] - base["value"]), low=np.nan, high=np.nan, reason=reason)


def error_ratios(
    comparison: Comparison, baseline: str, *, models: Sequence[str] = (), answers: Answers | None = None
) -> pd.DataFrame:
    """The sum of a model's errors over a family's conditions at one severity, over the same sum of the baseline.

    RobustNet, figure 9. Below 1 the model errs less than the baseline there. Clean images are severity 0 of every
    family. Conditions that one of the models lacks at a severity are left out for all of them.

    Returns:
        model, family, severity (0..5), value (the ratio; NaN where the baseline makes no error), low, high (95 %, with
        answers), error and baseline_error (means), conditions (how many), reason.
    """
    _check(comparison, baseline)
    wanted = [m for m in (list(models) or comparison.models) if m != baseline]
    every = [*wanted, baseline]
    rows = comparison.corrupted
    rows = rows[rows["severity"].notna() & rows["model"].isin(every) & (rows["n"] > 0)]
    rows = rows[rows.groupby("condition")["model"].transform("nunique") == len(every)]
    clean = comparison.rows[(comparison.rows["kind"] == "clean") & comparison.rows["model"].isin(every)]
    starts = rows[["family", "shared"]].drop_duplicates("family").merge(clean.drop(columns="family"), on="shared")
    rows = pd.concat([starts.assign(severity=0), rows], ignore_index=True)
    rows["severity"] = rows["severity"].astype(int)
    rows["label"] = rows["family"] + " " + rows["severity"].astype(str)
    rows["shared"] = rows.groupby("label")["shared"].transform("min")
    sums = rows.groupby(["label", "family", "severity", "model"], sort=False).agg(
        error=("accuracy", lambda a: 1 - a.mean()), conditions=("accuracy", "size")
    )
    table = sums.reset_index()
    base = table.loc[table["model"] == baseline].set_index("label")["error"].astype(float)
    table["baseline_error"] = table["label"].map(base).astype(float)
    positive = table["baseline_error"] > 1e-12
    table["value"] = (table["error"] / table["baseline_error"].where(positive)).astype(float)
    table["reason"] = np.where(positive, "", f"{baseline} makes no error here")
    table = table[table["model"].isin(wanted)].assign(low=np.nan, high=np.nan)
    if answers is not None and len(table):
        sample = intervals.resample(dataclasses.replace(comparison, rows=rows.assign(kind="condition")), answers, every)
        ratio = intervals.values(sample, metrics.get("ce"), baseline) / 100
        table = intervals.fill(table.assign(name=table["label"]), sample, ratio)
    return table.sort_values(["family", "severity"], kind="stable")[COLUMNS].reset_index(drop=True)


def _check(comparison: Comparison, baseline: str) -> None:
    if baseline not in comparison.models:
        raise InvalidArgumentError(
            f"The baseline {baseline!r} is none of the compared models; it is one of {', '.join(comparison.models)}."
        )
