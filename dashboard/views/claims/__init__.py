"""Which claims of the literature the stored results reproduce, and which they do not."""

from dashboard.views.claims.page import PAGE, render

__all__ = ["PAGE", "render"]
