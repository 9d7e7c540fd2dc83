"""Benchmarks drawn from categories: algorithm 2 and the substitution operation (Laugros' thesis, 4.3.4)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.overlap.accuracies import Array

COUNT = 1000
# The couples (n, k) of the thesis.
COUPLES = ((2, 3), (3, 2), (6, 1), (4, 3), (6, 2), (6, 3))

Members = npt.NDArray[np.bool_]


@note
def fewer_benchmarks(n: int, k: int, existing: int, wanted: int) -> str:
    return f"There are {existing} different benchmarks with n = {n} and k = {k}, fewer than {wanted}."


@note
def too_few_substitutions(times: int, dropped: int, benchmarks: int) -> str:
    return f"{dropped} of {benchmarks} benchmarks allow no {times} substitutions."


@dataclasses.dataclass(frozen=True, eq=False)
class Benchmarks:
    """A group of benchmarks over the same candidates.

    Attributes:
        names: (C,) the candidates, sorted.
        labels: (C,) their categories, 1 upwards.
        members: (B, C) bool, what each benchmark contains.
        note: what to say with the group, or None.
    """

    names: tuple[str, ...]
    labels: npt.NDArray[np.int_]
    members: Members
    note: Note | None = None

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, place: int) -> tuple[str, ...]:
        """The corruptions of one benchmark."""
        return tuple(name for name, inside in zip(self.names, self.members[place], strict=True) if inside)

    @property
    def representatives(self) -> npt.NDArray[np.int_]:
        """(B, categories) number of corruptions from each category."""
        return _counts(self.members, self.labels)

    @property
    def deviations(self) -> Array:
        """(B,) standard deviation of the number of representatives over the represented categories; 0 is balanced.

        The population standard deviation; only it gives the values in table 4.5 (0.6, 0.8, 1.0, 1.2, 1.4, 1.5, 1.8, 2.2).
        """
        counts = self.representatives
        represented = counts > 0
        number = np.maximum(represented.sum(axis=1), 1)
        mean = counts.sum(axis=1) / number
        squares = np.where(represented, (counts - mean[:, None]) ** 2, 0.0).sum(axis=1)
        deviations: Array = np.sqrt(squares / number)
        return deviations

    def take(self, chosen: npt.NDArray[np.bool_] | Sequence[int]) -> Benchmarks:
        """A part of the group."""
        return dataclasses.replace(self, members=self.members[chosen])


def of_names(benchmarks: Sequence[Sequence[str]], labels: Mapping[str, int] | pd.Series) -> Benchmarks:
    """A group of named benchmarks, to compare ImageNet-C with drawn ones, for example.

    Args:
        benchmarks: names of candidates, each once in a benchmark.
        labels: the category of each candidate.
    """
    names, numbers = _candidates(labels)
    rule = "Benchmarks are lists of corruptions' names"
    if arguments.is_name(benchmarks):
        raise arguments.refuse(rule, benchmarks)
    listed = [arguments.names(each, rule) for each in arguments.several(benchmarks, rule)]
    members = np.zeros((len(listed), len(names)), dtype=bool)
    for row, benchmark in zip(members, listed, strict=True):
        unknown = [name for name in benchmark if name not in names]
        if unknown:
            raise InvalidArgumentError(f"{unknown[0]!r} has no category, so no benchmark can contain it.")
        if not benchmark or len(set(benchmark)) < len(benchmark):
            raise InvalidArgumentError(f"A benchmark names one corruption or more, each once, not {list(benchmark)}.")
        row[[names.index(name) for name in benchmark]] = True
    return Benchmarks(names, numbers, members)


def draw(labels: Mapping[str, int] | pd.Series, n: int, k: int, *, count: int = COUNT, seed: int = 0) -> Benchmarks:
    """Different benchmarks by algorithm 2: n categories at random, then k different corruptions of each at random.

    Args:
        labels: the category of each candidate, 1 upwards (`Categories.labels`); 0, no category, is not a candidate.
        n: categories represented, 1 or more; only those with k corruptions or more are eligible.
        k: representatives of each, 1 or more.
        count: how many benchmarks; if fewer different ones exist, all of them are returned and the note says so.
        seed: of the draws.

    Raises:
        InvalidArgumentError: fewer than n categories with k corruptions.
    """
    names, numbers = _candidates(labels)
    sizes = np.bincount(numbers)[1:]
    n, k = (arguments.whole(value, "n and k are whole numbers, 1 or more") for value in (n, k))
    _check_couple(n, k, sizes)
    count = arguments.whole(count, "A group has 1 to 1,000,000 benchmarks", low=1, high=1_000_000)
    fitting = [label for label, size in enumerate(sizes, start=1) if size >= k]
    total = _number_of(sizes, n, k)
    if total <= count:
        members = np.array(list(_all(numbers, fitting, n, k)))
        few = None if total == count else fewer_benchmarks(n, k, total, count)
        return Benchmarks(names, numbers, members, few)
    generator = np.random.default_rng(arguments.seed(seed))
    members = np.empty((0, len(names)), dtype=bool)
    while len(members) < count:
        drawn = np.concatenate([members, _drawn(generator, numbers, fitting, n, k, 2 * count)])
        first = np.unique(np.packbits(drawn, axis=1), axis=0, return_index=True)[1]
        members = drawn[np.sort(first)]
    return Benchmarks(names, numbers, members[:count])


def substitute(benchmarks: Benchmarks, times: int = 1, *, seed: int = 0) -> Benchmarks:
    """Each benchmark after some substitutions: one corruption out, another candidate in, at random.

    A pair is allowed if the represented categories stay, the standard deviation of the numbers of representatives strictly
    grows, and the new corruption is not yet in the benchmark. Moving a representative from a category with a to one with b changes the
    sum of squares by 2 (b - a + 1), so the deviation grows exactly if b >= a; the categories stay if a >= 2 and
    b >= 1. All allowed pairs are equally likely.

    Args:
        benchmarks: a group.
        times: successive substitutions, 1 or more.
        seed: of the draws.

    Returns:
        The benchmarks that allow that many substitutions; the note says how many do not.
    """
    times = arguments.whole(times, "The number of substitutions is 1 to 1,000", low=1, high=1000)
    generator = np.random.default_rng(arguments.seed(seed))
    members = benchmarks.members.copy()
    for _ in range(times):
        members = members[_substituted(members, benchmarks.labels, generator)]
    dropped = len(benchmarks) - len(members)
    few = too_few_substitutions(times, dropped, len(benchmarks)) if dropped else None
    return dataclasses.replace(benchmarks, members=members, note=few)


def by_deviation(benchmarks: Benchmarks) -> dict[float, Benchmarks]:
    """The group split by deviation, rounded to one digit as in table 4.5, in ascending order."""
    rounded = benchmarks.deviations.round(1)
    return {float(value): benchmarks.take(rounded == value) for value in np.unique(rounded)}


def joined(groups: Sequence[Benchmarks]) -> Benchmarks:
    """Several groups over the same candidates as one."""
    if not groups or any(g.names != groups[0].names or (g.labels != groups[0].labels).any() for g in groups):
        raise InvalidArgumentError(
            "Groups of benchmarks can be joined only if they have the same candidates and categories."
        )
    return dataclasses.replace(groups[0], members=np.concatenate([g.members for g in groups]), note=None)


def inner_overlap(benchmarks: Benchmarks, overlap: pd.DataFrame) -> Array:
    """(B,) mean overlap of the pairs of the same category in each benchmark; NaN without such a pair, or if one is undefined.

    Args:
        benchmarks: a group.
        overlap: of its candidates at least.
    """
    pairs = _same_category(benchmarks.names, benchmarks.labels, overlap)
    inside = benchmarks.members.astype(float)
    same = (benchmarks.labels[:, None] == benchmarks.labels[None]).astype(float)
    np.fill_diagonal(same, 0)
    count = np.einsum("bi,ij,bj->b", inside, same, inside, optimize=True)
    sums = np.einsum("bi,ij,bj->b", inside, np.where(np.isfinite(pairs), pairs, 0.0), inside, optimize=True)
    gaps = np.einsum("bi,ij,bj->b", inside, (~np.isfinite(pairs)).astype(float), inside, optimize=True)
    means: Array = np.divide(sums, count, out=np.full(len(count), np.nan), where=(count > 0) & (gaps == 0))
    return means


def least_overlapping(benchmarks: Benchmarks, overlap: pd.DataFrame) -> tuple[str, ...]:
    """The Syn2Nat pick (thesis, 4.3.5): the benchmark of a group whose same-category corruptions overlap least.

    Args:
        benchmarks: from `draw`; the thesis takes n = 6 categories and the largest k, 3.
        overlap: of its candidates at least; the first of equal ones wins.

    Raises:
        InvalidArgumentError: no benchmark with two corruptions of a category whose overlaps are defined.
    """
    inner = inner_overlap(benchmarks, overlap)
    if not np.isfinite(inner).any():
        raise InvalidArgumentError(
            "No benchmark of the group has two corruptions of one category with a defined overlap; choose k = 2 or more."
        )
    return benchmarks[int(np.nanargmin(inner))]


def _candidates(labels: Mapping[str, int] | pd.Series) -> tuple[tuple[str, ...], npt.NDArray[np.int_]]:
    rule = "Labels are the category of each candidate by its name, a dictionary or a Series, 0 for none"
    if not isinstance(labels, (Mapping, pd.Series)):
        raise arguments.refuse(rule, labels)
    numbers = {str(name): arguments.whole(label, rule) for name, label in labels.items()}
    pairs = sorted((name, label) for name, label in numbers.items() if label > 0)
    if not pairs:
        raise InvalidArgumentError("Benchmarks are drawn from categories with one corruption or more; there are none.")
    return tuple(name for name, _ in pairs), np.array([label for _, label in pairs])


def _check_couple(n: int, k: int, sizes: npt.NDArray[np.int_]) -> None:
    if n < 1 or k < 1 or (sizes >= k).sum() < n:
        sizes_text = ", ".join(str(size) for size in sorted(sizes.tolist(), reverse=True) if size)
        raise InvalidArgumentError(
            f"{n} categories with {k} corruptions each cannot be drawn from categories of {sizes_text}; n and k are 1 or more, and "
            "n categories must have k corruptions or more."
        )


def _number_of(sizes: npt.NDArray[np.int_], n: int, k: int) -> int:
    """The number of different benchmarks: the sum over all choices of n categories of the product of their choices."""
    sums = [1] + [0] * n
    for size in sizes.tolist():
        for chosen in range(n, 0, -1):
            sums[chosen] += sums[chosen - 1] * math.comb(size, k)
    return sums[n]


def _all(labels: npt.NDArray[np.int_], fitting: Sequence[int], n: int, k: int) -> Iterator[Members]:
    for chosen in itertools.combinations(fitting, n):
        for parts in itertools.product(*(itertools.combinations(np.flatnonzero(labels == c), k) for c in chosen)):
            row = np.zeros(len(labels), dtype=bool)
            row[list(itertools.chain(*parts))] = True
            yield row


def _drawn(
    generator: np.random.Generator, labels: npt.NDArray[np.int_], fitting: Sequence[int], n: int, k: int, count: int
) -> Members:
    """(count, C): n of the fitting categories and k of each, by the order of random keys."""
    members = np.zeros((count, len(labels)), dtype=bool)
    chosen = generator.random((count, len(fitting))).argsort(axis=1) < n
    for position, label in enumerate(fitting):
        inside = np.flatnonzero(labels == label)
        picks = generator.random((count, len(inside))).argsort(axis=1).argsort(axis=1) < k
        members[:, inside] = picks & chosen[:, position, None]
    return members


def _substituted(
    members: Members, labels: npt.NDArray[np.int_], generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Substitute once in each row, in place; (B,) whether it was possible."""
    counts = _counts(members, labels)[:, labels - 1]  # (B, C) representatives of each candidate's category
    removable = members & (counts >= 2)
    addable = ~members & (counts >= 1)
    # (B, C, C): i is removed, j is added.
    allowed = removable[:, :, None] & addable[:, None, :] & (counts[:, None, :] >= counts[:, :, None])
    allowed &= labels[:, None] != labels[None]
    flat = allowed.reshape(len(members), len(labels) ** 2)  # (B, C * C), even with no benchmark left
    # Cumulative counts give the position of the pick-th allowed pair.
    number = flat.sum(axis=1)
    possible: npt.NDArray[np.bool_] = number > 0
    pick = (generator.random(len(members)) * number).astype(int)
    position = (flat.cumsum(axis=1, dtype=np.int32) <= pick[:, None]).sum(axis=1)
    rows = np.flatnonzero(possible)
    removed, added = np.divmod(position[rows], len(labels))
    members[rows, removed] = False
    members[rows, added] = True
    return possible


def _counts(members: Members, labels: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    one_hot = (labels[:, None] == np.arange(1, labels.max() + 1)[None]).astype(int)
    counts: npt.NDArray[np.int_] = members.astype(int) @ one_hot
    return counts


def _same_category(names: Sequence[str], labels: npt.NDArray[np.int_], overlap: pd.DataFrame) -> Array:
    """(C, C) overlaps of pairs of the same category, 0 for all others and on the diagonal."""
    missing = [name for name in names if name not in overlap.index]
    if missing:
        raise InvalidArgumentError(f"The overlaps do not have the candidate {missing[0]!r}.")
    matrix = overlap.loc[list(names), list(names)].to_numpy(float)
    same: Array = np.where(labels[:, None] == labels[None], matrix, 0.0)
    np.fill_diagonal(same, 0)
    return same
