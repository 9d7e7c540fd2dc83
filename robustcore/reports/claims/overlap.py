"""The claims of Laugros' thesis, chapter 4, checked against atlases of overlaps and a population of models.

A difference is NOT_REPRODUCED where its 95 % interval lies below what would count as one (0.1 of an overlap, 0.02 of a mean
correlation), REPRODUCED where it does not and lies above 0, and UNDECIDED otherwise. Each claim states its rule.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import corruptions, overlap
from robustcore.atlas import plan
from robustcore.atlas import populations as population
from robustcore.atlas.populations import Population
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.overlap import correlation
from robustcore.overlap.balance import MARGIN
from robustcore.reports.claims import _predictive, attacks_and_shifts
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims._evidence import (
    ENOUGH_SET_AFTERWARDS,
    SCENES,
    Evidence,
    Judged,
    claim,
    ends,
    left_out,
    of_interval,
    of_most,
    one_seed,
    signed,
)
from robustcore.reports.claims.sources import Part, Sources

TEXTURE = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "pixelate",
    "jpeg_compression",
)
PUBLISHED = "imagenet-published"
READ = (PUBLISHED, "imagenet-c-", "imagenet-c+", "candidates")  # what the names of the atlases begin with that are read
FORGOTTEN = ("laugros_border", "laugros_obstruction")
AGREES = 0.1  # of a correlation between matrices


def claims(tables: Mapping[str, pd.DataFrame], population: Population | None) -> list[Claim]:
    """All claims of the chapter, in its order.

    Args:
        tables: atlases by name as `overlap.plan.tables` finds them: "imagenet-c-scenes-resnet", "imagenet-c-scenes-vgg",
            "imagenet-c+laugros-scenes-resnet", "candidates...".
        population: models and their robustness; the atlas' own are left out. None where there is none.

    Returns:
        One for each; without its table a claim is undecided.
    """
    evidence = Evidence(tables, population)
    return [*_of_atlases(evidence), *_of_models(evidence)]


def _of_atlases(evidence: Evidence) -> list[Claim]:
    """The claims that no population of models is needed for."""
    return [
        _texture(evidence),
        _architectures(evidence),
        _unbalanced(evidence),
        _forgotten(evidence),
        _predictive.number(evidence),
    ]


def _of_models(evidence: Evidence) -> list[Claim]:
    """The claims about what correlates over models."""
    return [
        _predictive.over_models(evidence),
        _predictive.more_categories(evidence),
        _predictive.balance(evidence),
        _predictive.size(evidence),
        _predictive.selections(evidence),
    ]


def _atlases(sources: Sources) -> dict[str, Path]:
    """The tables that claims read: no other one changes them."""
    return {name: path for name, path in sources.atlases.items() if name.startswith(READ)}


def _judge_atlases(sources: Sources) -> list[Claim]:
    return _of_atlases(Evidence(_Files(_atlases(sources)), None))


def _key_of_atlases(sources: Sources) -> str:
    return sources.files(_atlases(sources))


def _judge_models(sources: Sources) -> list[Claim]:
    models = population.load(sources.populations, sources.store)
    return _of_models(Evidence(_Files(_atlases(sources)), models))


def _key_of_models(sources: Sources) -> str:
    return sources.files(_atlases(sources)) + sources.population


PARTS = (
    Part("atlases", _judge_atlases, _key_of_atlases),
    Part("models", _judge_models, _key_of_models),
    attacks_and_shifts.PART,
)


@dataclasses.dataclass(frozen=True)
class _Files(Mapping[str, pd.DataFrame]):
    """Atlases that are read when a claim needs them, so that a damaged file affects only the claims that need it."""

    paths: Mapping[str, Path]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return plan.read(self.paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def _texture(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        matrix, names = evidence.imagenet_c
        inside = np.array([name in TEXTURE for name in names])
        if inside.sum() < 2 or inside.all():
            raise InvalidArgumentError("the overlaps of the block, or of the rest, are undefined")
        values, again = signed(matrix, names)
        within = np.triu(inside[:, None] & inside[None], 1) & np.isfinite(values)
        across = inside[:, None] & ~inside[None] & np.isfinite(values)
        if not within.any() or not across.any():
            raise InvalidArgumentError("the overlaps of the block, or of the rest, are undefined")
        gaps = np.array([each[within].mean() - each[across].mean() for each in again])
        low, high = ends(gaps)
        inner, outer = float(values[within].mean()), float(values[across].mean())
        block = block_overlaps(inner, int(within.sum()), outer, int(across.sum()), low, high)
        table = pd.DataFrame({"pairs": ["within the block", "with the rest"], "overlap": [inner, outer]})
        pairs = len(TEXTURE) * (len(TEXTURE) - 1) // 2
        verdict, few = of_most(of_interval(low, high, MARGIN), int(within.sum()), pairs, "pairs of the block")
        return verdict, (block, *few, *left_out(names), *one_seed(matrix), *_texture_on_imagenet(evidence)), table

    return claim(
        judge,
        text="The corruptions of ImageNet-C that damage textures (noises, blurs, pixelate, JPEG) overlap with each other.",
        source="Laugros' thesis, section 4.2.4, figure 4.2",
        rule="Mean signed overlap within the block less that of the block with the other corruptions: the 95 % interval over images "
        "and seeds lies above 0; not reproduced where it ends below 0.1; undecided where less than two thirds of the block's pairs "
        "are defined.",
        limits=SCENES,
        set_afterwards=ENOUGH_SET_AFTERWARDS,
    )


def _texture_on_imagenet(evidence: Evidence) -> tuple[Note, ...]:
    """The block in the published table of ImageNet, which is one training each without intervals."""
    try:
        matrix = evidence.atlas(f"{PUBLISHED}*")
    except InvalidArgumentError:
        return ()
    names = [name for name in corruptions.names("imagenet-c") if name in matrix.names and name not in matrix.undefined]
    values = matrix.signed.loc[names, names].to_numpy(float)
    block = tuple(place for place, name in enumerate(names) if name in TEXTURE)
    means = {part: _block_means(values, part) for part in itertools.combinations(range(len(names)), len(block))}
    within, across = means[block]
    as_much = sum(a - b >= within - across - 1e-12 for a, b in means.values())
    return (block_on_imagenet(len(block), len(names), within, across, as_much, len(means)),)


def _block_means(values: npt.NDArray[np.float64], block: tuple[int, ...]) -> tuple[float, float]:
    """The mean overlap within a block, and of the block with the rest."""
    inside = np.isin(np.arange(len(values)), block)
    within, across = np.triu(inside[:, None] & inside[None], 1), inside[:, None] & ~inside[None]
    return float(np.nanmean(values[within])), float(np.nanmean(values[across]))


def _architectures(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        first, second = evidence.imagenet_c[0], evidence.atlas("imagenet-c-scenes-vgg")
        if len(first.by_seed) < 2:
            raise InvalidArgumentError("the ResNet has one training seed, so the agreement of two trainings is unknown")
        seeds = [correlation.agreement(a, b).r for a, b in itertools.combinations(first.by_seed.values(), 2)]
        pairs = [correlation.agreement(a, b) for a in first.by_seed.values() for b in second.by_seed.values()]
        of_seeds, of_both = float(np.mean(seeds)), float(np.mean([each.r for each in pairs]))
        figures: tuple[Note, ...] = (agreement_of_matrices(of_both, of_seeds, pairs[0].pairs),)
        table = pd.DataFrame({"compared": ["architectures", "seeds"], "r": [of_both, of_seeds]})
        if not np.isfinite(of_both) or not of_seeds >= 0.5:
            return UNDECIDED, (*figures, seeds_disagree()), table
        whole = len(corruptions.names("imagenet-c"))
        agree = REPRODUCED if of_both >= of_seeds - AGREES else NOT_REPRODUCED
        verdict, few = of_most(agree, pairs[0].pairs, whole * (whole - 1) // 2, "pairs of corruptions")
        return verdict, (*figures, *few), table

    return claim(
        judge,
        text="The overlaps do not depend on the architecture.",
        source="Laugros' thesis, section 4.2.4, figure 4.2 (ResNet-18 and DenseNet-121)",
        rule="The overlaps of the two architectures correlate, pair by pair, as well as those of two seeds of one of them, to within "
        "0.1; two seeds have to correlate by 0.5 for that to be said, and two thirds of the pairs have to be defined.",
        limits=f"Two small networks with the same stem. {SCENES}",
        set_afterwards=ENOUGH_SET_AFTERWARDS,
    )


def _unbalanced(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        matrix, names = evidence.imagenet_c
        if len(names) < 3:
            raise InvalidArgumentError("fewer than three corruptions have defined overlaps")
        balance = overlap.mean_overlaps(matrix, names)
        again = np.clip(signed(matrix, names)[1], 0, None)
        again[:, range(len(names)), range(len(names))] = np.nan
        means = np.nanmean(again, axis=2)  # (draws, K)
        noise = float(np.quantile((means - means.mean(axis=0)).std(axis=1), 0.95))
        table = balance.means.sort_values("mean", ascending=False).rename_axis("corruption").reset_index()
        most, least = table.iloc[0], table.iloc[-1]
        spread = spread_of_means(
            len(names),
            balance.spread,
            noise,
            (str(least["corruption"]), float(least["mean"])),
            (str(most["corruption"]), float(most["mean"])),
        )
        uneven = REPRODUCED if balance.spread > noise else NOT_REPRODUCED if noise < MARGIN else UNDECIDED
        verdict, few = of_most(uneven, len(names), len(corruptions.names("imagenet-c")), "corruptions")
        return verdict, (spread, *few, *_example(table), *left_out(names), *one_seed(matrix)), table

    return claim(
        judge,
        text="ImageNet-C is unbalanced: some of its corruptions overlap with the others much more than others do.",
        source="Laugros' thesis, section 4.2.5, figure 4.2",
        rule="The standard deviation of the mean overlaps exceeds what noise over images and seeds makes of equal ones in 95 of 100 "
        "cases; not reproduced where noise makes less than 0.1; undecided where less than two thirds of the corruptions have defined "
        "overlaps.",
        limits=SCENES,
        set_afterwards=ENOUGH_SET_AFTERWARDS,
    )


def _forgotten(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        matrix = evidence.atlas("imagenet-c+laugros*")
        whole = [name for name in corruptions.names("imagenet-c") if name in matrix.names]
        forgotten = [name for name in FORGOTTEN if name in matrix.names]
        if not whole or len(forgotten) < len(FORGOTTEN):
            raise InvalidArgumentError("border, obstruction or ImageNet-C is not in the atlas")
        covered = overlap.coverage(matrix, whole, forgotten)
        rows = covered.rename_axis("corruption").reset_index()
        figures = tuple(
            coverage_of(
                row["corruption"], row["verdict"], row["best"], row["low"], row["high"], row["by"], row["reach"]
            )
            if row["by"]
            else no_coverage(row["corruption"], row["reason"])
            for row in rows.to_dict("records")
        )
        verdicts = set(covered["verdict"])
        judged = (*figures, *one_seed(matrix))
        table = rows.assign(reason=[str(why or "") for why in rows["reason"]])
        if verdicts == {"not covered"}:
            return REPRODUCED, judged, table
        return NOT_REPRODUCED if "covered" in verdicts else UNDECIDED, judged, table

    return claim(
        judge,
        text="ImageNet-C does not cover border and obstruction.",
        source="Laugros' thesis, section 4.2.6, table 4.1",
        rule="Every overlap of the two with a corruption of ImageNet-C has an upper end (95 %) below 0.1; not reproduced where a lower end "
        "exceeds 0.1. The thesis' own criterion, all overlaps zero, is met by noise in half of all null pairs.",
        limits=SCENES,
    )


def _example(table: pd.DataFrame) -> tuple[Note, ...]:
    """The thesis' own example, where both corruptions have a mean."""
    means = table.set_index("corruption")["mean"]
    if not {"pixelate", "brightness"} <= set(means.index):
        return ()
    return (example_of_the_thesis(float(means["pixelate"]), float(means["brightness"])),)


# Figures, each without a full stop.


@note
def block_overlaps(within: float, pairs_within: int, across: float, pairs_across: int, low: float, high: float) -> str:
    return (
        f"Pairs within the block overlap by {within:.2f} ({pairs_within} pairs), pairs of the block with the rest by {across:.2f} "
        f"({pairs_across}): difference {within - across:+.2f} ({low:+.2f} to {high:+.2f})"
    )


@note
def block_on_imagenet(block: int, names: int, within: float, across: float, as_much: int, divisions: int) -> str:
    return (
        f"On ImageNet (published, ResNet-50, one training each, {block} corruptions of the block among {names}): {within:.2f} within, {across:.2f} with the "
        f"rest, difference {within - across:+.2f}; of the {divisions} ways to choose {block} of them {as_much} give as much"
    )


@note
def agreement_of_matrices(architectures: float, seeds: float, pairs: int) -> str:
    return (
        f"Matrices of one training each: r = {architectures:.2f} between the architectures, r = {seeds:.2f} between two seeds of "
        f"the ResNet, over {pairs} pairs of corruptions"
    )


@note
def seeds_disagree() -> str:
    return "Two trainings of one architecture agree too little to compare architectures"


@note
def spread_of_means(
    corruptions: int, spread: float, noise: float, least: tuple[str, float], most: tuple[str, float]
) -> str:
    return (
        f"The mean overlaps of {corruptions} corruptions have a standard deviation of {spread:.3f}; noise alone gives up to "
        f"{noise:.3f}. They range from {least[1]:.2f} ({display_name(least[0], 'corruption', inside=True)}) to {most[1]:.2f} ({display_name(most[0], 'corruption', inside=True)})"
    )


@note
def example_of_the_thesis(pixelate: float, brightness: float) -> str:
    return f"The thesis' example: pixelate {pixelate:.2f}, brightness {brightness:.2f}"


@note
def coverage_of(corruption: str, verdict: str, best: float, low: float, high: float, by: str, reach: float) -> str:
    return (
        f"{display_name(corruption, 'corruption')}: {verdict}, greatest overlap {best:.2f} ({low:.2f} to {high:.2f}) with {display_name(by, 'corruption', inside=True)}, "
        f"highest upper end {reach:.2f}"
    )


@note
def no_coverage(corruption: str, reason: Note) -> str:
    return f"{display_name(corruption, 'corruption')}: {reason.text}"
