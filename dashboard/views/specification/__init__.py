"""The page Specification."""

from dashboard.views.specification.page import PAGE, render

__all__ = ["PAGE", "render"]
