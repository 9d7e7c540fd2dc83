"""Which of several models withstands which corruption, attack or shift better, down to single images."""

from dashboard.views.compare.page import PAGE, render

__all__ = ["PAGE", "render"]
