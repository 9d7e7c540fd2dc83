"""Whether models meet the requirements that a specification writes down."""

from dashboard.views.specification.page import PAGE, render

__all__ = ["PAGE", "render"]
