"""Building a benchmark: what a selection of corruptions counts twice, leaves out and predicts, and known benchmarks to compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from robustcore import corruptions, published
from robustcore.atlas.populations import Population
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import suites
from robustcore.evaluation.condition import Condition
from robustcore.overlap import Overlap, benchmarks, correlation, coverage, criteria, mean_overlaps
from robustcore.overlap.balance import MARGIN, Balance

# Sequence of ImageNet-P -> corruptions that do the same to a single image, the nearest first.
COUNTERPARTS = {
    "gaussian_noise": ("gaussian_noise",),
    "shot_noise": ("shot_noise",),
    "motion_blur": ("motion_blur",),
    "zoom_blur": ("zoom_blur",),
    "snow": ("snow",),
    "brightness": ("brightness",),
    "translate": ("laugros_translation", "scenes_transpose", "album_transpose"),
    "rotate": ("laugros_rotation", "scenes_rotate", "album_rotate"),
    "tilt": ("scenes_perspective", "album_perspective"),
    "scale": ("scenes_affines", "album_affines"),
}
IMAGENET_C, IMAGENET_P, SYN2NAT, OWN_PICK = "ImageNet-C", "ImageNet-P", "Syn2Nat", "Syn2Nat rule"
YOURS = "your selection"
# With a smaller share of its corruptions a benchmark is not offered under its name.
SHARE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Assessment:
    """What a selection of corruptions counts twice and leaves out, by the overlaps.

    Attributes:
        names: the selection.
        left_out: those of it whose overlaps are undefined.
        balance: mean overlaps of the others, or None where there are fewer than two.
        coverage: one row for each candidate outside the selection, as `overlap.coverage`.
        represented, categories: how many categories have a representative, and how many there are.
        uncategorised: how many of the selection are in no category.
        deviation: standard deviation of the numbers of representatives; 0 is balance.
    """

    names: tuple[str, ...]
    left_out: tuple[str, ...]
    balance: Balance | None
    coverage: pd.DataFrame
    represented: int
    categories: int
    uncategorised: int
    deviation: float

    def count(self, verdict: str) -> int:
        """How many candidates outside the selection have that verdict."""
        return int((self.coverage["verdict"] == verdict).sum()) if len(self.coverage) else 0


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A benchmark to compare with.

    Attributes:
        names: those of its corruptions that the models were tested on.
        size: how many it has in all.
        origin: where it comes from.
    """

    names: tuple[str, ...]
    size: int
    origin: str

    @property
    def partial(self) -> bool:
        """Whether some of its corruptions are missing here."""
        return len(self.names) < self.size


def assess(overlap: Overlap, labels: pd.Series, names: Sequence[str], *, margin: float = MARGIN) -> Assessment:
    """Balance, coverage and categories of a selection.

    Args:
        overlap: of the candidates.
        labels: their categories; 0 for those that are in none, which are candidates all the same.
        names: the selection, one candidate or more.
        margin: of coverage.
    """
    undefined = overlap.undefined
    usable = [name for name in names if name not in undefined]
    outside = [str(name) for name in labels.index if name not in names]
    balance = mean_overlaps(overlap, usable) if len(usable) > 1 else None
    covered = coverage(overlap, list(names), outside, margin=margin) if outside else pd.DataFrame(columns=["verdict"])
    categorised = labels[labels > 0]
    inside = [name for name in names if name in categorised.index]
    deviation = float(benchmarks.of_names([inside], categorised).deviations[0]) if inside else float("nan")
    return Assessment(
        tuple(names),
        tuple(n for n in names if n in undefined),
        balance,
        covered,
        int(categorised[inside].nunique()),
        int(categorised.nunique()),
        len(names) - len(inside),
        deviation,
    )


def others(available: Collection[str], overlap: Overlap, labels: pd.Series, *, seed: int = 0) -> dict[str, Benchmark]:
    """The benchmarks to compare with, as far as the models were tested on them: ImageNet-C, the counterparts of ImageNet-P's
    sequences, the published Syn2Nat and the pick of its rule from these candidates.

    Args:
        available: corruptions that all models were tested on.
        overlap, labels: of the candidates.
        seed: of the draws that the rule picks from.
    """
    comparisons: dict[str, Benchmark] = {}
    whole = corruptions.names("imagenet-c")
    _add(comparisons, IMAGENET_C, [n for n in whole if n in available], len(whole), "Hendrycks & Dietterich 2019")
    near = [next((n for n in nearest if n in available), "") for nearest in COUNTERPARTS.values()]
    _add(
        comparisons,
        IMAGENET_P,
        [n for n in near if n],
        len(COUNTERPARTS),
        "the corruptions that do to one image what its sequences do; its own measure, the flip rate, is another",
    )
    listed = corruptions.names("syn2nat")
    _add(
        comparisons,
        SYN2NAT,
        _syn2nat(listed, available, overlap.names),
        len(listed),
        "the pick that Laugros' thesis prints",
    )
    try:
        names, n, k = rule_pick(overlap, labels, available, seed=seed)
    except InvalidArgumentError:
        return comparisons
    comparisons[OWN_PICK] = Benchmark(
        names,
        len(names),
        f"of {benchmarks.COUNT} benchmarks of {n} categories with {k} corruptions each, the one whose same-category corruptions overlap least",
    )
    return comparisons


def rule_pick(
    overlap: Overlap, labels: pd.Series, available: Collection[str] | None = None, *, seed: int = 0
) -> tuple[tuple[str, ...], int, int]:
    """The Syn2Nat rule on these categories: the benchmark of the most categories, and then of the most corruptions in each (3 at
    most, 2 at least), whose same-category corruptions overlap least.

    Returns:
        Its corruptions, n and k.

    Raises:
        InvalidArgumentError: no two corruptions share a category.
    """
    usable = labels[labels > 0]
    if available is not None:
        usable = usable[[name in available for name in usable.index]]
    sizes = usable.value_counts()
    n, k = max((min(6, int((sizes >= k).sum())), k) for k in (2, 3))
    if not n:
        raise InvalidArgumentError("The Syn2Nat rule needs categories with two corruptions or more; there are none.")
    return benchmarks.least_overlapping(benchmarks.draw(usable, n, k, seed=seed), overlap.scores), n, k


def predicted(selections: Mapping[str, Sequence[str]], population: Population) -> pd.DataFrame:
    """Algorithm 3 for single benchmarks: how robustness to each goes with robustness to each natural set, over the models.

    Args:
        selections: name -> corruptions; where no model was tested on all of them, its correlations are NaN.
        population: the models.

    Returns:
        One row for each benchmark and natural set: benchmark, corruptions, natural, r, low, high, p, models, reason.
    """
    names = sorted({name for selection in selections.values() for name in selection})
    labels = dict.fromkeys(names, 1)
    synthetic = population.synthetic.reindex(columns=population.synthetic.columns.union(names, sort=False))
    parts = [
        correlation.predictiveness(
            benchmarks.of_names([list(dict.fromkeys(selection))], labels), synthetic, population.natural
        )
        .reset_index()
        .assign(benchmark=benchmark, corruptions=len(selection))
        for benchmark, selection in selections.items()
        if selection
    ]
    columns = ["benchmark", "corruptions", "natural", "r", "low", "high", "p", "models", "reason"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns) if parts else pd.DataFrame(columns=columns)


def against(
    first: Sequence[str], second: Sequence[str], population: Population, *, seed: int = 0
) -> criteria.Difference | None:
    """How much more a selection predicts than another, in the mean over the natural sets; None with too few models."""
    labels = dict.fromkeys([*first, *second], 1)
    pair = [benchmarks.of_names([list(names)], labels) for names in (first, second)]
    try:
        return criteria.difference(pair[0], pair[1], population.synthetic, population.natural, seed=seed)
    except InvalidArgumentError:
        return None


def suite(name: str, names: Sequence[str], description: str = "") -> suites.Suite:
    """A selection as a suite; its corruptions take the severities that an evaluation asks for."""
    return suites.Suite(name, description, tuple(Condition.corruption(each) for each in names))


def printed_couples() -> dict[tuple[int, int], float]:
    """The means of the thesis' table 4.4 over its natural sets, as printed: (n, k) -> correlation."""
    printed = _printed_means("4.4")
    return {(n, k): printed[column] for n, k in benchmarks.COUPLES if (column := f"n={n}, k={k}") in printed}


def printed_deviations() -> dict[float, float]:
    """The means of the thesis' table 4.5 over its natural sets, as printed: standard deviation -> correlation."""
    return {float(column.removeprefix("std ")): value for column, value in _printed_means("4.5").items()}


def _printed_means(table: str) -> dict[str, float]:
    """The mean of each column of a table of the thesis, by the column's heading."""
    rows = published.load("laugros", table)
    means = rows[rows["model"] == "Mean"]
    return {str(name): float(value) for name, value in zip(means["column"], means["printed"], strict=True)}


def _add(listed: dict[str, Benchmark], name: str, names: Sequence[str], size: int, origin: str) -> None:
    if len(names) >= SHARE * size:
        listed[name] = Benchmark(tuple(names), size, origin)


def _syn2nat(listed: Sequence[str], available: Collection[str], candidates: Collection[str]) -> list[str]:
    """The published names, or the same corruptions calibrated for scenes where the candidates are those."""
    chosen = []
    for name in listed:
        forms = [name, f"scenes_{corruptions.get(name).plain_name}"]
        forms.sort(key=lambda form: form not in candidates)
        chosen += [form for form in forms if form in available][:1]
    return chosen
