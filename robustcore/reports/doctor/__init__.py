"""Doctor: what was understood of a model and a data set, and whether the model does better when they are read otherwise.

Most complaints about a wrong accuracy end in one of a few causes: the classes in another order, channels in BGR order, pixels in
another range, another normalisation, another size, answers that are probabilities or depend on the batch. Each is tried on the
same images, and what it gave is said with what to do about it.
"""

from __future__ import annotations

import dataclasses
import math

from robustcore.datasets._base import Dataset
from robustcore.models.classifier import Classifier
from robustcore.notes import Note
from robustcore.reports.doctor.checks import READING, Check, conclusion, names, run
from robustcore.reports.doctor.overview import Answer, Overview, Step, overview
from robustcore.reports.doctor.sample import IMAGES, Sample

__all__ = [
    "IMAGES",
    "READING",
    "Answer",
    "Check",
    "Overview",
    "Report",
    "Sample",
    "Step",
    "conclusion",
    "examine",
    "names",
    "overview",
    "run",
    "sorted_checks",
]


@dataclasses.dataclass(frozen=True)
class Report:
    """What the doctor saw.

    Attributes:
        overview: what was understood of the model and the data, and some answers.
        checks: what was tried and what it gave: first how robustcore reads them, then other readings, the best first, then the rest.
        notes: what is wrong or suspicious, with its remedy.
    """

    overview: Overview
    checks: tuple[Check, ...]
    notes: tuple[Note, ...]

    @property
    def readings(self) -> tuple[Check, ...]:
        """The checks that read images or labels otherwise; the first is how robustcore reads them."""
        return tuple(check for check in self.checks if check.kind == READING)

    @property
    def is_well(self) -> bool:
        """Whether nothing suspicious was seen."""
        return not self.notes


def examine(model: Classifier, dataset: Dataset, *, images: int = IMAGES) -> Report:
    """Look at a model on a data set's images, a part of them spread evenly over it.

    Raises:
        RobustcoreError: images or answers that cannot be had at all; the message says why.
    """
    sample = Sample(model, dataset, images)
    checks = [check for name in names(sample) for check in run(sample, name)]
    return Report(
        overview(sample),
        sorted_checks(checks),
        tuple(conclusion(model.card.name, len(model.card.classes), sample.labelled, checks)),
    )


def sorted_checks(checks: list[Check]) -> tuple[Check, ...]:
    """The checks as they are listed: how images are read now, other readings, the best first, then the rest."""
    readings = [check for check in checks if check.kind == READING]
    others = sorted(readings[1:], key=lambda check: 1 if math.isnan(check.accuracy) else -check.accuracy)
    return (*readings[:1], *others, *(check for check in checks if check.kind != READING))
