"""The page Claims."""

from dashboard.views.claims.page import PAGE, render

__all__ = ["PAGE", "render"]
