"""Severity tools: calibrate a corruption's range for a model and a dataset, and audit the severities of a suite."""

from __future__ import annotations

from robustcore.reports.severity.audit import Audit, audit, findings, footer, joined
from robustcore.reports.severity.calibration import Bound, Calibration, calibrate, search
from robustcore.reports.severity.distances import distances
from robustcore.reports.severity.ranges import Range, range_of, record

__all__ = [
    "Audit",
    "Bound",
    "Calibration",
    "Range",
    "audit",
    "calibrate",
    "distances",
    "findings",
    "footer",
    "joined",
    "range_of",
    "record",
    "search",
]
