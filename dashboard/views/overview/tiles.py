"""Tiles: what one should know about the models, each with the page that proves it."""

from __future__ import annotations

import streamlit as st

from dashboard.views.overview import addresses
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.model_table import Target
from dashboard.widgets import labels, links, states
from robustcore.figures import short
from robustcore.reports.overview import findings
from robustcore.reports.overview.findings import Finding
from robustcore.reports.overview.overview import Overview

_NUMBER = "font-size:1.9rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums"
_WORDS = {
    "corruption": "See the ranking",
    "attack": "See the curves",
    "balance": "See the trade-off",
    "weakest": "See all models there",
}


def show(found: Overview, dataset: str) -> None:
    """What one should know, each with the page that proves it."""
    shown = findings.findings(found)
    if not shown:
        return
    for column, finding in zip(st.columns(len(shown), gap="small"), shown, strict=True):
        with column, st.container(border=True, height="stretch", gap="small"):
            st.caption(finding.title)
            st.html(f'<div style="{_NUMBER}">{100 * finding.value:.1f}\N{NO-BREAK SPACE}%</div>')
            what = labels.pretty(finding.condition) if finding.condition else short(finding.model, 40)
            st.markdown(
                f"**{states.plain(what)}**", help=states.plain(finding.model) if len(finding.model) > 40 else None
            )
            st.caption(states.plain(finding.sentence))
            if finding.key == "shift":
                st.button("See each set", icon=":material/table_rows:", type="tertiary", on_click=_show_shifts)
            else:
                view, address = _proof(finding, found, dataset)
                links.to(view, _WORDS[finding.key], address)


def _show_shifts() -> None:
    st.session_state[f"{KEY}_shifts"] = True


def _proof(finding: Finding, found: Overview, dataset: str) -> Target:
    several = [m for m in (finding.model, finding.next) if m]
    models = list(found.table["model"])
    if finding.key == "attack":
        return addresses.compare(dataset, several, view="attacks")
    if finding.key == "balance":
        return addresses.compare(dataset, models, view="tradeoff")
    return addresses.compare(dataset, models, view="ranking", under=finding.condition)
