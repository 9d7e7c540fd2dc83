"""Tiles: the best models and the hardest corruption, each with a link to the evidence."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.cache.datasets import Data
from dashboard.views.overview import addresses
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.model_table import Target
from dashboard.views.overview.rows import Kind
from dashboard.widgets import links, markup, states
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.figures import short
from robustcore.reports.overview import findings
from robustcore.reports.overview.findings import Finding
from robustcore.reports.overview.overview import EPS, Overview

_NUMBER = "font-size:1.9rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums"
_TITLES = {
    "corruption": "Best under corruption",
    "attack": "Best under attack",
    "shift": "Best under natural shifts",
    "balance": "Best trade-off",
    "hardest": "Hardest corruption",
}
_LINKS = {
    "corruption": "See the ranking",
    "attack": "See the curves",
    "balance": "See the trade-off",
    "hardest": "See all models",
}


def show(overview: Overview, kinds: Mapping[str, Kind], data: Data) -> None:
    """One tile for each finding."""
    tiles = findings.findings(overview)
    if not tiles:
        return
    for column, finding in zip(st.columns(len(tiles), gap="small"), tiles, strict=True):
        with column, st.container(border=True, height="stretch", gap="small"):
            st.caption(_TITLES[finding.key])
            markup.html(Markup('<div style="{}">{:.1f}\N{NO-BREAK SPACE}%</div>').format(_NUMBER, 100 * finding.value))
            st.markdown(f"**{states.plain(_name(finding, kinds))}**")
            st.caption(states.plain(_explanation(finding)))
            if finding.key == "shift":
                st.button(
                    "See each shift",
                    icon=":material/table_rows:",
                    type="tertiary",
                    key=f"{KEY}_see_shifts",
                    on_click=_show_shifts,
                )
            else:
                view, address = _evidence(finding, overview, data)
                links.to(view, _LINKS[finding.key], address)


def _name(finding: Finding, kinds: Mapping[str, Kind]) -> str:
    """The corruption, or the best model, by its training where that has a title of its own."""
    if finding.condition:
        return display_name(finding.condition)
    kind = kinds[finding.model]
    name = short(finding.model, 40)
    return name if kind.title == kind.training.replace("_", " ") else f"{kind.title} ({name})"


def _explanation(finding: Finding) -> str:
    """What the number is, and the second best."""
    if finding.key == "hardest":
        if finding.models == 1:
            return f"Lowest accuracy over the {finding.conditions} evaluated corruptions."
        return f"The best accuracy any model reaches here ({short(finding.model, 40)})."
    first = findings.eps(EPS[0])
    measure = {
        "corruption": f"Average accuracy over {finding.conditions} corruptions",
        "attack": f"Accuracy under a white-box attack (PGD, ε = {first})",
        "shift": f"Average accuracy over {finding.conditions} natural shifts",
        "balance": f"Average of clean, corrupted and attacked accuracy (ε = {first})",
    }[finding.key]
    if not finding.second:
        return f"{measure}."
    close = ", too close to call" if finding.too_close else ""
    return f"{measure}. Next: {short(finding.second, 40)}, {100 * finding.second_value:.1f} %{close}."


def _show_shifts() -> None:
    st.session_state[f"{KEY}_shifts"] = True


def _evidence(finding: Finding, overview: Overview, data: Data) -> Target:
    several = [m for m in (finding.model, finding.second) if m]
    models = list(overview.table["model"])
    if finding.key == "attack":
        return addresses.compare(data, several, view="attacks")
    if finding.key == "balance":
        return addresses.compare(data, models, view="tradeoff")
    return addresses.compare(data, models, view="ranking", under=finding.condition)
