"""Training: choose, see what it costs, launch, follow the progress, see how it went."""

from dashboard.views.training.page import PAGE, render

__all__ = ["PAGE", "render"]
