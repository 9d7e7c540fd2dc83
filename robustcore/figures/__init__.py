"""Figures: pure functions from tidy tables to Plotly figures, one module for each family of figures."""

from __future__ import annotations

from robustcore.figures._style import PALETTE, alt, short, strokes, to_html

__all__ = ["PALETTE", "alt", "short", "strokes", "to_html"]
