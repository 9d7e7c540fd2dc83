"""The page Evaluate."""

from dashboard.views.evaluate.page import PAGE, render

__all__ = ["PAGE", "render"]
