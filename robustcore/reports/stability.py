"""Stability: how often a model's prediction flips over perturbation sequences, for each sequence and on average.

Source: Hendrycks & Dietterich 2019, section 4.2 (flip rate, mFR, top-5 distance, mT5D) and appendix E (AlexNet's values).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustcore import metrics, sequences
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, Subject, lookup
from robustcore.metrics import alexnet, stability, tables
from robustcore.models.classifier import Classifier
from robustcore.notes import note
from robustcore.reports.provenance import Footer, Provenance

ALEXNET = "AlexNet (published)"
_STORED = ("flip_probability", "top5_distance")  # what an evaluation keeps of a sequence


def conditions(suite: str = "imagenet-p", difficulty: int = 1) -> list[Condition]:
    """The suite's sequences at a difficulty, as an evaluation takes them."""
    params = () if difficulty == 1 else (("difficulty", difficulty),)
    return [Condition("sequence", name, params=params) for name in sequences.names(suite)]


@dataclasses.dataclass(frozen=True)
class Stability:
    """Two tables.

    Attributes:
        rows: one row for each model and sequence: model, name, family, n (videos), and every metric of frames (`offered`), such
            as flip_probability, flip_rate (1 = as the reference), top5_distance, t5d, with `<name>_reason` where it is NaN.
        means: one row for each model: model, and the mean of each of these metrics over the suite, under its `mean_name` where it
            has one: flip_probability, mfr, top5_distance, mt5d.
        reference: the reference model's name.
        provenance: where they come from.
    """

    rows: pd.DataFrame
    means: pd.DataFrame
    reference: str
    provenance: Provenance


@note
def compared_at(difficulty: int) -> str:
    return f"Frames at difficulty {difficulty}."


@note
def alexnet_is_of_imagenet() -> str:
    return "AlexNet's values are for ImageNet at 224 pixels (appendix E); on other data they only fix the scale."


def footer(report: Stability, metric: str, difficulty: int) -> Footer:
    """The footer of a figure of one metric: a column of the report's rows, which is also the metric's name."""
    definition = metrics.registry[metric]
    of_imagenet = (alexnet_is_of_imagenet(),) if definition.reference and report.reference == ALEXNET else ()
    return report.provenance.footer(
        formula=f"{definition.formula} ({definition.document})",
        reference=report.reference if definition.reference else "",
    ).replace(further=(compared_at(difficulty), *of_imagenet))


def table(
    models: Sequence[str | Classifier | Subject],
    dataset: str | Dataset,
    *,
    suite: str = "imagenet-p",
    difficulty: int = 1,
    reference: str = ALEXNET,
    limit: int | None = None,
    seed: int = 0,
    store: Store | Path | str | None = None,
) -> Stability:
    """What is stored of the models' stability; computes nothing.

    Args:
        models: names, classifiers or subjects.
        dataset: a name, a folder, or a loaded dataset.
        suite: "imagenet-p" or "imagenet-p-extra".
        difficulty: 1, 2 or 3; AlexNet's published values are those of 1, so at 2 and 3 rates relative to it are NaN.
        reference: `ALEXNET`, or the name of one of the models.
        limit, seed, store: as in `evaluate`.
    """
    results = lookup(models, dataset, conditions(suite, difficulty), limit=limit, seed=seed, store=store)
    rows = results[results["kind"] == "sequence"].reset_index(drop=True)
    for column in _STORED:
        if column not in rows:
            rows[column] = float("nan")
    rows["family"] = [sequences.get(name).family for name in rows["name"]]
    measured = _with_reference(rows, reference, difficulty)
    names = sequences.names(suite)
    definitions = offered()
    for each in definitions:
        rows[each.name], reasons = tables.valued(each, measured, reference, here="on this sequence")
        rows[f"{each.name}_reason"] = reasons.where(rows[each.name].isna(), "")
    means = pd.DataFrame(
        {each.mean_name or each.name: stability.mean_rate(rows, each.name, names) for each in definitions}
    )
    order = list(dict.fromkeys(rows["model"]))
    columns = [column for each in definitions for column in (each.name, f"{each.name}_reason")]
    return Stability(
        rows[["model", "name", "family", "n", *columns, "reason", "shipped"]],
        means.reindex(order).rename_axis("model").reset_index(),
        reference,
        Provenance.of(rows, suites=(suite,), storage="memory", seed=seed),
    )


def offered() -> list[metrics.Metric]:
    """The metrics of a sequence's frames, in the order in which they are offered."""
    return [each for each in metrics.of_input("frames") if tables.held_by_tables(each)]


def _with_reference(rows: pd.DataFrame, reference: str, difficulty: int) -> pd.DataFrame:
    """The rows with the reference's values, by sequence, and why it has none."""
    if reference == ALEXNET:
        sequences_ = [(str(name), difficulty) for name in rows["name"]]
        return rows.assign(
            reference_flip_probability=[alexnet.flip_probability(*each) for each in sequences_],
            reference_top5_distance=[alexnet.top5_distance(*each) for each in sequences_],
            reference_reason=[alexnet.unpublished(*each) for each in sequences_],
        )
    own = rows[rows["model"] == reference].set_index("name")
    if own.empty:
        raise InvalidArgumentError(
            f"The reference {reference!r} is none of the models; choose one of them, or {ALEXNET!r}."
        )
    return rows.assign(**{f"reference_{column}": rows["name"].map(own[column]) for column in (*_STORED, "reason")})
