"""Calibration of evaluated models, clean and corrupted: from confidences where they are stored, from shipped bins elsewhere."""

from robustcore.reports.calibration.table import COLUMNS, Calibration, gather

__all__ = ["COLUMNS", "Calibration", "gather"]
