"""The page Sequences."""

from dashboard.views.sequences.page import PAGE, render

__all__ = ["PAGE", "render"]
