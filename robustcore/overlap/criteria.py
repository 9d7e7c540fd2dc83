"""What makes a benchmark predictive: the number of categories, balance, size (Laugros' thesis, 4.3.4, tables 4.4 and 4.5).

Groups of benchmarks are drawn by algorithm 2 and substituted; algorithm 3 says how well robustness to them correlates with
robustness to natural shifts. All groups use the same models, so their difference is known far more precisely than either
correlation: its interval is a bootstrap over the models, with the same draw for both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.metrics.bootstrap import interval, weights
from robustcore.notes import Note, note
from robustcore.overlap import benchmarks, correlation
from robustcore.overlap.accuracies import Array
from robustcore.overlap.benchmarks import Benchmarks

MEAN = "mean"

# The thesis substitutes 1 to 5 corruptions of each benchmark and reports the groups with more than 200 benchmarks.
SUBSTITUTIONS, LEAST = 5, 200
DRAWS = 1000


@note
def too_few_categories(n: int, k: int, categories: int) -> str:
    return f"{n} categories with {k} corruptions or more are needed, and {categories} have that many"


@note
def no_correlation_on(natural: tuple[str, ...]) -> str:
    return f"there is no correlation with {', '.join(natural)}"


@dataclasses.dataclass(frozen=True)
class Difference:
    """How much better one group of benchmarks predicts than another, on average over the natural sets.

    Attributes:
        first, second: their mean correlations.
        low, high: 95 % interval of first minus second, over the models.
        models: number of models.
    """

    first: float
    second: float
    low: float
    high: float
    models: int

    @property
    def value(self) -> float:
        """First minus second."""
        return self.first - self.second


def couples(labels: Mapping[str, int] | pd.Series) -> list[tuple[int, int]]:
    """The couples (n, k) of the thesis, or couples of the same sizes if the categories do not allow all of them.

    Returns:
        Ordered by size (6, 12 and 18 corruptions), then by the number of categories.
    """
    counts = pd.Series(dict(labels.items()), dtype=int)
    sizes = counts[counts > 0].value_counts()

    def fits(n: int, k: int) -> bool:
        return bool((sizes >= k).sum() >= n)

    if all(fits(n, k) for n, k in benchmarks.COUPLES):
        return list(benchmarks.COUPLES)
    wanted = sorted({n * k for n, k in benchmarks.COUPLES})
    return [(n, size // n) for size in wanted for n in range(2, 7) if size % n == 0 and fits(n, size // n)]


def groups(
    labels: Mapping[str, int] | pd.Series,
    couples: Sequence[tuple[int, int]] = benchmarks.COUPLES,
    *,
    count: int = benchmarks.COUNT,
    seed: int = 0,
) -> tuple[dict[tuple[int, int], Benchmarks], dict[tuple[int, int], Note]]:
    """The groups of algorithm 2 for several (n, k), and why the other couples cannot be drawn."""
    counts = pd.Series(dict(labels.items()), dtype=int)
    sizes = counts[counts > 0].value_counts()
    drawn, refused = {}, {}
    for n, k in couples:
        if (large := int((sizes >= k).sum())) < n:
            refused[n, k] = too_few_categories(n, k, large)
        else:
            drawn[n, k] = benchmarks.draw(labels, n, k, count=count, seed=seed)
    return drawn, refused


def by_couple(
    labels: Mapping[str, int] | pd.Series,
    synthetic: pd.DataFrame,
    natural: pd.DataFrame,
    couples: Sequence[tuple[int, int]] = benchmarks.COUPLES,
    *,
    count: int = benchmarks.COUNT,
    seed: int = 0,
) -> pd.DataFrame:
    """Table 4.4: one row for each couple and natural set, and one for their mean.

    Returns:
        Columns n, k, size, natural, and those of `correlation.predictiveness`; for a couple that cannot be drawn, r is NaN and
        reason is the note why.
    """
    drawn, refused = groups(labels, couples, count=count, seed=seed)
    parts = []
    for n, k in couples:
        if (n, k) in drawn:
            rows = _with_mean(drawn[n, k], synthetic, natural)
        else:
            rows = pd.DataFrame({"natural": [*natural.columns, MEAN], "r": np.nan, "reason": refused[n, k]})
        parts.append(rows.assign(n=n, k=k, size=n * k))
    return pd.concat(parts, ignore_index=True)


def substituted(group: Benchmarks, *, seed: int = 0) -> dict[float, Benchmarks]:
    """A group and its variants after 1 to 5 substitutions, by the deviation of the numbers of representatives."""
    variants = [benchmarks.substitute(group, times, seed=seed) for times in range(1, SUBSTITUTIONS + 1)]
    return benchmarks.by_deviation(benchmarks.joined([group, *(variant for variant in variants if len(variant))]))


def by_deviation(
    labels: Mapping[str, int] | pd.Series,
    synthetic: pd.DataFrame,
    natural: pd.DataFrame,
    *,
    couple: tuple[int, int] = (6, 2),
    count: int = benchmarks.COUNT,
    seed: int = 0,
) -> pd.DataFrame:
    """Table 4.5: one row for each deviation and natural set, and one for their mean.

    Returns:
        Columns deviation, natural, and those of `correlation.predictiveness`; groups with fewer than 200 benchmarks are
        included; see the column `benchmarks`.

    Raises:
        InvalidArgumentError: the couple cannot be drawn from the categories.
    """
    parts = substituted(benchmarks.draw(labels, *couple, count=count, seed=seed), seed=seed)
    rows = [_with_mean(group, synthetic, natural).assign(deviation=value) for value, group in parts.items()]
    return pd.concat(rows, ignore_index=True)


def difference(
    first: Benchmarks,
    second: Benchmarks,
    synthetic: pd.DataFrame,
    natural: pd.DataFrame,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Difference:
    """How much better the first group predicts, with an interval over the models.

    Args:
        first, second: groups whose candidates are columns of `synthetic`.
        synthetic, natural: models x corruptions, models x natural sets; models with a gap in either are left out.
        draws: of the bootstrap over models.

    Raises:
        InvalidArgumentError: fewer than four models without gaps.
    """
    used = [n for n in dict.fromkeys((*first.names, *second.names)) if n in synthetic.columns]
    whole = pd.concat([synthetic[used], natural], axis=1, join="inner").dropna()
    if len(whole) < 4:
        raise InvalidArgumentError(
            f"A difference of correlations needs four or more models without gaps; there are {len(whole)}."
        )
    names = list(whole.index)
    sets = natural.loc[names].to_numpy(float).T  # (S, M)
    robust = [correlation.robustness_to(group, synthetic.loc[names]) for group in (first, second)]  # (B, M) each
    drawn = weights(len(names), draws, seed).astype(float)
    # A draw of fewer than three different models has no meaningful correlation.
    drawn = drawn[(drawn > 0).sum(axis=1) >= 3]
    once = np.ones((1, len(names)))
    values = [float(_mean_r(robustness, sets, once)[0]) for robustness in robust]
    low, high = interval(_mean_r(robust[0], sets, drawn) - _mean_r(robust[1], sets, drawn))
    return Difference(values[0], values[1], float(low), float(high), len(names))


def _with_mean(group: Benchmarks, synthetic: pd.DataFrame, natural: pd.DataFrame) -> pd.DataFrame:
    rows = correlation.predictiveness(group, synthetic, natural)
    undefined, fewest = tuple(rows.index[rows["r"].isna()]), int(rows["models"].min())
    few = correlation.too_few_models(fewest) if fewest < correlation.FEW else None
    mean_row = pd.DataFrame(
        {
            "r": [np.nan if undefined else rows["r"].mean()],
            "p": [np.nan if undefined else rows["p"].mean()],
            "models": [fewest],
            "benchmarks": [rows["benchmarks"].min()],
            "reason": [no_correlation_on(undefined) if undefined else few],
        },
        index=pd.Index([MEAN]),
    )
    return pd.concat([rows, mean_row]).rename_axis("natural").reset_index()


def _mean_r(x: Array, y: Array, drawn: Array) -> Array:
    """The mean over benchmarks and sets of the correlations of (B, M) with (S, M), for each of (D, M) draws of the models."""
    x, y = (values - values.mean(axis=1, keepdims=True) for values in (x, y))  # avoids cancellation below
    count = drawn.sum(axis=1)
    (x_mean, x_var), (y_mean, y_var) = (_moments(values, drawn, count) for values in (x, y))
    total, counted = np.zeros(len(drawn)), np.zeros(len(drawn))
    for row, mean, var in zip(y, y_mean, y_var, strict=True):
        norm = np.sqrt(x_var * var)
        usable = norm > 1e-12
        r = np.divide((x * row) @ drawn.T / count - x_mean * mean, norm, out=np.zeros(norm.shape), where=usable)
        total += r.sum(axis=0)
        counted += usable.sum(axis=0)
    mean_r: Array = np.divide(total, counted, out=np.full(len(drawn), np.nan), where=counted > 0)
    return mean_r


def _moments(values: Array, drawn: Array, count: Array) -> tuple[Array, Array]:
    """(N, D) weighted means and variances of (N, M)."""
    mean = values @ drawn.T / count
    return mean, np.clip((values**2) @ drawn.T / count - mean**2, 0, None)
