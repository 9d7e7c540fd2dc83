"""The page Overview."""

from dashboard.views.overview.page import PAGE, render

__all__ = ["PAGE", "render"]
