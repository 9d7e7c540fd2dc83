"""The page Severity."""

from dashboard.views.severity.page import PAGE, render

__all__ = ["PAGE", "render"]
