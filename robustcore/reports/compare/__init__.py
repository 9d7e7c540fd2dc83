"""Several models under the conditions of some suites: tables, intervals, references, baselines, example images, documents."""

from __future__ import annotations

from robustcore.reports.compare.comparison import CLEAN, Comparison, conditions, gather, subjects

__all__ = ["CLEAN", "Comparison", "conditions", "gather", "subjects"]
