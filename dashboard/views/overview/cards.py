"""Findings in plain sentences, with bars to compare, and the advice which training to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.views.overview import addresses
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.model_table import Target
from dashboard.views.overview.rows import Kind
from dashboard.widgets import links, markup, states
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.reports.overview import advice, findings, headlines
from robustcore.reports.overview.advice import NEEDS, Advice
from robustcore.reports.overview.headlines import Headline
from robustcore.reports.overview.overview import EPS, WITHOUT, Overview
from robustcore.training import families

_EPS = findings.eps(EPS[0])
_BARS = {"clean": "Clean", "corrupted": "Corrupted", "attacked": f"Attacked (PGD, ε = {_EPS})"}


def show_headlines(overview: Overview, kinds: Mapping[str, Kind], data: Data, standard: str) -> None:
    """One card for each headline."""
    controls = cache.models.controls(overview.table["model"])
    found = headlines.headlines(overview, standard, _trained_on(overview), controls)
    if not found:
        return
    with st.container(key=f"{KEY}_headlines"):
        columns = st.columns(len(found), gap="small")
    for column, headline in zip(columns, found, strict=True):
        with column, st.container(border=True, height="stretch", gap="small"):
            st.markdown(f"**{states.plain(headline.note.text)}**")
            markup.html(bars([(_bar(what, headline, kinds), value) for what, value in headline.bars]))
            if headline.note.kind == "standard_training_loses":
                gains = " Gains are over standard training that was continued for as long." * bool(controls)
                st.caption(states.plain(f"{_title(headline.models[0], kinds)}.{gains}"))
            if headline.note.kind == "best_training_adds" and (seen := headline.note["seen"]):
                st.caption(f"Trained on {len(seen)} of the {headline.note['corruptions']} corruptions itself.")
            view, address, says = _evidence(headline, overview, data)
            links.to(view, says, address)


def _bar(what: str, headline: Headline, kinds: Mapping[str, Kind]) -> str:
    if what in kinds:
        return kinds[what].title
    if headline.note.kind == "hardest_corruptions":
        return f"{display_name(what, 'corruption')}, best model"
    return _BARS[what]


def _evidence(headline: Headline, overview: Overview, data: Data) -> tuple[str, links.Address, str]:
    if headline.note.kind == "standard_training_loses":
        return *addresses.compare(data, headline.models, view="corruptions"), "See what breaks it"
    if headline.note.kind == "best_training_adds":
        return *addresses.compare(data, headline.models, view="corruptions"), "Compare the two"
    models = list(overview.table["model"])
    return *addresses.compare(data, models, view="ranking", under=headline.note["hardest"]), "See all models"


def bars(values: Sequence[tuple[str, float]]) -> Markup:
    """Bars below each other; the first is what the others are compared with."""
    parts = [
        Markup(
            '<span class="label">{}</span><span class="value">{:.1f}\N{NO-BREAK SPACE}%</span>'
            '<span class="track"><span class="fill right" style="width:{:.1f}%"></span></span>'
        ).format(title, 100 * value, 100 * min(1.0, max(0.0, value)))
        for title, value in values
    ]
    return Markup('<div class="rc-root"><div class="rc-bars">{}</div></div>').format(Markup().join(parts))


@st.fragment
def show_advice(overview: Overview, kinds: Mapping[str, Kind], data: Data, standard: str) -> None:
    """A need, and the training that helps most, with its interval and its price."""
    needs = advice.needs(overview)
    if not needs:
        return
    with st.container(border=True, gap="small"):
        st.subheader("Which training should I use?", anchor=False)
        need = selection.segmented(
            "Against what?",
            needs,
            key=f"{KEY}_need",
            kind="need",
            text=lambda each: NEEDS[each][0],
            label_visibility="collapsed",
            wrap=True,
        )
        advised = advice.advise(
            overview, need, standard, _trained_on(overview), cache.models.controls(overview.table["model"])
        )
        if advised is None:
            return
        left, right = st.columns([1.4, 1], gap="medium")
        with left:
            st.markdown(_recommendation(advised, kinds))
            st.caption(states.plain(_small_print(advised, kinds, data)))
            view, address = _advice_evidence(advised, data)
            with st.container(horizontal=True, gap="small"):
                links.to(view, "See the numbers", address)
                links.to("model", "About this model", {"name": advised.model})
        with right:
            compared = [(_title(advised.model, kinds), advised.value)]
            if advised.standard:
                compared.insert(0, (_title(advised.standard, kinds), advised.value - advised.gain))
            markup.html(bars(compared))


def _trained_on(overview: Overview) -> dict[str, tuple[str, ...]]:
    """Model -> the corruptions of its training; without those that have no card here."""
    trained: dict[str, tuple[str, ...]] = {}
    for model in overview.table["model"]:
        try:
            trained[str(model)] = families.corruptions_in_training(cache.models.card(model))
        except RobustcoreError:
            continue
    return trained


def _title(model: str, kinds: Mapping[str, Kind]) -> str:
    return kinds[model].model


def _recommendation(advised: Advice, kinds: Mapping[str, Kind]) -> str:
    low, high = advised.interval
    text = (
        f"**{states.plain(_title(advised.model, kinds))}**: **{100 * advised.value:.1f} %** {_measure(advised)} "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f})."
    )
    if advised.standard:
        low, high = advised.gain_interval
        against = "standard training for as long" if advised.as_long else "standard training"
        text += f" That is **{100 * advised.gain:+.1f} points** on {against} ({100 * low:+.1f} to {100 * high:+.1f})."
        price = 100 * advised.price
        text += (
            f" Price: **{price:.1f} points of clean accuracy**."
            if price >= 0.05
            else f" It costs no clean accuracy ({-price:+.1f} points)."
        )
    return text


def _measure(advised: Advice) -> str:
    return {
        "attack": f"under attack (PGD, ε = {_EPS})",
        "shift": "under natural shifts",
        "all": f"on average over clean, corrupted and attacked images (PGD, ε = {_EPS})",
    }.get(advised.need) or f"under {_listed(advised.conditions)}"


def _small_print(advised: Advice, kinds: Mapping[str, Kind], data: Data) -> str:
    parts = [f"{advised.model}, {advised.images:,} images."]
    if advised.second:
        close = ", too close to call" if advised.too_close else ""
        parts.append(f"Next: {_title(advised.second, kinds)}, {100 * advised.second_value:.1f} %{close}.")
    if advised.seen:
        parts.append(f"It was trained on {_listed(advised.seen)} itself.")
    if advised.need == "shift" and data.name == "scenes":
        parts.append(f"Mean over the sets {WITHOUT}.")
    return " ".join(parts)


def _listed(names: Sequence[str]) -> str:
    titles = [display_name(name, "corruption", inside=True) for name in names]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _advice_evidence(advised: Advice, data: Data) -> Target:
    models = [model for model in (advised.standard, advised.model) if model]
    return addresses.compare(
        data, models, view={"attack": "attacks", "all": "tradeoff"}.get(advised.need, "corruptions")
    )
