"""The page Compare."""

from dashboard.views.compare.page import PAGE, render

__all__ = ["PAGE", "render"]
