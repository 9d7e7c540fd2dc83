"""Detection: whether a model notices that it does not know an image."""

from dashboard.views.detection.page import PAGE, render

__all__ = ["PAGE", "render"]
