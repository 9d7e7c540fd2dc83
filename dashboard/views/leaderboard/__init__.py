"""Every ImageNet model that is known, published or evaluated here, in one sortable table."""

from dashboard.views.leaderboard.page import PAGE, render

__all__ = ["PAGE", "render"]
