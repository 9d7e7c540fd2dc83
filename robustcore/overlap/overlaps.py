"""The overlapping score of two corruptions (Laugros' thesis, 4.2.2): does training on one give robustness to the other?

O(c1, c2) = max(0, (gain(m1, c2) / gain(m2, c2) + gain(m2, c1) / gain(m1, c1)) / 2), equation 4.2, where gain(m, c) is the
robustness of model m to c minus that of the standard model, and m1, m2 were trained on c1, c2. It is 1 on the diagonal and
0 if training on one does nothing for the other. If training on c does not help on c, the denominator is noise and the
score is undefined.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics.bootstrap import interval
from robustcore.notes import Note
from robustcore.overlap import gains as gain
from robustcore.overlap.accuracies import STANDARD, Accuracies, Array, read
from robustcore.overlap.reasons import Reasons, limits_of

DRAWS = 1000


@dataclasses.dataclass(frozen=True)
class Pair:
    """The numbers behind the overlap of two corruptions, for the mean over seeds.

    Attributes:
        first, second: the corruptions c1, c2.
        trained_first, trained_second, standard: (robustness to c1, robustness to c2) of m1, m2 and the standard model; higher
            is better.
        onto_second: gain(m1, c2) / gain(m2, c2); onto_first: gain(m2, c1) / gain(m1, c1).
        signed: the mean of the two; NaN where undefined.
        reason: why it is undefined, else None.
    """

    first: str
    second: str
    trained_first: tuple[float, float]
    trained_second: tuple[float, float]
    standard: tuple[float, float]
    onto_second: float
    onto_first: float
    signed: float
    reason: Note | None


@dataclasses.dataclass(frozen=True, eq=False)
class Overlap:
    """Overlaps of K corruptions, and what they come from.

    Attributes:
        metric: "app" or "residual".
        signed: (K, K) before clipping at 0, usually at most 1; symmetric, NaN where undefined.
        low, high: (K, K) ends of the interval of the signed overlap, NaN where unknown.
        sd: (K, K) standard deviation of the signed overlap between seeds; NaN with one seed.
        by_seed: for each seed (K, K) the signed overlap of its models alone.
        reasons: (K, K) the note why an overlap is undefined, else None.
        robustness: (T, C) of each model, "standard" first, under each condition except clean; higher is better.
        gains: (T - 1, C) robustness minus the standard model's, for untrained conditions too.
        errors: (T - 1, C) standard errors of the gains over images and seeds.
        self_gains, thresholds: (K,) gain of a model on the corruption that it was trained on, and the threshold for it.
        clean: (T,) clean accuracies.
        seeds: the largest number of trainings behind a mean.
        replicates: (draws, K, K) signed overlaps of the bootstrap behind low and high, or None.
        notes: what limits the figures.
    """

    metric: str
    signed: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    sd: pd.DataFrame
    by_seed: dict[str, pd.DataFrame]
    reasons: pd.DataFrame
    robustness: pd.DataFrame
    gains: pd.DataFrame
    errors: pd.DataFrame
    self_gains: pd.Series
    thresholds: pd.Series
    clean: pd.Series
    seeds: int
    replicates: Array | None = dataclasses.field(repr=False)
    notes: tuple[Note, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """(K,) the corruptions, in the order of the table's rows."""
        return tuple(self.signed.index)

    @property
    def scores(self) -> pd.DataFrame:
        """(K, K) the overlapping scores of equation 4.2, 0 or more."""
        return self.signed.clip(lower=0)

    @property
    def undefined(self) -> dict[str, Note]:
        """The corruptions without any defined overlap, even with themselves, and why."""
        own = zip(self.names, self.reasons.to_numpy().diagonal(), strict=True)
        return {name: reason for name, reason in own if reason is not None}

    def reason(self, first: str, second: str) -> Note | None:
        """Why an overlap is undefined; None where it is defined."""
        why: Note | None = self.reasons.to_numpy()[self.names.index(first), self.names.index(second)]
        return why

    def pair(self, first: str, second: str) -> Pair:
        """The numbers behind the overlap of two corruptions."""
        for name in (first, second):
            if name not in self.names:
                raise UnknownNameError("corruption of this table of overlaps", name, self.names)
        of_first, of_second, standard = (
            (at(self.robustness, row, first), at(self.robustness, row, second)) for row in (first, second, STANDARD)
        )
        return Pair(
            first=first,
            second=second,
            trained_first=of_first,
            trained_second=of_second,
            standard=standard,
            onto_second=_ratio(of_first[1] - standard[1], of_second[1] - standard[1]),
            onto_first=_ratio(of_second[0] - standard[0], of_first[0] - standard[0]),
            signed=at(self.signed, first, second),
            reason=self.reason(first, second),
        )


def scores(
    accuracy: pd.DataFrame,
    *,
    metric: str = "app",
    signed: bool = False,
    min_gain: float | None = None,
    n: int | None = None,
) -> pd.DataFrame:
    """The overlapping scores of all pairs of corruptions (Laugros' thesis, equation 4.2).

    Args:
        accuracy: rows = trained on, "standard" among them; columns = tested on, "clean" among them; 0 .. 1, NaN where
            unknown. Or tidy, with columns trained_on, tested_on, accuracy and, where there are several, seed; n.
        metric: "app" (the thesis' definition) or "residual" (its experiments).
        signed: keep negative values instead of clipping them at 0.
        min_gain: the self-gain that a corruption's own training must exceed for its overlaps to be defined; by default three
            standard errors over images and seeds, or 0.01 with neither n nor a second seed.
        n: number of images behind each accuracy, if the table has no such column.

    Returns:
        (K, K) for the K corruptions that were trained on and tested on, in the order of the rows; symmetric, 1 on the
        diagonal, NaN where undefined. attrs: metric, signed, threshold and undefined ({corruption: reason}), notes.

    Raises:
        InvalidArgumentError: as `measure`.
    """
    overlap = measure(accuracy, metric=metric, min_gain=min_gain, n=n, draws=0)
    table = overlap.signed.copy() if signed else overlap.scores
    table.attrs = {
        "metric": metric,
        "signed": signed,
        "threshold": overlap.thresholds.to_dict(),
        "undefined": {name: why.text for name, why in overlap.undefined.items()},
        "notes": [each.text for each in overlap.notes],
    }
    return table


def measure(
    accuracy: pd.DataFrame,
    *,
    metric: str = "app",
    min_gain: float | None = None,
    n: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
    drawn: Array | None = None,
) -> Overlap:
    """Overlaps with their intervals, their spread over seeds, and what they come from.

    The overlap of several seeds is that of their mean robustness, because a ratio of means suffers less from a small
    denominator than a mean of ratios. Its interval is the central part of a parametric bootstrap over images and seeds
    (`gains.replicates`); without n or a second seed there is none.

    Args:
        accuracy, metric, min_gain, n: as in `scores`.
        draws: of the bootstrap, 0 for none.
        seed: of the bootstrap.
        confidence: of the intervals, between 0 and 1.
        drawn: (draws, T, C) accuracies of a paired bootstrap over the images (`metrics.bootstrap`), in the order of the
            wide table's rows and columns with "standard" and "clean" moved to the front; replaces the parametric one.

    Raises:
        InvalidArgumentError: a table that `accuracies.read` refuses, or an argument out of its range.
        UnknownNameError: no such metric.
    """
    draws = arguments.whole(draws, "A bootstrap has 0 to 1,000,000 draws", high=1_000_000)
    seed, confidence = arguments.seed(seed), arguments.share(confidence, "confidence")
    table = read(accuracy, n)
    gains = gain.gains(table, metric)
    rows, columns = _places(table)
    self_gains, errors = gains.gains[rows, columns], gains.errors[rows, columns]
    limits = gain.thresholds(self_gains, errors, min_gain)
    defined = self_gains > limits  # False where it is NaN
    signed = np.where(defined[:, None] & defined[None], _overlaps(gains.gains, rows, columns), np.nan)
    drawn_overlaps = _replicates(table, metric, (rows, columns), np.isfinite(signed), draws, seed, drawn)
    low = high = np.full(signed.shape, np.nan)
    if drawn_overlaps is not None:
        low, high = interval(drawn_overlaps, confidence)
    by_seed = _by_seed(table, metric, (rows, columns), np.isfinite(signed))
    names = pd.Index(table.names)

    def square(values: npt.NDArray[Any]) -> pd.DataFrame:
        return pd.DataFrame(values, index=names, columns=names)

    reasons = Reasons(table, self_gains, limits, rows, columns)
    clean = pd.Series(table.mean[:, 0], index=list(table.trained), name="clean accuracy")
    return Overlap(
        metric=metric,
        signed=square(signed),
        low=square(low),
        high=square(high),
        sd=square(_spread(by_seed)),
        by_seed={name: square(values) for name, values in zip(table.seeds, by_seed, strict=True)},
        reasons=square(reasons.of_all(np.isfinite(signed))),
        robustness=pd.DataFrame(gains.robustness, index=list(table.trained), columns=list(table.tested[1:])),
        gains=pd.DataFrame(gains.gains, index=list(table.trained[1:]), columns=list(table.tested[1:])),
        errors=pd.DataFrame(gains.errors, index=list(table.trained[1:]), columns=list(table.tested[1:])),
        self_gains=pd.Series(self_gains, index=names, name="self-gain"),
        thresholds=pd.Series(limits, index=names, name="threshold"),
        clean=clean,
        seeds=len(table.seeds),
        replicates=drawn_overlaps,
        notes=tuple(limits_of(table, clean)),
    )


def _places(table: Accuracies) -> tuple[list[int], list[int]]:
    """The positions of the K corruptions among the gains' rows and columns."""
    return (
        [table.trained.index(name) - 1 for name in table.names],
        [table.tested.index(name) - 1 for name in table.names],
    )


def _overlaps(gains: Array, rows: Sequence[int], columns: Sequence[int]) -> Array:
    """(..., K, K) signed overlaps from (..., T, C) gains: NaN where one is unknown, meaningless where a self-gain is near 0."""
    square = gains[..., rows, :][..., columns]
    of_self = np.diagonal(square, axis1=-2, axis2=-1)[..., None, :]
    # (i, j): the gain on j from training on i, as a share of the gain on j from training on j.
    shares = np.divide(square, of_self, out=np.full(square.shape, np.nan), where=of_self != 0)
    signed: Array = (shares + np.swapaxes(shares, -1, -2)) / 2
    return signed


def _replicates(
    table: Accuracies,
    metric: str,
    places: tuple[list[int], list[int]],
    defined: Array,
    draws: int,
    seed: int,
    drawn: Array | None,
) -> Array | None:
    if drawn is None:
        drawn = gain.replicates(table, draws, seed) if draws else None
    elif drawn.ndim != 3 or drawn.shape[1:] != table.mean.shape:
        raise InvalidArgumentError(
            f"The drawn accuracies have shape {drawn.shape}; for this table (draws, {len(table.trained)}, {len(table.tested)}) is needed."
        )
    if drawn is None:
        return None
    robust = gain.robustness(drawn, metric)
    signed = _overlaps(robust[:, 1:] - robust[:, :1], *places)
    signed[:, ~defined.astype(bool)] = np.nan
    return signed


def _by_seed(table: Accuracies, metric: str, places: tuple[list[int], list[int]], defined: Array) -> Array:
    """(S, K, K) signed overlaps of each seed's own models, where the overlap of the mean is defined."""
    robust = gain.robustness(table.values, metric)
    return np.where(defined, _overlaps(robust[:, 1:] - robust[:, :1], *places), np.nan)


def _spread(by_seed: Array) -> Array:
    """(K, K) sample standard deviation over the seeds with a value; NaN with fewer than two."""
    finite = np.isfinite(by_seed)
    counts = finite.sum(axis=0)
    filled = np.where(finite, by_seed, 0.0)
    mean = filled.sum(axis=0) / np.maximum(counts, 1)
    squares = (np.where(finite, by_seed - mean, 0.0) ** 2).sum(axis=0)
    sd: Array = np.sqrt(np.divide(squares, counts - 1, out=np.full(mean.shape, np.nan), where=counts > 1))
    return sd


def at(table: pd.DataFrame, row: str, column: str) -> float:
    """The number in one cell of a table."""
    return float(table.to_numpy()[table.index.get_loc(row), table.columns.get_loc(column)])


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
