"""The page Corruptions."""

from dashboard.views.corruptions.page import PAGE, render

__all__ = ["PAGE", "render"]
