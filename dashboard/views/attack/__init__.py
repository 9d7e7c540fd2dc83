"""How small a change within a budget makes a model err on one image, step by step."""

from dashboard.views.attack.page import PAGE, render

__all__ = ["PAGE", "render"]
