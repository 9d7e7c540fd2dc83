"""Categories: cards with images, the choice of K, and whether the categories stay the same."""

from __future__ import annotations

import math
from functools import partial
from html import escape

import streamlit as st

from dashboard.cache import overlaps
from dashboard.views.overlap.controls import KEY, METHODS
from dashboard.views.overlap.matrix import GIVEN, Found
from dashboard.widgets import figure, markup, states, thumbnails
from robustcore.overlap.categories import NONE, Categories, agreement
from robustcore.overlap.overlaps import at
from robustcore.reports.overlap import atlas

_PLACE = f"{KEY}_cards_place"
_IMAGE = 3  # a test image whose object stands out


def view(found: Found) -> None:
    """Cards first, then the curves of K, which take seconds where nobody asked before."""
    if found.categories is None:
        states.empty("No categories", found.why_none, icon=":material/category:")
        return
    _cards(found, found.categories)
    _left_out(found, found.categories)
    _stability(found, found.categories)
    _curves(found, found.categories)


def _cards(found: Found, categories: Categories) -> None:
    place = st.session_state.get(_PLACE, _IMAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{_count(found, categories)}** A name can be typed over; it stays for this visit.")
        st.button(
            "Another image",
            icon=":material/refresh:",
            type="tertiary",
            key=f"{KEY}_cards_another",
            on_click=lambda: st.session_state.update({_PLACE: place + 1}),
        )
    scores = found.overlap.scores
    columns = st.columns(2, gap="medium")
    for number, members in categories.members.items():
        inside = [at(scores, a, b) for i, a in enumerate(members) for b in members[:i]]
        with columns[(number - 1) % 2], st.container(border=True, key=f"{KEY}_card_{number}"):
            _name(found, number, members)
            mean = f"mean overlap inside {sum(inside) / len(inside):.2f}" if inside else "alone"
            st.caption(f"{len(members)} corruption{'' if len(members) == 1 else 's'}, {mean}")
            markup.show(thumbnails.row(_thumbs(found, members, place)), key=f"{KEY}_members_{number}")
            if attacks := [found.labels[n] for n in members if atlas.condition(found.table, n) is None]:
                st.caption(states.plain(f"And {', '.join(attacks)}: the images of an attack depend on the model."))


def _count(found: Found, categories: Categories) -> str:
    method = METHODS[categories.method]
    ruled = " by the 0.5 rule" if categories.method != "hdbscan" and not found.choice.size else ""
    said = f"SCC {_number(categories.scc)}, DCC {_number(categories.dcc)}"
    return f"{categories.k} categor{'y' if categories.k == 1 else 'ies'} ({method}{ruled}; {said})."


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _name(found: Found, number: int, members: tuple[str, ...]) -> None:
    """The category's name, to be typed over; it follows the corruptions, not the number."""
    # The key names the suggestion, so that a new division begins with its own names.
    key = f"{KEY}_name_{'.'.join(members)}"
    st.text_input(
        f"Name of category {number}",
        found.names[number],
        key=key,
        max_chars=40,
        label_visibility="collapsed",
        on_change=partial(_rename, key, members),
    )


def _rename(key: str, members: tuple[str, ...]) -> None:
    given = dict(st.session_state.get(GIVEN, {}))
    given[members] = str(st.session_state[key]).strip()
    st.session_state[GIVEN] = given


def _thumbs(found: Found, members: tuple[str, ...], place: int) -> list[thumbnails.Thumb]:
    made = []
    for name in members:
        condition = atlas.condition(found.table, name)
        label = found.labels[name]
        if condition is not None:
            source = overlaps.thumbnail(condition.canonical(), place)
            made.append(
                thumbnails.Thumb("", source, f"Test image {place}: {label}", ((label, thumbnails.UNKNOWN),), True)
            )
    return made


def _left_out(found: Found, categories: Categories) -> None:
    alone = [str(name) for name in categories.labels.index[categories.labels == NONE]]
    if alone:
        st.caption(states.plain(f"In no category: {', '.join(found.labels[n] for n in alone)}."))
    if categories.left_out:
        by_reason: dict[str, list[str]] = {}
        for name, why in categories.left_out.items():
            by_reason.setdefault(found.words(why), []).append(found.labels[name])
        lines = [f"{', '.join(names)} ({why})" for why, names in by_reason.items()]
        st.caption(states.plain(f"Left out: {'; '.join(lines)}."))


def _stability(found: Found, categories: Categories) -> None:
    """Do other seeds, starts and methods find the same categories?"""
    with st.container(border=True, key=f"{KEY}_stability"):
        st.subheader(
            "Are they the same another time?",
            anchor=False,
            help="The adjusted Rand index of two divisions: 1 is the same, 0 what chance would give.",
        )
        rows = []
        if categories.k <= 15 and categories.method != "hdbscan":
            between = overlaps.stability(found.choice.which, categories.k)
            if not math.isnan(between):
                rows.append((f"Another training seed, K = {categories.k}", between))
        for method in overlaps.METHODS:
            if method != categories.method:
                size = 2 if method == "hdbscan" else categories.k
                other = overlaps.categories(found.choice.which, method, size, 0)
                counted = f", {other.k} categories" if other.k != categories.k else ""
                rows.append((f"{METHODS[method]}{counted}", agreement(categories, other)))
        body = "".join(
            f'<tr><th>{escape(what)}</th><td>{_number(value)}<span class="rc-bar"><i style="width:{max(0.0, min(1.0, value)):.0%}">'
            "</i></span></td></tr>"
            for what, value in rows
            if not math.isnan(value)
        )
        markup.show(f'<table class="rc-models rc-agreement">{body}</table>', key=f"{KEY}_agreements")
        if found.overlap.seeds < 2:
            st.caption("One training seed: whether other trainings give the same categories is not known.")


def _curves(found: Found, categories: Categories) -> None:
    from robustcore.figures.overlap_curves import choice_of_k

    with st.skeleton(height=420):
        swept = overlaps.sweep(found.choice.which, found.choice.start)
    chosen = categories.k if categories.method != "hdbscan" else None
    ruled = (
        f"The rule takes K = {swept.chosen}, the first whose SCC passes {swept.rule:g}."
        if swept.chosen
        else f"No K up to {int(swept.table['k'].max())} passes the rule; the one of the greatest SCC is taken."
    )
    figure.card(
        choice_of_k(
            swept.table, swept.rule, chosen, footer=found.footer, alt="SCC and DCC against the number of categories"
        ),
        key=f"{KEY}-k",
        title="How many categories?",
        says=f"SCC: mean correlation between the rows of two corruptions of one category; DCC: of different categories. {ruled} "
        "The dotted line tells how alike the K-means categories of other starts are.",
        table=swept.table,
        footer=found.footer,
    )
