"""Calibration of evaluated models, clean and corrupted: from confidences where they are stored, from shipped bins elsewhere."""

from robustcore.reports.calibration.answers import Mistakes, Tempered, confident_mistakes, tempered
from robustcore.reports.calibration.table import COLUMNS, Calibration, as_stored, gather

__all__ = [
    "COLUMNS",
    "Calibration",
    "Mistakes",
    "Tempered",
    "as_stored",
    "confident_mistakes",
    "gather",
    "tempered",
]
