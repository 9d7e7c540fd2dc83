"""Categories: cards with images, the choice of K, and whether the categories stay the same."""

from __future__ import annotations

import math
from functools import partial

import streamlit as st

from dashboard.cache import overlaps
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure, markup, states, thumbnails
from dashboard.widgets.condition_names import TYPED_NAMES
from dashboard.widgets.markup import Markup
from robustcore import overlap
from robustcore.overlap.categories import NONE, Categories, agreement
from robustcore.overlap.overlaps import at
from robustcore.reports.overlap import atlas, published_categories

_PLACE = f"{KEY}_cards_place"
_IMAGE = 3  # a test image whose object stands out


def view(matrix: Matrix) -> None:
    """Cards first, then the curves of K, which take seconds the first time."""
    if matrix.categories is None:
        states.empty("No categories", matrix.why_none, icon=":material/category:")
        return
    _cards(matrix, matrix.categories)
    _left_out(matrix, matrix.categories)
    _stability(matrix, matrix.categories)
    _curves(matrix, matrix.categories)


def _cards(matrix: Matrix, categories: Categories) -> None:
    place = st.session_state.get(_PLACE, _IMAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{_count(matrix, categories)}** Type over a name to change it for this visit.")
        st.button(
            "Another image",
            icon=":material/refresh:",
            type="tertiary",
            key=f"{KEY}_cards_another",
            on_click=lambda: st.session_state.update({_PLACE: place + 1}),
        )
    scores = matrix.overlap.scores
    columns = st.columns(2, gap="medium")
    for number, members in categories.members.items():
        inside = [at(scores, a, b) for i, a in enumerate(members) for b in members[:i]]
        with columns[(number - 1) % 2], st.container(border=True, key=f"{KEY}_card_{number}"):
            _name(matrix, number, members)
            mean = f"mean overlap inside {sum(inside) / len(inside):.2f}" if inside else "alone"
            st.caption(f"{len(members)} corruption{'' if len(members) == 1 else 's'}, {mean}")
            markup.show(thumbnails.row(_thumbs(matrix, members, place)), key=f"{KEY}_members_{number}")
            if attacks := [matrix.labels[n] for n in members if atlas.condition(matrix.table, n) is None]:
                st.caption(
                    states.plain(f"Also {', '.join(attacks)} (no image: an attack's images depend on the model).")
                )


def _count(matrix: Matrix, categories: Categories) -> str:
    method = overlaps.METHODS[categories.method]
    ruled = " by the 0.5 rule" if categories.method != "hdbscan" and not matrix.choice.size else ""
    correlations = f"SCC {_number(categories.scc)}, DCC {_number(categories.dcc)}"
    return f"{categories.k} categor{'y' if categories.k == 1 else 'ies'} ({method}{ruled}; {correlations})."


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _name(matrix: Matrix, number: int, members: tuple[str, ...]) -> None:
    """The category's name as a text field; a typed name follows the corruptions, not the number."""
    # The key names the suggestion, so that a new division begins with its own names.
    key = f"{KEY}_name_{'.'.join(members)}"
    st.text_input(
        f"Name of category {number}",
        matrix.names[number],
        key=key,
        max_chars=40,
        label_visibility="collapsed",
        on_change=partial(_rename, key, members),
    )


def _rename(key: str, members: tuple[str, ...]) -> None:
    typed = dict(st.session_state.get(TYPED_NAMES, {}))
    typed[members] = str(st.session_state[key]).strip()
    st.session_state[TYPED_NAMES] = typed


def _thumbs(matrix: Matrix, members: tuple[str, ...], place: int) -> list[thumbnails.Thumb]:
    thumbs = []
    for name in members:
        condition = atlas.condition(matrix.table, name)
        label = matrix.labels[name]
        if condition is not None:
            source = overlaps.thumbnail(condition.canonical(), place)
            thumbs.append(
                thumbnails.Thumb("", source, f"Test image {place}: {label}", ((label, thumbnails.UNKNOWN),), True)
            )
    return thumbs


def _left_out(matrix: Matrix, categories: Categories) -> None:
    alone = [str(name) for name in categories.labels.index[categories.labels == NONE]]
    if alone:
        st.caption(states.plain(f"In no category: {', '.join(matrix.labels[n] for n in alone)}."))
    if isolated := overlap.isolated(matrix.overlap):
        st.caption(
            states.plain(
                f"Isolated: {', '.join(matrix.labels[n] for n in isolated)}. They overlap with no other corruption by 0.1 or more: each is "
                "rather a category of its own (thesis, 4.3.6)."
            )
        )
    if categories.left_out:
        lines = "; ".join(matrix.text(why) for why in categories.left_out.values())
        st.caption(states.plain(f"Left out: {lines}."))


def _stability(matrix: Matrix, categories: Categories) -> None:
    """Whether other training seeds and methods find the same categories."""
    with st.container(border=True, key=f"{KEY}_stability"):
        st.subheader(
            "Are the categories stable?",
            anchor=False,
            help="Adjusted Rand index of these categories and others: 1 is identical, 0 is chance.",
        )
        rows = []
        if categories.k <= 15 and categories.method != "hdbscan":
            between = overlaps.stability(matrix.choice.which, categories.k)
            if not math.isnan(between):
                rows.append((f"Another training seed, K = {categories.k}", between))
        for method in overlaps.METHODS:
            if method != categories.method:
                size = 2 if method == "hdbscan" else categories.k
                other = overlaps.categories(matrix.choice.which, method, size, 0)
                counted = f", {other.k} categories" if other.k != categories.k else ""
                rows.append((f"{overlaps.METHODS[method]}{counted}", agreement(categories, other)))
        triples = published_categories.compared(categories)
        if len(triples) > 1:
            division = published_categories.published(categories.labels.index)
            rows.append(
                (f"Syn2Nat's published triples, {len(division.labels)} corruptions", agreement(categories, division))
            )
        body = Markup().join(
            Markup('<tr><th>{}</th><td>{}<span class="rc-bar"><i style="width:{:.0%}"></i></span></td></tr>').format(
                what, _number(value), max(0.0, min(1.0, value))
            )
            for what, value in rows
            if not math.isnan(value)
        )
        markup.show(Markup('<table class="rc-models rc-agreement">{}</table>').format(body), key=f"{KEY}_agreements")
        if len(triples) > 1:
            kept = list(triples.loc[triples["together"], "triple"])
            st.caption(
                states.plain(
                    f"In one category here, of the {len(triples)} triples that the thesis prints (4.3.5): {len(kept)}"
                    f"{' (' + ', '.join(kept) + ')' if kept else ''}."
                )
            )
        if matrix.overlap.seeds < 2:
            st.caption("Only one training seed: whether other trainings give the same categories is unknown.")


def _curves(matrix: Matrix, categories: Categories) -> None:
    from robustcore.figures.overlap_curves import choice_of_k

    with st.skeleton(height=420):
        swept = overlaps.sweep(matrix.choice.which, matrix.choice.start)
    chosen = categories.k if categories.method != "hdbscan" else None
    ruled = (
        f"The rule takes K = {swept.chosen}, the first with SCC above {swept.rule:g}."
        if swept.chosen
        else f"No K up to {int(swept.table['k'].max())} has SCC above {swept.rule:g}; the K with the greatest SCC is used."
    )
    figure.card(
        choice_of_k(
            swept.table, swept.rule, chosen, footer=matrix.footer, alt="SCC and DCC against the number of categories"
        ),
        key=f"{KEY}-k",
        title="How many categories?",
        says=f"SCC: mean correlation of the rows of two corruptions in the same category; DCC: in different categories. {ruled} "
        "Dotted: agreement of the K-means categories between random starts.",
        table=swept.table,
        footer=matrix.footer,
    )
