"""A table of models with a bar under each value; on a narrow screen each model is a block."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from dashboard.widgets import links
from dashboard.widgets.markup import Markup

Target = tuple[str, links.Address]  # a page's file name, and values for its controls


@dataclasses.dataclass(frozen=True)
class TableValue:
    """One value.

    Attributes:
        value: 0..1, NaN where it is not evaluated.
        best: whether it is the best of its column.
        note: small print after it, or "".
        missing: the text where the value is NaN.
        target: the page with the evidence.
    """

    value: float
    best: bool = False
    note: str = ""
    missing: str = "not evaluated"
    target: Target | None = None


@dataclasses.dataclass(frozen=True)
class ModelRow:
    """One model: title, name, values, and what breaks it first as texts with links."""

    title: str
    name: str
    values: Sequence[TableValue]
    breaks: Sequence[tuple[str, Target | None]]
    target: Target | None = None


@dataclasses.dataclass(frozen=True)
class Heading:
    """Of a column: a title, and small print below it."""

    title: str
    note: str = ""


def show(headings: Sequence[Heading], groups: Sequence[tuple[str, Sequence[ModelRow]]], *, key: str) -> None:
    """Draw the groups one below the other.

    Args:
        headings: of the model, of each value, and of the sentence.
        groups: (heading, rows), the heading "" for none.
        key: unique on the page.
    """
    links.show_linked(table(headings, groups), key=key)


def table(headings: Sequence[Heading], groups: Sequence[tuple[str, Sequence[ModelRow]]]) -> Markup:
    """The markup."""
    head = Markup().join(
        Markup('<th scope="col">{}{}</th>').format(
            h.title, Markup("<small>{}</small>").format(h.note) if h.note else ""
        )
        for h in headings
    )
    names = [h.title for h in headings]
    paths = links.paths()
    body = Markup()
    for title, rows in groups:
        if title:
            body += Markup('<tr class="rc-group"><th colspan="{}" scope="rowgroup">{}</th></tr>').format(
                len(headings), title
            )
        body += Markup().join(_row(paths, row, names) for row in rows)
    return Markup('<table class="rc-models"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, body)


def _row(paths: links.Paths, row: ModelRow, names: Sequence[str]) -> Markup:
    small = Markup("<small>{}</small>").format(row.name) if row.name != row.title else ""
    cells = Markup().join(
        Markup('<td data-head="{}">{}</td>').format(name, _value(paths, value))
        for value, name in zip(row.values, names[1:-1], strict=True)
    )
    says = Markup().join(Markup("<span>{}</span>").format(_link(paths, text, target)) for text, target in row.breaks)
    return Markup('<tr><th scope="row">{}{}</th>{}<td class="rc-models-says" data-head="{}">{}</td></tr>').format(
        _link(paths, row.title, row.target), small, cells, names[-1], says
    )


def _value(paths: links.Paths, value: TableValue) -> Markup:
    if math.isnan(value.value):
        return Markup('<span class="rc-muted">{}</span>').format(_link(paths, value.missing, value.target))
    note = ", ".join(part for part in ("best" if value.best else "", value.note) if part)
    small = Markup(" <small>{}</small>").format(note) if note else ""
    number = f"{100 * value.value:.1f}\N{NO-BREAK SPACE}%"
    return Markup('{}{}{}{}<span class="rc-bar"><i style="width:{:.1f}%"></i></span>').format(
        Markup("<b>") if value.best else "",
        _link(paths, number, value.target),
        Markup("</b>") if value.best else "",
        small,
        100 * min(1.0, max(0.0, value.value)),
    )


def _link(paths: links.Paths, text: str, target: Target | None) -> Markup:
    return Markup("{}").format(text) if target is None else links.anchor(paths, text, *target)
