"""How robust every evaluated model is, and what breaks it first."""

from dashboard.views.overview.page import PAGE, render

__all__ = ["PAGE", "render"]
