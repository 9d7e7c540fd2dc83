"""The panel of one pair: the formula with its numbers, the accuracies, and an image under both corruptions."""

from __future__ import annotations

import math

import streamlit as st

from dashboard import cache
from dashboard.cache import overlaps
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import markup, states, thumbnails
from dashboard.widgets.markup import Markup
from robustcore.evaluation import Condition
from robustcore.overlap.overlaps import at
from robustcore.reports.overlap import atlas, origin

PLACE = f"{KEY}_place"


def panel(matrix: Matrix, first: str, second: str) -> None:
    """Score, images, formula and accuracies of two corruptions."""
    pair = matrix.overlap.pair(first, second)
    a, b = (matrix.labels[name] for name in (first, second))
    same = first == second
    with st.container(key=f"{KEY}_cell"):
        markup.show(
            _headline(matrix, first, second),
            key=f"{KEY}_headline",
            leads_to=f"{KEY}_panel",
            arrives=f"{first} {second}",
        )
        _images(matrix, first, second)
        if pair.reason:
            st.markdown(f":material/grid_off: Undefined: {states.plain(matrix.text(pair.reason))}.")
        elif same:
            st.markdown("The overlap of a corruption with itself is 1.")
        else:
            for line in atlas.worked_formula(pair):
                st.markdown(rf"${line}$")
            st.caption(
                f"s: standard model; m₁, m₂: models trained on {states.plain(a)} (c₁) and {states.plain(b)} (c₂); "
                + states.plain(origin.robustness(matrix.overlap.metric))
                + "."
            )
        _accuracies(matrix, first, second)


def _headline(matrix: Matrix, first: str, second: str) -> Markup:
    """The overlap large, with its interval and its spread."""
    signed, low, high, sd = (
        at(table, first, second)
        for table in (matrix.overlap.signed, matrix.overlap.low, matrix.overlap.high, matrix.overlap.sd)
    )
    if math.isnan(signed):
        return Markup('<div class="rc-score"><b>–</b><span>undefined</span></div>')
    parts = []
    if not math.isnan(low) and first != second:
        parts.append(f"95 % interval {low:.2f} to {high:.2f}")
    if signed < 0:
        parts.append(f"signed value {signed:.2f}")
    if not math.isnan(sd) and first != second:
        parts.append(f"between seeds ± {sd:.2f}")
    lines = Markup().join(Markup("<span>{}</span>").format(part) for part in parts)
    return Markup('<div class="rc-score"><b>{:.2f}</b><div>{}</div></div>').format(max(0.0, signed), lines)


def _images(matrix: Matrix, first: str, second: str) -> None:
    """One test image, clean and under both corruptions, exactly as it was scored."""
    conditions = [("Clean", Condition.clean())]
    for name in dict.fromkeys([first, second]):
        condition = atlas.condition(matrix.table, name)
        if condition is not None:
            conditions.append((matrix.labels[name], condition))
    place = st.session_state.get(PLACE, 0) % len(cache.images.test_images())
    thumbs = [
        thumbnails.Thumb(
            "",
            overlaps.thumbnail(condition.canonical(), place),
            f"Test image {place}: {label}",
            ((label, thumbnails.UNKNOWN),),
            True,
        )
        for label, condition in conditions
    ]
    markup.show(Markup('<div class="rc-trio">{}</div>').format(thumbnails.row(thumbs)), key=f"{KEY}_images")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        where = "as evaluated" if matrix.choice.entry.dataset == "scenes" else "of scenes, as an illustration"
        st.caption(f"Test image {place}, {where}.")
        st.button(
            "Another image",
            icon=":material/refresh:",
            type="tertiary",
            key=f"{KEY}_another",
            on_click=lambda: st.session_state.update({PLACE: place + 1}),
        )


def _accuracies(matrix: Matrix, first: str, second: str) -> None:
    """The accuracies as a small table: a row for each model, a column for each condition."""
    rows = atlas.accuracies_of_pair(matrix.overlap, matrix.overlap.pair(first, second))
    names = list(dict.fromkeys(["clean", first, second]))
    head = Markup().join(Markup("<th>{}</th>").format("Clean" if n == "clean" else matrix.labels[n]) for n in names)
    body = Markup()
    for row in rows.drop_duplicates("trained_on").to_dict("records"):
        who = "Standard" if row["trained_on"] == "standard" else f"On {matrix.labels[row['trained_on']]}"
        cells = Markup().join(Markup("<td>{}</td>").format(_percent(row[n])) for n in names)
        body += Markup("<tr><th>{}</th>{}</tr>").format(who, cells)
    markup.show(
        Markup(
            '<div class="rc-accuracies"><table><caption>Accuracy (%) by what the model was trained on</caption>'
            "<thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>"
        ).format(head, body),
        key=f"{KEY}_accuracies",
    )


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"
