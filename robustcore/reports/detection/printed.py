"""Figures of detection that Basart's thesis prints, where the images are those of a report."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from robustcore import published
from robustcore.datasets.released import CIFAR10
from robustcore.reports.detection.sets import UnknownSet

COLUMNS = ("printed", "metric", "set", "value", "where")
IMAGENET_O = "imagenet-o"
_DOCUMENT = "basart"


def printed(classes: Sequence[str], sets: Sequence[UnknownSet]) -> pd.DataFrame:
    """What is printed of the same unknown images, or of the same known ones.

    ImageNet-O: AUPR of the maximum softmax over 200 logits, 2,000 unknown beside 10,000 known images. CIFAR-10: AUROC, the mean over
    the document's sets.

    Args:
        classes: of the known images.
        sets: of unknown images; ImageNet-O is known by its name, whatever the case.

    Returns:
        `COLUMNS`, a row for each figure: what it is of (a network or a score), the metric's name, the set's name ("" for a mean over
        sets), the value 0 .. 1, and where it is printed. Empty where nothing agrees.
    """
    rows = []
    for each in sets:
        if IMAGENET_O in each.name.rpartition("/")[2].lower():
            rows += _rows("section 3.4", "aupr", IMAGENET_O, each.name)
    if {name.lower() for name in classes} == set(CIFAR10):
        rows += _rows("section 4.3", "auroc", "CIFAR-10", "")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(table: str, metric: str, condition: str, of_set: str) -> list[tuple[str, str, str, float, str]]:
    figures = published.load(_DOCUMENT, table)
    figures = figures[(figures["metric"] == metric) & (figures["condition"] == condition)]
    return [
        (str(row["model"]), metric, of_set, float(row["value"]) / 100, f"Basart's thesis, {table}")
        for row in figures.to_dict("records")
    ]
