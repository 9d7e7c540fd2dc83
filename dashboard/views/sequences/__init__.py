"""How often a model's answer flips while a perturbation grows frame by frame."""

from dashboard.views.sequences.page import PAGE, render

__all__ = ["PAGE", "render"]
