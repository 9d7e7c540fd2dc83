"""A table of models with a bar under each value; on a narrow screen each model is a block."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from html import escape
from urllib.parse import parse_qs, urlencode

import streamlit as st

from dashboard.widgets import links, markup

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
    if wanted := st.session_state.pop(f"{key}_go", None):
        view, _, query = wanted.partition("?")
        if links.exists(view):
            links.go(view, parse_qs(query))
    markup.show(table(headings, groups), key=key, on_pick=lambda pick: st.session_state.update({f"{key}_go": pick}))


def table(headings: Sequence[Heading], groups: Sequence[tuple[str, Sequence[ModelRow]]]) -> str:
    """The markup."""
    head = "".join(
        f'<th scope="col">{escape(h.title)}{f"<small>{escape(h.note)}</small>" if h.note else ""}</th>'
        for h in headings
    )
    names = [h.title for h in headings]
    body = ""
    for title, rows in groups:
        if title:
            body += f'<tr class="rc-group"><th colspan="{len(headings)}" scope="rowgroup">{escape(title)}</th></tr>'
        body += "".join(_row(row, names) for row in rows)
    return f'<table class="rc-models"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row(row: ModelRow, names: Sequence[str]) -> str:
    small = f"<small>{escape(row.name)}</small>" if row.name != row.title else ""
    cells = "".join(
        f'<td data-head="{escape(name)}">{_value(value)}</td>'
        for value, name in zip(row.values, names[1:-1], strict=True)
    )
    says = "".join(f"<span>{_link(text, target)}</span>" for text, target in row.breaks)
    return (
        f'<tr><th scope="row">{_link(row.title, row.target)}{small}</th>{cells}'
        f'<td class="rc-models-says" data-head="{escape(names[-1])}">{says}</td></tr>'
    )


def _value(value: TableValue) -> str:
    if math.isnan(value.value):
        return f'<span class="rc-muted">{_link(value.missing, value.target)}</span>'
    note = ", ".join(part for part in ("best" if value.best else "", value.note) if part)
    small = f" <small>{escape(note)}</small>" if note else ""
    number = f"{100 * value.value:.1f}\N{NO-BREAK SPACE}%"
    return (
        f"{'<b>' if value.best else ''}{_link(number, value.target)}{'</b>' if value.best else ''}{small}"
        f'<span class="rc-bar"><i style="width:{100 * min(1.0, max(0.0, value.value)):.1f}%"></i></span>'
    )


def _link(text: str, target: Target | None) -> str:
    if target is None or not links.exists(target[0]):
        return escape(text)
    view, address = target
    query = urlencode(dict(address), doseq=True)
    href = f"{view.replace('_', '-')}?{query}"
    return f'<a href="{escape(href)}" target="_self" data-pick="{escape(f"{view}?{query}")}">{escape(text)}</a>'
