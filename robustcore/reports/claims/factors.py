"""What the documents say about controlled shifts: which factors hurt, and whether OOD follows IID.

The dissertation's own sets cannot be had; these are the factors of scenes, of models of the demo zoo.
"""

from __future__ import annotations

import numpy as np

from robustcore.datasets.scenes import FACTORS
from robustcore.errors import RobustcoreError
from robustcore.evaluation import Store, suites
from robustcore.metrics import bootstrap
from robustcore.notes import Note, note
from robustcore.reports import factors
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims.sources import Part, Sources
from robustcore.reports.factors import Gaps

TOPIC = "factors"
DATASET = "scenes"
OURS = (
    "How strong each factor is at its ends is our choice, so that which one hurts most follows from it in part. Scenes show one "
    "object, and accuracy is not mAP."
)
LEAST = 0.5  # of a correlation that is called tracking


@note
def no_factor_results(reason: str) -> str:
    return reason.removesuffix(".")


@note
def mean_gaps_of_factors(gaps: tuple[tuple[str, float, float, float], ...], models: int, images: int) -> str:
    """`gaps`: (factor, mean gap, its interval) in 0..1."""
    each = "; ".join(
        f"{FACTORS[name].title.lower()} {100 * value:.1f} points ({100 * low:.1f} to {100 * high:.1f})"
        for name, value, low, high in gaps
    )
    return f"Mean gap over {models} models: {each}; n = {images:,} images"


@note
def least_lead(first: str, second: str, lead: float, low: float, high: float) -> str:
    return (
        f"Least lead: {FACTORS[first].title.lower()} over {FACTORS[second].title.lower()}, {100 * lead:+.1f} points "
        f"({100 * low:.1f} to {100 * high:.1f})"
    )


@note
def correlation_of_accuracies(r: float, low: float, high: float, slope: float, models: int, images: int) -> str:
    return (
        f"r = {r:.2f} ({low:.2f} to {high:.2f}) between IID and mean OOD accuracy over {models} models, {slope:.1f} points of OOD for a "
        f"point of IID; n = {images:,} images"
    )


@note
def too_few_models_to_track(models: int) -> str:
    return f"{models} models are too few for a correlation"


def judge(store: Store) -> tuple[Claim, ...]:
    """The claims, judged by what is stored of the models of the demo."""
    texts = _texts()
    try:
        gaps = _gaps(store)
    except RobustcoreError as error:
        why = no_factor_results(str(error))
        return tuple(
            Claim(TOPIC, text, source, UNDECIDED, rule, (why,), limits=limits) for text, source, rule, limits in texts
        )
    verdicts = [
        _hurt_more(gaps, ("size", "occlusion"), ("viewpoint", "zoom")),
        _hurt_more(gaps, ("country",), ("year", "camera")),
    ]
    claims = [
        Claim(TOPIC, text, source, verdict, rule, figures, gaps.hurts, limits)
        for (text, source, rule, limits), (verdict, figures) in zip(texts, verdicts, strict=False)
    ]
    text, source, rule, limits = texts[2]
    verdict, figures = _tracks(gaps)
    return (*claims, Claim(TOPIC, text, source, verdict, rule, figures, gaps.models, limits))


def key(sources: Sources) -> str:
    """A digest of the results that the claims are judged by."""
    from robustcore.datasets import load_dataset

    return sources.results(load_dataset(DATASET), suites.resolve(factors.SUITE), _models())


PARTS = (Part(TOPIC, lambda sources: judge(sources.store), key),)


def _texts() -> tuple[tuple[str, str, str, str], ...]:
    """(claim, source, rule, limits)."""
    return (
        (
            "Of size, occlusion, viewpoint and zoom, size and occlusion hurt most.",
            "Basart, dissertation, section 6.4, table 6.2",
            "Over the models, the mean gap of size and that of occlusion each exceed those of viewpoint and of zoom: all four "
            "differences lie above 0 with their intervals; not reproduced where one lies below 0 with its interval.",
            OURS,
        ),
        (
            "The country of the images hurts, the year and the camera hardly do.",
            "Basart, dissertation, section 5.5.2, table 5.2",
            "Over the models, the mean gap of country exceeds those of year and of camera: both differences lie above 0 with their "
            "intervals; not reproduced where one lies below 0 with its interval.",
            OURS,
        ),
        (
            "Accuracy on changed factors follows accuracy on test images: training changes little beyond that.",
            "Basart, dissertation, section 6.4 (table 6.2)",
            "The correlation of IID and mean OOD accuracy over the models lies above 0 with its interval; not reproduced where the "
            f"interval ends below {LEAST}.",
            "Sixteen models, many trained from the same weights; the interval assumes independent ones and is too narrow.",
        ),
    )


def _models() -> list[str]:
    """Of the demo zoo, which everybody has."""
    from robustcore.training import zoo

    return sorted(zoo.ZOO)


def _gaps(store: Store) -> Gaps:
    from robustcore.datasets import load_dataset
    from robustcore.reports import compare
    from robustcore.reports.compare import answers

    dataset = load_dataset(DATASET)
    stored = {subject.name for subject in store.subjects(dataset.fingerprint)}
    names = [name for name in _models() if name in stored]
    comparison = compare.gather(compare.subjects(names, dataset, store=store), dataset, [factors.SUITE], store=store)
    return factors.measure(comparison, answers=answers.read(comparison, dataset, store=store))


def _hurt_more(gaps: Gaps, most: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, tuple[Note, ...]]:
    places = {str(name): place for place, name in enumerate(gaps.hurts["factor"])}
    listed = gaps.hurts[gaps.hurts["factor"].isin([*most, *others])]
    figures = mean_gaps_of_factors(
        tuple(tuple(row) for row in listed[["factor", "gap", "low", "high"]].itertuples(index=False)),
        len(gaps.models),
        gaps.images,
    )
    leads = []
    for first in most:
        for second in others:
            low, high = bootstrap.interval(gaps.draws[:, places[first]] - gaps.draws[:, places[second]])
            value = float(gaps.hurts["gap"][places[first]] - gaps.hurts["gap"][places[second]])
            leads.append((value, float(low), float(high), first, second))
    lead, low_end, high_end, first, second = min(leads)
    least = least_lead(first, second, lead, low_end, high_end)
    if all(low > 0 for _, low, *_ in leads):
        return REPRODUCED, (figures, least)
    return (NOT_REPRODUCED if any(high < 0 for _, _, high, *_ in leads) else UNDECIDED), (figures, least)


def _tracks(gaps: Gaps) -> tuple[str, tuple[Note, ...]]:
    tracked = factors.tracking(gaps.models)
    if not np.isfinite(tracked.r):
        return UNDECIDED, (too_few_models_to_track(tracked.models),)
    figures = correlation_of_accuracies(
        tracked.r, tracked.low, tracked.high, tracked.slope, tracked.models, gaps.images
    )
    verdict = REPRODUCED if tracked.low > 0 else NOT_REPRODUCED if tracked.high < LEAST else UNDECIDED
    return verdict, (figures,)
