"""Which corruptions measure the same, and what a benchmark of them counts twice or leaves out."""

from dashboard.views.overlap.page import PAGE, render

__all__ = ["PAGE", "render"]
