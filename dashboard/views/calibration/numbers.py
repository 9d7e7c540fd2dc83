"""What the page shows, read from results by workers and kept on the disk."""

from __future__ import annotations

import dataclasses

import pandas as pd

from dashboard import cache
from dashboard.cache import expiry
from dashboard.cache.offload import offload
from dashboard.views.calibration.controls import Choice
from dashboard.workers import calibrations
from dashboard.workers.calibrations import Gathered
from dashboard.workers.tasks import DatasetKey, ImagesKey
from robustcore import derived
from robustcore.datasets import prepared_for
from robustcore.evaluation.plan import Subject
from robustcore.metrics.calibration import Bins
from robustcore.reports.calibration import Mistakes, Tempered, shipped_bins

_KIND = "calibration"
SHOWN = 12  # mistakes


@dataclasses.dataclass(frozen=True)
class Numbers:
    """All models under all conditions.

    Attributes:
        table: of `reports.calibration`, with the conditions as canonical JSON.
        bins: (model, condition) -> bins of 100 images.
    """

    table: pd.DataFrame
    bins: dict[tuple[str, str], Bins]


def gather(choice: Choice) -> Numbers:
    """The calibration of the chosen models."""
    parts = {subject.name: _gathered(choice, subject) for subject in choice.subjects}
    bins = {(name, condition): each for name, part in parts.items() for condition, each in part.bins.items()}
    return Numbers(pd.concat([part.table for part in parts.values()], ignore_index=True), bins)


def _gathered(choice: Choice, subject: Subject) -> Gathered:
    dataset = _key(choice, subject)
    arguments = (subject, dataset, choice.suite, choice.seed)
    found: Gathered = offload(_KIND, derived.digest(*arguments, _results()), calibrations.gathered, *arguments)
    return found


def mistakes(choice: Choice, subject: Subject, condition: str) -> Mistakes | None:
    """The surest wrong answers of a model under a condition."""
    arguments = (subject, _key(choice, subject), condition, choice.seed, SHOWN)
    found: Mistakes | None = offload(
        f"{_KIND}-mistakes", derived.digest(*arguments, _results()), calibrations.mistakes, *arguments
    )
    return found


def tempered(model: str, images: ImagesKey, validation: ImagesKey, limit: int) -> Tempered:
    """Confidences before and after a fitted temperature."""
    arguments = ((model, cache.models.fingerprint(model)), images, validation, limit)
    found: Tempered = offload(f"{_KIND}-temperature", derived.digest(*arguments), calibrations.tempered, *arguments)
    return found


def _key(choice: Choice, subject: Subject) -> DatasetKey:
    return DatasetKey.of(prepared_for(choice.dataset, subject.preparation))


def _results() -> list[tuple[str, int, int, int]]:
    """What tells one state of the results from another."""
    versions = [(v.path, v.size, v.written, v.changed) for v in expiry.result_versions()]
    bins = shipped_bins.path()
    return [*versions, (bins.name, bins.stat().st_size if bins.exists() else 0, 0, 0)]
