"""Overlap: which corruptions measure the same thing. Arithmetic on tables of accuracies (Laugros' thesis, chapter 4)."""

from __future__ import annotations

from robustcore.overlap.balance import Balance, coverage, mean_overlaps
from robustcore.overlap.overlaps import Cell, Overlap, measure, scores

__all__ = ["Balance", "Cell", "Overlap", "coverage", "mean_overlaps", "measure", "scores"]
