"""The page Builder."""

from dashboard.views.builder.page import PAGE, render

__all__ = ["PAGE", "render"]
