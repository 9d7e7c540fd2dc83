"""One model: what it is, what it withstands, what breaks it, and the pages that show more of it."""

from dashboard.views.model.page import PAGE, render

__all__ = ["PAGE", "render"]
