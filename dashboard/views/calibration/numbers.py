"""What the page shows, read from results by workers and kept on the disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pandas as pd

from dashboard import cache
from dashboard.cache import expiry
from dashboard.cache.offload import offload
from dashboard.views.calibration import controls
from dashboard.views.calibration.controls import Choice
from dashboard.widgets.kept import outputs as kept_outputs
from dashboard.widgets.kept.outputs import Part
from dashboard.workers import calibrations
from dashboard.workers.calibrations import Gathered
from dashboard.workers.tasks import DatasetKey, ImagesKey
from robustcore import derived
from robustcore.datasets import Dataset, prepared_for
from robustcore.evaluation import Condition
from robustcore.evaluation.plan import Subject
from robustcore.metrics.calibration import Bins
from robustcore.reports.calibration import Mistakes, Tempered, shipped_bins

_KIND = "calibration"
_TEMPERATURE = f"{_KIND}-temperature"
SHOWN = 12  # mistakes


@dataclasses.dataclass(frozen=True)
class Numbers:
    """All models under all conditions.

    Attributes:
        table: of `reports.calibration`, with the conditions as canonical JSON.
        bins: (model, condition) -> bins of 100 images.
        keys: what the results are found by.
    """

    table: pd.DataFrame
    bins: dict[tuple[str, str], Bins]
    keys: pd.DataFrame


def gather(choice: Choice) -> Numbers:
    """The calibration of the chosen models."""
    parts = {subject.name: _gathered(choice, subject) for subject in choice.subjects}
    bins = {(name, condition): each for name, part in parts.items() for condition, each in part.bins.items()}
    table, keys = (
        pd.concat([getattr(part, name) for part in parts.values()], ignore_index=True) for name in ("table", "keys")
    )
    return Numbers(table, bins, keys)


def compute_first() -> None:
    """Compute what the page draws before anything is chosen; draws nothing."""
    choice = controls.first()
    if choice is not None:
        gather(choice)
        mistakes(choice, choice.subjects[0], Condition.clean().canonical())


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


def tempered(model: str, images: Dataset, validation: Dataset, limit: int, stop: Callable[[], None]) -> Tempered:
    """Confidences before and after a fitted temperature; computed with a progress bar and a button that stops.

    Args:
        model: by name.
        images, validation: as loaded.
        limit: the number of images of each.
        stop: called by the button.
    """
    model_key = (model, cache.models.fingerprint(model))
    keys = ImagesKey.of(images), ImagesKey.of(validation)
    digest = derived.digest(model_key, *keys, limit)
    kept: Tempered | None = derived.get(_TEMPERATURE, digest)
    if kept is not None:
        return kept
    kept_outputs.compute(
        [
            Part(title, calibrations.keep, (model_key, key), min(limit, len(each)))
            for title, key, each in zip(("test images", "validation images"), keys, (images, validation), strict=True)
        ],
        key=_TEMPERATURE,
        identity=digest,
        side=cache.models.card(model).side,
        stop=stop,
        last="fitting the temperature",
    )
    found: Tempered = offload(_TEMPERATURE, digest, calibrations.tempered, model_key, *keys, limit)
    return found


def _key(choice: Choice, subject: Subject) -> DatasetKey:
    return DatasetKey.of(prepared_for(choice.dataset, subject.preparation))


def _results() -> list[tuple[str, int, int, int]]:
    """What tells one state of the results from another."""
    versions = [(v.path, v.size, v.written, v.changed) for v in expiry.result_versions()]
    bins = shipped_bins.path()
    return [*versions, (bins.name, bins.stat().st_size if bins.exists() else 0, 0, 0)]
