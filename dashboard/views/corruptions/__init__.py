"""What every corruption does to one image, and which of them change a model's answer."""

from dashboard.views.corruptions.page import PAGE, render

__all__ = ["PAGE", "render"]
