"""Which corruptions make a benchmark that counts nothing twice and predicts natural shifts."""

from dashboard.views.builder.page import PAGE, render

__all__ = ["PAGE", "render"]
