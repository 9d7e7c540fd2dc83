"""Does robustness to a benchmark predict robustness to natural shifts? Correlations over models (Laugros' thesis, 4.3.3.2 and 4.3.4)."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.notes import note
from robustcore.overlap.accuracies import Array
from robustcore.overlap.benchmarks import Benchmarks
from robustcore.overlap.categories import correlations, same_and_different

# With fewer models a correlation of 0.6 is not significant at the 5 % level; the thesis has twenty-one.
FEW = 12


@note
def fewer_than_three_models(models: int) -> str:
    return f"a correlation needs three models or more; there are {models}"


@note
def models_equally_robust() -> str:
    return "all models are equally robust"


@note
def too_few_models(models: int) -> str:
    return f"{models} models are too few: {FEW} or more are needed to tell a correlation of 0.6 from 0"


@dataclasses.dataclass(frozen=True)
class Check:
    """Whether categories show up in other models' robustness.

    Attributes:
        scc, dcc: mean correlation over the models between two corruptions of the same and of different categories.
        same, different: number of pairs behind each mean.
        models: number of models.
    """

    scc: float
    dcc: float
    same: int
    different: int
    models: int


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How far two matrices of overlaps agree, pair by pair; of two architectures, for example.

    Attributes:
        r: Pearson correlation over the pairs of different corruptions defined in both, NaN below three.
        difference: mean absolute difference.
        pairs: number of pairs. They share corruptions and are not independent, so r has no p-value.
    """

    r: float
    difference: float
    pairs: int


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array, npt.NDArray[np.int_]]:
    """Pearson correlations of many rows with one vector, over the entries that both have.

    Args:
        x: (..., M), NaN where unknown.
        y: broadcast against x, for example (M,).

    Returns:
        r, p (two-sided, from t with M - 2 degrees of freedom) and the number of values, each (...). r and p are NaN with fewer
        than three values or where one side is constant.
    """
    x_values, y_values = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    mask = np.isfinite(x_values) & np.isfinite(y_values)
    count = mask.sum(axis=-1)
    a, b = (_centred(values, mask, count) for values in (x_values, y_values))
    norm = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    # A constant leaves only rounding errors after centring, about 1e-16 of its size for each value.
    scale = np.sqrt((np.where(mask, x_values, 0) ** 2).sum(axis=-1) * (np.where(mask, y_values, 0) ** 2).sum(axis=-1))
    usable = (count >= 3) & (norm > 1e-13 * scale)
    r = np.clip(np.divide((a * b).sum(axis=-1), norm, out=np.full(norm.shape, np.nan), where=usable), -1, 1)
    return r, p_value(r, count), count


def p_value(r: npt.ArrayLike, count: npt.ArrayLike) -> Array:
    """The two-sided p-value of a Pearson correlation over `count` independent pairs: I(1 - r^2; (count - 2) / 2, 1 / 2), with I
    the regularised incomplete beta function. NaN below three pairs."""
    from scipy.special import betainc

    r, count = np.broadcast_arrays(np.asarray(r, float), np.asarray(count, float))
    usable = count >= 3
    p: Array = np.where(usable, betainc(np.where(usable, count - 2, 1) / 2, 0.5, 1 - r**2), np.nan)
    return p


def fisher(r: float, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a Pearson correlation over `count` independent pairs: tanh(atanh r -+ z / sqrt(count - 3)) (Fisher 1921).
    NaN below four pairs."""
    if count < 4 or math.isnan(r):
        return math.nan, math.nan
    if abs(r) >= 1:
        return r, r
    confidence = arguments.share(confidence, "confidence")
    half = statistics.NormalDist().inv_cdf((1 + confidence) / 2) / math.sqrt(count - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def robustness_to(benchmarks: Benchmarks, robustness: pd.DataFrame) -> Array:
    """(B, M) robustness of each model to each benchmark: the mean over its corruptions; NaN if one of them is unknown.

    Args:
        benchmarks: a group.
        robustness: models x corruptions, with a column for each corruption in a benchmark.
    """
    columns = zip(benchmarks.names, benchmarks.members.T, strict=True)
    missing = [name for name, inside in columns if inside.any() and name not in robustness.columns]
    if missing:
        raise InvalidArgumentError(f"The models' robustness to {missing[0]!r} is missing, which a benchmark contains.")
    values = robustness.reindex(columns=list(benchmarks.names)).to_numpy(float)  # (M, C)
    measured = ~np.isnan(values)
    weights = benchmarks.members / benchmarks.members.sum(axis=1, keepdims=True)
    means = weights @ np.where(measured, values, 0.0).T
    robust: Array = np.where(benchmarks.members.astype(float) @ (~measured).T.astype(float) > 0, np.nan, means)
    return robust


def predictiveness(benchmarks: Benchmarks, synthetic: pd.DataFrame, natural: pd.DataFrame) -> pd.DataFrame:
    """Algorithm 3: how well robustness to benchmarks correlates with robustness to natural shifts, over a set of models.

    Args:
        benchmarks: a group from `benchmarks.draw`, or your own (`benchmarks.of_names`).
        synthetic: models x corruptions, residual robustness in the thesis; NaN where unknown.
        natural: models x natural sets, in the same metric. Models are matched by name.

    Returns:
        One row for each natural set: r (mean coefficient over the benchmarks), sd (their standard deviation), p (mean p-value),
        significant (share of benchmarks with p < 0.05), low, high (Fisher's 95 % interval of a coefficient of this size with as
        many models: what another set of models might give), models (the fewest behind a coefficient), benchmarks (with a
        coefficient), reason (the note why r is NaN, or that the models are too few; else None).
    """
    if not isinstance(benchmarks, Benchmarks):
        raise arguments.refuse("Benchmarks are a group, as benchmarks.draw gives", benchmarks)
    synthetic, natural = arguments.table(synthetic, "synthetic table"), arguments.table(natural, "natural table")
    shared = [model for model in synthetic.index if model in natural.index]
    for table, kind in ((synthetic, "synthetic"), (natural, "natural")):
        if not table.index.is_unique:
            raise InvalidArgumentError(f"The table of {kind} robustness has a model twice; give each model one row.")
    if not len(benchmarks):
        raise InvalidArgumentError("A group needs 1 benchmark or more; this one is empty.")
    of_models = robustness_to(benchmarks, synthetic.loc[shared])
    rows = [_predicts(of_models, natural.loc[shared, name].to_numpy(float)) for name in natural.columns]
    return pd.DataFrame(rows, index=pd.Index([str(name) for name in natural.columns], name="natural"))


def check(robustness: pd.DataFrame, labels: Mapping[str, int] | pd.Series) -> Check:
    """The thesis' check of categories (4.3.3.2): over a set of models, does robustness to same-category corruptions correlate?

    Args:
        robustness: models x corruptions, residual robustness in the thesis (it found 0.67 and 0.10); a model with a gap is left
            out.
        labels: categories; corruptions without one (0) or without a column are ignored.

    Raises:
        InvalidArgumentError: fewer than three models without gaps.
    """
    names = [str(name) for name, label in labels.items() if label > 0 and name in robustness.columns]
    whole = robustness[names].dropna()
    if len(whole) < 3:
        raise InvalidArgumentError(f"A correlation needs three or more models without gaps; there are {len(whole)}.")
    numbers = np.array([int(labels[name]) for name in names], dtype=int)
    pairs = correlations(whole.to_numpy(float).T)
    scc, dcc = same_and_different(pairs, numbers)
    upper = np.triu(np.isfinite(pairs), 1)
    same = int((upper & (numbers[:, None] == numbers[None])).sum())
    return Check(scc, dcc, same, int(upper.sum()) - same, len(whole))


def agreement(first: pd.DataFrame, second: pd.DataFrame) -> Agreement:
    """How similar two matrices of overlaps are, over the pairs of different corruptions defined in both."""
    shared = [name for name in first.index if name in second.index]
    upper = np.triu_indices(len(shared), 1)
    a, b = (table.loc[shared, shared].to_numpy(float)[upper] for table in (first, second))
    both = np.isfinite(a) & np.isfinite(b)
    r = float(pearson(a, b)[0])
    difference = float(np.abs(a - b)[both].mean()) if both.any() else math.nan
    return Agreement(r, difference, int(both.sum()))


def _predicts(of_models: Array, natural: Array) -> dict[str, object]:
    r, p, count = pearson(of_models, natural)
    usable = np.isfinite(r)
    row: dict[str, object] = dict.fromkeys(("r", "sd", "p", "significant", "low", "high"), math.nan)
    models = int(count[usable].min()) if usable.any() else int(count.max())
    row |= {"models": models, "benchmarks": int(usable.sum()), "reason": None}
    if not usable.any():
        row["reason"] = fewer_than_three_models(models) if models < 3 else models_equally_robust()
        return row
    mean = float(r[usable].mean())
    low, high = fisher(mean, models)
    row |= {"r": mean, "sd": float(r[usable].std()), "p": float(p[usable].mean()), "low": low, "high": high}
    row["significant"] = float((p[usable] < 0.05).mean())
    if models < FEW:
        row["reason"] = too_few_models(models)
    return row


def _centred(values: Array, mask: npt.NDArray[np.bool_], count: npt.NDArray[np.int_]) -> Array:
    safe = np.where(mask, values, 0.0)
    mean = safe.sum(axis=-1) / np.maximum(count, 1)
    centred: Array = np.where(mask, safe - mean[..., None], 0.0)
    return centred
