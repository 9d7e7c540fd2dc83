"""Factors: one factor of a scene at a time."""

from dashboard.views.factors.page import PAGE, render

__all__ = ["PAGE", "render"]
