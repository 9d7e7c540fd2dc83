"""Several labels: mAP on test sets that change one thing, and the detection of unknown shapes; what ships."""

from robustcore.reports.multilabel.table import LabelsReport, build, is_current, measure, path, read

__all__ = ["LabelsReport", "build", "is_current", "measure", "path", "read"]
