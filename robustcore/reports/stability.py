"""Stability: how often a model's prediction flips over perturbation sequences, for each sequence and on average.

Source: Hendrycks & Dietterich 2019, section 4.2 (flip rate, mFR, top-5 distance, mT5D) and appendix E (AlexNet's values).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustcore import sequences
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, Subject, lookup
from robustcore.metrics import alexnet, stability
from robustcore.models.classifier import Classifier
from robustcore.reports.provenance import Provenance

ALEXNET = "AlexNet (published)"


def conditions(suite: str = "imagenet-p", difficulty: int = 1) -> list[Condition]:
    """The suite's sequences at a difficulty, as an evaluation takes them."""
    params = () if difficulty == 1 else (("difficulty", difficulty),)
    return [Condition("sequence", name, params=params) for name in sequences.names(suite)]


@dataclasses.dataclass(frozen=True)
class Stability:
    """Two tables.

    Attributes:
        rows: one row for each model and sequence: model, name, family, n (videos), flip_probability, top5_distance,
            flip_rate and t5d (against the reference, 1 = as the reference), and their reasons where they are NaN.
        means: one row for each model: model, flip_probability, top5_distance (unnormalised means), mfr, mt5d.
        reference: the reference model's name.
        provenance: where they come from.
    """

    rows: pd.DataFrame
    means: pd.DataFrame
    reference: str
    provenance: Provenance


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
    found = lookup(models, dataset, conditions(suite, difficulty), limit=limit, seed=seed, store=store)
    rows = found[found["kind"] == "sequence"].reset_index(drop=True)
    for column in ("flip_probability", "top5_distance"):
        if column not in rows:
            rows[column] = float("nan")
    rows["family"] = [sequences.get(name).family for name in rows["name"]]
    flips, distances = _reference(rows, reference, difficulty)
    rows = stability.normalised(rows, "flip_probability", flips, rate="flip_rate")
    rows = stability.normalised(rows, "top5_distance", distances, rate="t5d")
    if reference == ALEXNET:
        unpublished = rows["name"].map(lambda name: alexnet.unpublished(name, difficulty))
        for rate in ("flip_rate", "t5d"):
            rows[f"{rate}_reason"] = unpublished.where(unpublished != "", rows[f"{rate}_reason"])
    names = sequences.names(suite)
    means = pd.DataFrame(
        {
            column: stability.mean_rate(rows, value, names)
            for column, value in {
                "flip_probability": "flip_probability",
                "top5_distance": "top5_distance",
                "mfr": "flip_rate",
                "mt5d": "t5d",
            }.items()
        }
    )
    order = list(dict.fromkeys(rows["model"]))
    kept = [
        "model",
        "name",
        "family",
        "n",
        "flip_probability",
        "top5_distance",
        "flip_rate",
        "flip_rate_reason",
        "t5d",
        "t5d_reason",
        "reason",
        "shipped",
    ]
    return Stability(
        rows[kept],
        means.reindex(order).rename_axis("model").reset_index(),
        reference,
        Provenance.of(rows, suites=(suite,), storage="memory", seed=seed),
    )


def _reference(rows: pd.DataFrame, reference: str, difficulty: int) -> tuple[pd.Series[float], pd.Series[float]]:
    if reference == ALEXNET:
        names = list(dict.fromkeys(rows["name"]))
        return (
            pd.Series({name: alexnet.flip_probability(name, difficulty) for name in names}, dtype=float),
            pd.Series({name: alexnet.top5_distance(name, difficulty) for name in names}, dtype=float),
        )
    own = rows[rows["model"] == reference].set_index("name")
    if own.empty:
        raise InvalidArgumentError(
            f"The reference {reference!r} is none of the models; choose one of them, or {ALEXNET!r}."
        )
    return own["flip_probability"], own["top5_distance"]
