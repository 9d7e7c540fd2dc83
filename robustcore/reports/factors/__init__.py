"""Controlled shifts: the gap between test images and the same images with one factor changed."""

from robustcore.reports.factors.gaps import SUITE, Gaps, Tracking, measure, printed, tracking

__all__ = ["SUITE", "Gaps", "Tracking", "measure", "printed", "tracking"]
