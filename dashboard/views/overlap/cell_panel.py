"""The numbers behind one overlap: the formula with its numbers, the accuracies, and an image under both corruptions."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from dashboard import cache
from dashboard.cache import overlaps
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import markup, states, thumbnails
from robustcore.evaluation import Condition
from robustcore.overlap.overlaps import at
from robustcore.reports.overlap import atlas

PLACE = f"{KEY}_place"


def panel(found: Found, first: str, second: str) -> None:
    """What made the overlap of two corruptions."""
    cell = found.overlap.cell(first, second)
    a, b = (found.labels[name] for name in (first, second))
    same = first == second
    with st.container(key=f"{KEY}_cell"):
        markup.show(
            _headline(found, first, second), key=f"{KEY}_headline", leads_to=f"{KEY}_panel", arrives=f"{first} {second}"
        )
        _images(found, first, second)
        if cell.reason:
            st.markdown(f":material/grid_off: Undefined: {states.plain(found.words(cell.reason))}.")
        elif same:
            st.markdown("With itself a corruption overlaps by 1: both shares are 1.")
        else:
            for line in atlas.worked(cell):
                st.markdown(rf"${line}$")
            st.caption(
                f"s: the standard model; m₁, m₂: trained on {states.plain(a)} (c₁) and on {states.plain(b)} (c₂); "
                + states.plain(atlas.METRICS[found.overlap.metric])
                + "."
            )
        _accuracies(found, first, second)


def _headline(found: Found, first: str, second: str) -> str:
    """The overlap large, with its interval and its spread."""
    signed, low, high, sd = (
        at(table, first, second)
        for table in (found.overlap.signed, found.overlap.low, found.overlap.high, found.overlap.sd)
    )
    if math.isnan(signed):
        return '<div class="rc-score"><b>–</b><span>undefined</span></div>'
    parts = []
    if not math.isnan(low) and first != second:
        parts.append(f"95 % interval {low:.2f} to {high:.2f}")
    if signed < 0:
        parts.append(f"{signed:.2f} before it is cut off at 0")
    if not math.isnan(sd) and first != second:
        parts.append(f"between seeds ± {sd:.2f}")
    lines = "".join(f"<span>{escape(part)}</span>" for part in parts)
    return f'<div class="rc-score"><b>{max(0.0, signed):.2f}</b><div>{lines}</div></div>'


def _images(found: Found, first: str, second: str) -> None:
    """One test image clean and under both, to the bit as it was scored."""
    shown = [("Clean", Condition.clean())]
    for name in dict.fromkeys([first, second]):
        condition = atlas.condition(found.table, name)
        if condition is not None:
            shown.append((found.labels[name], condition))
    place = st.session_state.get(PLACE, 0) % len(cache.test_images())
    thumbs = [
        thumbnails.Thumb(
            "",
            overlaps.thumbnail(condition.canonical(), place),
            f"Test image {place}: {label}",
            ((label, thumbnails.UNKNOWN),),
            True,
        )
        for label, condition in shown
    ]
    markup.show(f'<div class="rc-trio">{thumbnails.row(thumbs)}</div>', key=f"{KEY}_images")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        where = "as evaluated" if found.choice.entry.dataset == "scenes" else "of scenes, for the eye"
        st.caption(f"Test image {place}, {where}.")
        st.button(
            "Another image",
            icon=":material/refresh:",
            type="tertiary",
            key=f"{KEY}_another",
            on_click=lambda: st.session_state.update({PLACE: place + 1}),
        )


def _accuracies(found: Found, first: str, second: str) -> None:
    """The accuracies as a small table: models down, conditions across."""
    rows = atlas.behind(found.overlap, found.overlap.cell(first, second))
    names = list(dict.fromkeys(["clean", first, second]))
    head = "".join(f"<th>{escape('Clean' if n == 'clean' else found.labels[n])}</th>" for n in names)
    body = ""
    for row in rows.drop_duplicates("trained_on").to_dict("records"):
        who = "Standard" if row["trained_on"] == "standard" else f"On {found.labels[row['trained_on']]}"
        cells = "".join(f"<td>{_percent(row[n])}</td>" for n in names)
        body += f"<tr><th>{escape(who)}</th>{cells}</tr>"
    markup.show(
        '<div class="rc-accuracies"><table><caption>Accuracy (%) of the models trained</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        key=f"{KEY}_accuracies",
    )


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"
