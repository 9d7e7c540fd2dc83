"""A small table of models: the colour that each has in the figures, and a few numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

_CELL = "padding:.35rem .9rem .35rem 0;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_LINE = "border-bottom:1px solid color-mix(in srgb, currentColor 18%, transparent)"


def show(
    headings: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    *,
    notes: Sequence[str] = (),
    colours: Sequence[str] = (),
) -> None:
    """One row for each model.

    Args:
        headings: of the columns behind the model's name.
        rows: (model, one text for each heading; what stands behind a line break is set small).
        notes: one for each row, in small print below the name, or "".
        colours: all models in the order in which the figures draw them, where that is another one.
    """
    from robustcore import figures

    drawn = figures.strokes(list(colours) or [model for model, _ in rows])
    head = "".join(f'<th scope="col" style="{_CELL};font-weight:500;opacity:.7">{escape(h)}</th>' for h in headings)
    body = ""
    for place, (model, texts) in enumerate(rows):
        swatch = (
            f'<span style="display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.55em;'
            f'background:{drawn[model].colour}"></span>'
        )
        note = notes[place] if place < len(notes) else ""
        small = f'<div style="font-size:.8em;opacity:.7;padding-left:1.35em">{escape(note)}</div>' if note else ""
        cells = "".join(f'<td style="{_CELL}">{_cell(text)}</td>' for text in texts)
        name = (
            '<th scope="row" style="padding:.35rem .9rem .35rem 0;text-align:left;font-weight:600;overflow-wrap:anywhere;'
            f'min-width:9em">{swatch}{escape(model)}{small}</th>'
        )
        body += f'<tr style="{_LINE}">{name}{cells}</tr>'
    st.html(
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:.93rem">'
        f'<thead><tr style="{_LINE}"><th style="text-align:left;font-weight:500;opacity:.7;padding-right:.9rem">Model</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    first, _, below = text.partition("\n")
    small = f'<div style="font-size:.8em;opacity:.7">{escape(below)}</div>' if below else ""
    return escape(first) + small
