"""The images that one of two models holds and the other loses, next to the figure."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import example_images as behind
from dashboard.views.compare.controls import Choice
from dashboard.widgets import states
from robustcore.display import display_name
from robustcore.reports.compare import example_images
from robustcore.reports.compare.comparison import Comparison


def panel(comparison: Comparison, choice: Choice, pair: Sequence[str], clicked: behind.Mark | None) -> None:
    """What a click on a condition leads to; it stays in the address."""
    behind.adopt(comparison, clicked)
    with st.container(border=True, key=behind.PLACE):
        st.caption(
            ":material/touch_app: Click a mark in the figure to see the images that only one of the two holds; or choose:"
        )
        label = selection.optional(
            "Condition",
            [str(label) for label in dict.fromkeys(comparison.corrupted["label"])],
            key=behind.LABEL,
            kind="condition",
            text=display_name,
            width=240,
        )
        behind.lead_here(label)
        if label:
            with st.container(key=f"{behind.PLACE}_open"):
                _show(comparison, choice, pair, label)


def _show(comparison: Comparison, choice: Choice, pair: Sequence[str], label: str) -> None:
    first, second = pair
    rows = comparison.rows[(comparison.rows["label"] == label) & (comparison.rows["n"] > 0)]
    of_second = set(rows.loc[rows["model"] == second, "condition"])
    rows = rows[(rows["model"] == first) & rows["condition"].isin(of_second)]
    st.subheader(f"{states.plain(display_name(label))}: only one of the two is right", anchor=False)
    answers = compare.answers(comparison, choice.data)
    if rows.empty or answers is None:
        states.notice("The answers to single images are not known of both: published figures are counts.")
        return
    condition = behind.pick_severity(rows)
    found = example_images.differing(answers, first, second, condition)
    if found is None:
        states.notice("Only counts are stored of one of these results, not the answers to single images.")
        return
    if why := behind.why_without_images(choice, condition):
        states.notice(f"{why} The images themselves are left out.")
        st.caption(
            states.plain(
                f"Right by {first} alone: {len(found.first_holds):,} images; by {second} alone: {len(found.second_holds):,}."
            )
        )
        return
    classes = {s.name: s.classes for s in comparison.subjects}
    for number, holds, loses, seen in (
        ("First", first, second, found.first_holds),
        ("Second", second, first, found.second_holds),
    ):
        says = states.plain(f"{holds} is right, {loses} answers what is written below")
        images = behind.Rows(choice, condition, loses, labels=classes[holds], answers=classes[loses])
        images.show(f"{number} holds", says, seen, right=False, paired=True)
