"""Balance and coverage: what a benchmark counts twice and what it misses (Laugros' thesis, 4.2.5 and 4.2.6)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics.bootstrap import interval
from robustcore.notes import Note, note
from robustcore.overlap.accuracies import Array
from robustcore.overlap.overlaps import Overlap, at

# An overlap below this counts as none: a tenth of what training on the corruption itself gives.
MARGIN = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Balance:
    """How evenly the corruptions of a benchmark overlap with one another.

    Attributes:
        means: one row for each corruption of the benchmark, in its order: mean (overlap with the others, 0 or more), low, high
            (95 % interval of the mean, NaN without a bootstrap), others (with how many it is defined), reason (the note why it is NaN, or None).
        spread: population standard deviation of the means; 0 is balance.
        range: the largest mean minus the smallest.
    """

    means: pd.DataFrame
    spread: float
    range: float


def mean_overlaps(overlap: Overlap, benchmark: Sequence[str] | None = None) -> Balance:
    """The mean overlap of each corruption with the others in its benchmark; unequal means indicate an unbalanced one.

    Args:
        overlap: of at least the benchmark's corruptions.
        benchmark: names; by default all of them. Undefined pairs are left out of a mean.

    Raises:
        UnknownNameError: a corruption that the overlaps do not have.
        InvalidArgumentError: a duplicate name.
    """
    names = _members(overlap, benchmark)
    places = [overlap.names.index(name) for name in names]
    means, others = _means(overlap.scores.to_numpy()[np.ix_(places, places)])
    low = high = np.full(len(names), np.nan)
    if overlap.replicates is not None and len(names) > 1:
        replicates = np.clip(overlap.replicates[:, places][:, :, places], 0, None)
        low, high = interval(_means(replicates)[0])
    reasons = [_why_no_mean(overlap, name, len(names), count) for name, count in zip(names, others, strict=True)]
    table = pd.DataFrame(
        {"mean": means, "low": low, "high": high, "others": others, "reason": reasons}, index=pd.Index(names)
    )
    defined = means[np.isfinite(means)]
    spread, range_ = (float(defined.std()), float(np.ptp(defined))) if len(defined) else (np.nan, np.nan)
    return Balance(table, spread, range_)


def coverage(
    overlap: Overlap,
    benchmark: Sequence[str],
    corruptions: Sequence[str] | None = None,
    *,
    margin: float = MARGIN,
) -> pd.DataFrame:
    """Which corruptions a benchmark covers: whether robustness to the benchmark implies robustness to them.

    The thesis calls a corruption not covered when all its overlaps with the benchmark are zero. Noise alone makes half of all
    null overlaps positive, so intervals decide here: a corruption is not covered if no overlap can reach the margin.

    Args:
        overlap: of the benchmark and the corruptions, with intervals (`measure` with n, or with several seeds).
        benchmark: names.
        corruptions: names to judge; by default all.
        margin: of the overlap, 0 to 1.

    Returns:
        One row for each corruption: verdict; best, low, high: the greatest signed overlap with a member and its interval; by:
        that member; reach: the greatest upper end over all members; all_zero: the thesis' criterion (None where undefined);
        members: how many of the benchmark an overlap is defined with; reason: a note or None. Verdicts: "member" (of the benchmark); "covered"
        (the lower end of one interval exceeds the margin); "not covered" (every upper end is below it); "undecided";
        "undefined".

    Raises:
        UnknownNameError, InvalidArgumentError: as `mean_overlaps`, or a margin out of its range.
    """
    rule = "A margin of overlaps lies above 0 and at most at 1"
    if not (margin := arguments.number(margin, rule, low=0, high=1)):
        raise arguments.refuse(rule, margin)
    members = _members(overlap, benchmark)
    names = _members(overlap, corruptions)
    rows = [_covered(overlap, members, name, margin) for name in names]
    return pd.DataFrame(rows, index=pd.Index(names))


def isolated(overlap: Overlap, *, margin: float = MARGIN) -> tuple[str, ...]:
    """The corruptions that do not overlap with any other one (Laugros' thesis, 4.3.6): whose greatest overlap is below the margin.

    A category of them is a default one, which says nothing else of them. The overlaps are taken as they are measured: whether a
    corruption that is not isolated here is surely none is `coverage`'s question.
    """
    signed = overlap.signed.to_numpy(float).copy()
    np.fill_diagonal(signed, np.nan)
    known = np.isfinite(signed).any(axis=1)
    greatest = np.where(np.isfinite(signed), signed, -np.inf).max(axis=1, initial=-np.inf)
    return tuple(
        name for name, has, value in zip(overlap.names, known, greatest, strict=True) if has and value < margin
    )


def _covered(overlap: Overlap, members: Sequence[str], name: str, margin: float) -> dict[str, object]:
    others = [member for member in members if member != name and np.isfinite(at(overlap.signed, name, member))]
    row: dict[str, object] = {
        "verdict": "undefined",
        "best": np.nan,
        "low": np.nan,
        "high": np.nan,
        "by": "",
        "reach": np.nan,
        "all_zero": None,
        "members": len(others),
        "reason": None,
    }
    if others:
        signed, low, high = (
            np.array([at(table, name, member) for member in others])
            for table in (overlap.signed, overlap.low, overlap.high)
        )
        best = int(signed.argmax())
        row |= {"best": signed[best], "low": low[best], "high": high[best], "by": others[best]}
        row |= {"reach": high.max(), "all_zero": bool((signed <= 0).all())}
        if not np.isfinite(high).all():
            row |= {"verdict": "undecided", "reason": no_intervals_of_overlaps()}
        elif (low > margin).any():
            row["verdict"] = "covered"
        else:
            row["verdict"] = "not covered" if (high < margin).all() else "undecided"
    if name in members:
        row["verdict"] = "member"
    elif not others:
        row["reason"] = overlap.undefined.get(name) or undefined_with_every_member(name)
    return row


def _members(overlap: Overlap, names: Sequence[str] | None) -> list[str]:
    """The corruptions of these names; without any, all of the overlaps'."""
    if not isinstance(overlap, Overlap):
        raise arguments.refuse("Overlaps are what robustcore.overlap.measure gives", overlap)
    names = list(overlap.names) if names is None else arguments.names(names, "Corruptions are given by name")
    for name in names:
        if name not in overlap.names:
            raise UnknownNameError("corruption of this table of overlaps", name, overlap.names)
    if not names or len(set(names)) < len(names):
        raise InvalidArgumentError("A benchmark names one corruption or more, each once.")
    return names


def _means(scores: Array) -> tuple[Array, Array]:
    """(..., K) mean of each row without the diagonal, NaN where nothing is defined; (..., K) over how many."""
    off = ~np.eye(scores.shape[-1], dtype=bool)
    defined = np.isfinite(scores) & off
    count = defined.sum(axis=-1)
    sums = np.where(defined, scores, 0.0).sum(axis=-1)
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0), count


def _why_no_mean(overlap: Overlap, name: str, size: int, count: int) -> Note | None:
    if count:
        return None
    if size == 1:
        return alone_in_the_benchmark(name)
    return overlap.undefined.get(name) or undefined_with_every_member(name)


@note
def alone_in_the_benchmark(corruption: str) -> str:
    return f"{corruption} is the only corruption of the benchmark"


@note
def undefined_with_every_member(corruption: str) -> str:
    return f"the overlap of {corruption} with every corruption of the benchmark is undefined"


@note
def no_intervals_of_overlaps() -> str:
    return "the overlaps have no intervals"
