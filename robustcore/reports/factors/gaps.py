"""The IID/OOD gap of each factor, as Basart's dissertation tables it for DeepFashion Remixed (section 6.4, table 6.2).

IID is the accuracy on the test images, OOD that on the same images with one factor changed, the gap is their difference. All
are of the same images, so that intervals are of the paired bootstrap over them.
"""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.datasets.scenes import FACTORS
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.operations.shift import FACTOR, FACTORS_SUITE
from robustcore.metrics import bootstrap
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN, Comparison

SUITE = FACTORS_SUITE
_SEED = 0  # of the drawings of models

Draws = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Gaps:
    """What a comparison holds about controlled shifts. Accuracies and gaps are 0..1, intervals are 95 %.

    Attributes:
        sets: one row for each model and set: model, factor, strength, iid, accuracy, low, high (of the accuracy), gap.
        factors: one row for each model and factor, the mean over its sets: model, factor, sets, accuracy, gap, low, high (of the gap).
        models: one row for each model: model, iid, iid_low, iid_high, ood (the mean over all sets), gap, low, high (of the gap).
        hurts: one row for each factor, the mean over the models, the largest gap first: factor, gap, low, high.
        draws: (draws, factors) the mean gap of each factor over the models in every drawing of the images, in the order of
            `hurts`.
        images: the number of images, the same for all.
        incomplete: models that lack some of the sets, and are left out.
    """

    sets: pd.DataFrame
    factors: pd.DataFrame
    models: pd.DataFrame
    hurts: pd.DataFrame
    draws: Draws
    images: int
    incomplete: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Tracking:
    """Whether models with a higher IID accuracy have a higher OOD accuracy.

    Attributes:
        r, low, high: Pearson correlation over the models with its 95 % interval, bootstrap over the models; NaN below four.
        slope: points of OOD accuracy for a point of IID accuracy, least squares.
        models: their number.
    """

    r: float
    low: float
    high: float
    slope: float
    models: int


def measure(comparison: Comparison, *, answers: Answers) -> Gaps:
    """The gaps of the models of a comparison.

    Args:
        comparison: of the suite `SUITE`, perhaps among others.
        answers: those behind it.

    Raises:
        InvalidArgumentError: no model has all sets.
    """
    rows = comparison.corrupted
    rows = rows[rows["name"].str.startswith(FACTOR) & (rows["n"] > 0)]
    conditions: dict[str, tuple[str, float]] = {}
    for canonical in rows["condition"].unique():
        fields = json.loads(canonical)
        conditions[canonical] = fields["name"].removeprefix(FACTOR), float(fields["strength"])
    places = list(FACTORS)
    wanted = sorted(conditions, key=lambda key: (places.index(conditions[key][0]), conditions[key][1]))
    right, incomplete = _answered(comparison, answers, wanted)
    if not right or not wanted:
        raise InvalidArgumentError(
            "No model has results on controlled factors: evaluate one with the suite factors, on the page Evaluate or with "
            f"robustcore evaluate --dataset scenes --suite {SUITE}."
        )
    images = min(each.shape[0] for each in right.values())
    weights = bootstrap.weights(images)
    factor_of = np.array([conditions[key][0] for key in wanted])
    names = [name for name in FACTORS if name in factor_of]
    sets, of_factor, of_model, drawn = [], [], [], []
    for model, answered in right.items():
        clean, changed = answered[:images, 0], answered[:images, 1:]
        accuracy_draws = bootstrap.accuracies(weights, changed)
        clean_draws = bootstrap.accuracies(weights, clean)
        gap_draws = clean_draws[:, None] - accuracy_draws
        iid, accuracy = float(clean.mean()), changed.mean(axis=0)
        low, high = bootstrap.interval(accuracy_draws)
        for place, key in enumerate(wanted):
            factor, strength = conditions[key]
            ends = float(low[place]), float(high[place])
            sets.append((model, factor, strength, iid, float(accuracy[place]), *ends, iid - float(accuracy[place])))
        by_factor = np.stack([gap_draws[:, factor_of == name].mean(axis=1) for name in names], axis=1)
        low, high = bootstrap.interval(by_factor)
        for place, name in enumerate(names):
            of = accuracy[factor_of == name]
            ends = float(low[place]), float(high[place])
            of_factor.append((model, name, len(of), float(of.mean()), iid - float(of.mean()), *ends))
        low, high = bootstrap.interval(gap_draws.mean(axis=1))
        iid_ends = [float(end) for end in bootstrap.interval(clean_draws)]
        of_model.append(
            (model, iid, *iid_ends, float(accuracy.mean()), iid - float(accuracy.mean()), float(low), float(high))
        )
        drawn.append(by_factor)
    factors = pd.DataFrame(of_factor, columns=["model", "factor", "sets", "accuracy", "gap", "low", "high"])
    draws = np.mean(drawn, axis=0)
    low, high = bootstrap.interval(draws)
    hurts = pd.DataFrame(
        {
            "factor": names,
            "gap": [factors.loc[factors["factor"] == n, "gap"].mean() for n in names],
            "low": low,
            "high": high,
        }
    )
    order = hurts["gap"].argsort(kind="stable").to_numpy()[::-1]
    return Gaps(
        pd.DataFrame(sets, columns=["model", "factor", "strength", "iid", "accuracy", "low", "high", "gap"]),
        factors,
        pd.DataFrame(of_model, columns=["model", "iid", "iid_low", "iid_high", "ood", "gap", "low", "high"]),
        hurts.iloc[order].reset_index(drop=True),
        draws[:, order],
        images,
        incomplete,
    )


def _answered(
    comparison: Comparison, answers: Answers, conditions: list[str]
) -> tuple[dict[str, npt.NDArray[np.float32]], tuple[str, ...]]:
    """Model -> (n, 1 + conditions) 1 where it is right, clean first; and the models that lack a condition."""
    right: dict[str, npt.NDArray[np.float32]] = {}
    incomplete = []
    for model in comparison.models:
        columns = [answers.right(model, [key]) for key in (CLEAN, *conditions)]
        known = [column for column in columns if column is not None]
        if len(known) < len(columns):
            incomplete.append(model)
            continue
        n = min(map(len, known))
        right[model] = np.stack([column[:n] for column in known], axis=1)
    return right, tuple(incomplete)


def tracking(models: pd.DataFrame) -> Tracking:
    """How far OOD accuracy follows IID accuracy over the models of `Gaps.models`."""
    iid, ood = models["iid"].to_numpy(float), models["ood"].to_numpy(float)
    count = len(iid)
    if count < 4 or np.ptp(iid) == 0 or np.ptp(ood) == 0:
        return Tracking(math.nan, math.nan, math.nan, math.nan, count)
    generator = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(bootstrap.DRAWS):
        pick = generator.integers(0, count, count)
        drawn.append(_pearson(iid[pick], ood[pick]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Tracking(_pearson(iid, ood), float(low), float(high), float(np.polyfit(iid, ood, 1)[0]), count)


def _pearson(x: Draws, y: Draws) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])


def printed() -> pd.DataFrame:
    """What the dissertation prints of such shifts: set, factor, network, error in percent (SVSF, table 5.2)."""
    rows = [
        ("in distribution", "", "ResNet-50", 27.2),
        ("old camera", "camera", "ResNet-50", 28.6),
        ("2017", "year", "ResNet-50", 27.7),
        ("2018", "year", "ResNet-50", 28.3),
        ("France", "country", "ResNet-50", 56.7),
    ]
    return pd.DataFrame(rows, columns=["set", "factor", "network", "error"])
