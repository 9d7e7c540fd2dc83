"""The footers of the figures about a benchmark: what was computed, over which models, from which overlaps."""

from __future__ import annotations

from collections.abc import Mapping

from robustcore.atlas.populations import Population
from robustcore.notes import Note, note
from robustcore.overlap import Overlap, benchmarks, criteria
from robustcore.overlap.balance import MARGIN
from robustcore.reports.overlap.benchmark import Benchmark
from robustcore.reports.overlap.origin import Source
from robustcore.reports.provenance import Footer, package_version

_INTERVAL = "Bars: 95 % intervals"


@note
def overlaps_of(atlas: str, metric: str, architecture: str, dataset: str, images: str, seeds: tuple[str, ...]) -> str:
    return f"Overlaps: {atlas}, {metric}, {architecture} on {dataset}, {images}, training seeds {', '.join(seeds)}."


@note
def images_of_each_accuracy(images: int, data: str) -> str:
    return f"Each accuracy is over {images:,} or more images of {data}."


@note
def published_models(source: str) -> str:
    return f"Models: published ones ({source}). Many share an architecture or were trained from one another, so that intervals are too narrow."


@note
def tested_in_part(benchmark: str, tested: int, corruptions: int) -> str:
    return f"Tested on here: {tested} of the {corruptions} corruptions of {benchmark}."


@note
def models_are_related() -> str:
    return "The models are few and small, and many were trained from the same weights. The intervals assume independent models and are too narrow."


@note
def couples_not_possible() -> str:
    return "Not all of the thesis' couples are possible with these categories."


@note
def candidates_left_out(candidates: int) -> str:
    return f"Left out, because the models were not tested on them: {candidates} candidates."


@note
def random_benchmarks(count: int, seed: int) -> str:
    return f"Up to {count:,} random benchmarks (algorithm 2) for each (n, k), seed {seed}."


@note
def substituted_benchmarks(count: int, categories: int, corruptions: int, least: int, seed: int) -> str:
    return (
        f"{count:,} random benchmarks of {categories} categories with {corruptions} corruptions each, 1 to 5 of them substituted, "
        f"seed {seed}; groups of more than {least}."
    )


@note
def covered_above(margin: float) -> str:
    return f"Covered: one interval is above {margin:g}; not covered: all intervals are below {margin:g}."


def of_overlaps(atlas: str, overlap: Overlap, source: Source) -> tuple[Note, ...]:
    """The atlas that overlaps are of, what limits them, and the version; what it was also tested on does not matter here."""
    limits = [each for each in overlap.notes if each.kind != "not_trained_on"]
    facts = overlaps_of(atlas, overlap.metric, source.architecture, source.dataset, source.count, source.seeds)
    return (facts, *limits, package_version())


def of_mean_overlaps(origin: tuple[Note, ...]) -> Footer:
    """Of how much a benchmark's corruptions overlap; `origin` is `of_overlaps`."""
    formula = "Mean overlap of each corruption with the rest of the benchmark"
    return Footer(formula=formula, interval=_INTERVAL, further=origin)


def of_coverage(origin: tuple[Note, ...]) -> Footer:
    """Of what a benchmark covers; `origin` is `of_overlaps`."""
    formula = "Greatest overlap of each other candidate with a member of the benchmark"
    return Footer(formula=formula, interval=_INTERVAL, further=(covered_above(MARGIN), *origin))


def of_predictions(models: Population, used: int, others: Mapping[str, Benchmark]) -> Footer:
    """Of the correlations of single benchmarks with natural shifts.

    Args:
        models: that the correlations are over.
        used: how many of them the correlation with the fewest has.
        others: the benchmarks compared with.
    """
    partial = (tested_in_part(name, len(b.names), b.size) for name, b in others.items() if b.partial)
    return Footer(
        formula=f"Pearson correlation over {used} models between residual robustness (clean accuracy minus accuracy) to a "
        "benchmark, averaged over its corruptions, and to a natural shift",
        interval="Bars: Fisher's 95 % intervals",
        further=(images_of_each_accuracy(models.images, models.data), *partial, _relation(models), package_version()),
    )


def of_couples(models: Population, seed: int, *, complete: bool, left_out: int, origin: tuple[Note, ...]) -> Footer:
    """Of random benchmarks of several sizes.

    Args:
        models: that the correlations are over.
        seed: of the draws.
        complete: whether all of the thesis' couples are possible.
        left_out: how many candidates the models were not tested on.
        origin: `of_overlaps`.
    """
    footer = _of_groups(models, random_benchmarks(benchmarks.COUNT, seed), left_out, origin)
    return footer if complete else footer.replace(further=(couples_not_possible(), *footer.further))


def of_deviations(
    models: Population, seed: int, couple: tuple[int, int], *, left_out: int, origin: tuple[Note, ...]
) -> Footer:
    """Of random benchmarks after substitutions; arguments as for `of_couples`, and (categories, corruptions of each)."""
    drawn = substituted_benchmarks(benchmarks.COUNT, *couple, least=criteria.LEAST, seed=seed)
    return _of_groups(models, drawn, left_out, origin)


def _relation(models: Population) -> Note:
    """What limits the independence of the models."""
    return models_are_related() if models.data == "scenes" else published_models(", ".join(models.sources))


def _of_groups(models: Population, drawn: Note, left_out: int, origin: tuple[Note, ...]) -> Footer:
    left = [candidates_left_out(left_out)] if left_out else []
    return Footer(
        before=(drawn,),
        formula=f"Mean Pearson correlation over {len(models)} models between residual robustness to the benchmarks and to each "
        "natural shift (algorithm 3)",
        further=(*left, images_of_each_accuracy(models.images, models.data), _relation(models), *origin),
    )
