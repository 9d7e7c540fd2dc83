"""The page Attack."""

from dashboard.views.attack.page import PAGE, render

__all__ = ["PAGE", "render"]
