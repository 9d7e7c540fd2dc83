"""What an evaluation costs here, how it runs, and what has been evaluated."""

from dashboard.views.evaluate.page import PAGE, render

__all__ = ["PAGE", "render"]
