"""Segmentation: what a network has no class for, pixel by pixel."""

from dashboard.views.segmentation.page import PAGE, render

__all__ = ["PAGE", "render"]
