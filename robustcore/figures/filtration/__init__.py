"""Filtration: how many images every step leaves, and who is fooled by those that are kept."""

from robustcore.figures.filtration.funnel import funnel
from robustcore.figures.filtration.transfer import transfer

__all__ = ["funnel", "transfer"]
