"""Unknown images and how well a model notices them: scores x sets, with intervals and what each score said of each image."""

from robustcore.reports.detection import imagenet_o
from robustcore.reports.detection.evidence import evidence
from robustcore.reports.detection.noticing import Course, follow
from robustcore.reports.detection.printed import printed
from robustcore.reports.detection.sets import UnknownSet, conditions_for, knows, of_images, resolved, titled
from robustcore.reports.detection.stored import from_results
from robustcore.reports.detection.table import COLUMNS, DetectionReport, Needed, detect, needed

__all__ = [
    "COLUMNS",
    "Course",
    "DetectionReport",
    "Needed",
    "UnknownSet",
    "conditions_for",
    "detect",
    "evidence",
    "follow",
    "from_results",
    "imagenet_o",
    "knows",
    "needed",
    "of_images",
    "printed",
    "resolved",
    "titled",
]
