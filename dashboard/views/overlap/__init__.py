"""The page Overlap."""

from dashboard.views.overlap.page import PAGE, render

__all__ = ["PAGE", "render"]
