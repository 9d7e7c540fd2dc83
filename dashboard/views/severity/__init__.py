"""Whether every severity of a suite is harder than the one before."""

from dashboard.views.severity.page import PAGE, render

__all__ = ["PAGE", "render"]
