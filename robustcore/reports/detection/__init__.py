"""Unknown images and how well a model notices them: scores x sets, with intervals and what each score said of each image."""

from robustcore.reports.detection.sets import UnknownSet, conditions_for, titled
from robustcore.reports.detection.table import COLUMNS, DetectionReport, detect

__all__ = ["COLUMNS", "DetectionReport", "UnknownSet", "conditions_for", "detect", "titled"]
