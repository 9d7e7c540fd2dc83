"""Calibration: whether models are right as often as they are sure."""

from dashboard.views.calibration.page import PAGE, render

__all__ = ["PAGE", "render"]
