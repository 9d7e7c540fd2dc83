"""Images: those that break first and last, confident mistakes, disagreements, confusions, and a map of images."""

from dashboard.views.images.page import PAGE, render

__all__ = ["PAGE", "render"]
