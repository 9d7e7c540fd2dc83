"""Figures of detection that Basart's thesis prints, where the images are those of a report."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from robustcore import published
from robustcore.datasets._base import Dataset
from robustcore.datasets.released.alone import CIFAR10
from robustcore.reports.detection import imagenet_o
from robustcore.reports.detection.sets import UnknownSet

COLUMNS = ("printed", "metric", "set", "value", "where")
_DOCUMENT = "basart"


def printed(known: Dataset, sets: Sequence[UnknownSet]) -> pd.DataFrame:
    """What is printed of the same unknown images, or of the same known ones.

    ImageNet-O: AUPR of the maximum softmax over 200 logits, 2,000 unknown beside 10,000 known images. CIFAR-10: AUROC, the mean over
    the document's sets.

    Args:
        known: the known images.
        sets: of unknown images.

    Returns:
        `COLUMNS`, a row for each figure: what it is of (a network or a score), the metric's name, the set's name ("" for a mean over
        sets), the value 0 .. 1, and where it is printed. Empty where nothing agrees.
    """
    rows = []
    for each in sets:
        if imagenet_o.is_it(each, known):
            rows += _rows("section 3.4", "aupr", imagenet_o.NAME, each.name)
    if {name.lower() for name in known.classes} == set(CIFAR10):
        rows += _rows("section 4.3", "auroc", "CIFAR-10", "")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(table: str, metric: str, condition: str, of_set: str) -> list[tuple[str, str, str, float, str]]:
    figures = published.load(_DOCUMENT, table)
    figures = figures[(figures["metric"] == metric) & (figures["condition"] == condition)]
    return [
        (str(row["model"]), metric, of_set, float(row["value"]) / 100, f"Basart's thesis, {table}")
        for row in figures.to_dict("records")
    ]
