"""Where networks look, what their channels make of an image, and how alike they compute."""

from dashboard.views.inside.page import PAGE, render

__all__ = ["PAGE", "render"]
