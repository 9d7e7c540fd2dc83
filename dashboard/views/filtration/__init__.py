"""Of many images those that two models get wrong on every crop, for review, as a dataset."""

from dashboard.views.filtration.page import PAGE, render

__all__ = ["PAGE", "render"]
