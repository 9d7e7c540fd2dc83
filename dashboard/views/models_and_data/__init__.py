"""Models and data: add a model, look at a folder, see how both are read, and check it."""

from dashboard.views.models_and_data.page import PAGE, render

__all__ = ["PAGE", "render"]
