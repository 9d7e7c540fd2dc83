"""A small table of models: the colour that each has in the figures, and a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.widgets import links
from dashboard.widgets.markup import Markup
from robustcore.reports.compare import published_models

_CELL = "padding:.35rem .9rem .35rem 0;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_LINE = "border-bottom:1px solid color-mix(in srgb, currentColor 18%, transparent)"


def show(
    headings: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    *,
    key: str,
    notes: Sequence[str] = (),
    colours: Sequence[str] = (),
) -> None:
    """One row for each model, whose name leads to its page.

    Args:
        headings: of the columns behind the model's name.
        rows: (model, one text for each heading; what stands behind a line break is set small).
        key: unique on the page.
        notes: one for each row, in small print below the name, or "".
        colours: all models in the order in which the figures draw them, where that is another one.
    """
    from robustcore import figures

    paths = links.paths()
    drawn = figures.strokes(list(colours) or [model for model, _ in rows])
    head = Markup().join(
        Markup('<th scope="col" style="{};white-space:normal;font-weight:500;opacity:.82">{}</th>').format(_CELL, h)
        for h in headings
    )
    body = Markup()
    for place, (model, texts) in enumerate(rows):
        swatch = Markup(
            '<span style="display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.55em;'
            'background:{}"></span>'
        ).format(drawn[model].colour)
        note = notes[place] if place < len(notes) else ""
        small = (
            Markup('<div style="font-size:.8em;opacity:.82;padding-left:1.35em">{}</div>').format(note) if note else ""
        )
        cells = Markup().join(Markup('<td style="{}">{}</td>').format(_CELL, _cell(text)) for text in texts)
        name = Markup(
            '<th scope="row" style="padding:.35rem .9rem .35rem 0;text-align:left;font-weight:600;overflow-wrap:anywhere;'
            'min-width:9em">{}{}{}</th>'
        ).format(swatch, _named(paths, model), small)
        body += Markup('<tr style="{}">{}{}</tr>').format(_LINE, name, cells)
    links.show_linked(
        Markup(
            '<div style="overflow-x:auto"><table class="rc-strip-models" style="border-collapse:collapse;font-size:.93rem">'
            '<thead><tr style="{}"><th style="text-align:left;font-weight:500;opacity:.82;padding-right:.9rem">Model</th>'
            "{}</tr></thead><tbody>{}</tbody></table></div>"
        ).format(_LINE, head, body),
        key=key,
    )


def _named(paths: links.Paths, model: str) -> Markup:
    """A model's name, which leads to its page; published figures have none."""
    if published_models.is_published(model):
        return Markup("{}").format(model)
    return links.anchor(paths, model, "model", {"name": model})


def _cell(text: str) -> Markup:
    first, _, below = text.partition("\n")
    small = Markup('<div style="font-size:.8em;opacity:.82">{}</div>').format(below) if below else ""
    return Markup("{}{}").format(first, small)
