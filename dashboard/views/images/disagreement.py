"""Pictures to which two models give different answers."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.views.images import gallery
from dashboard.views.images.controls import CLEAN, Choice
from dashboard.views.images.gallery import Picture
from dashboard.widgets import states
from dashboard.widgets.thumbnails import UNKNOWN, WRONG
from robustcore.display import display_name
from robustcore.reports.images import Pair, disagreements
from robustcore.reports.images.disagreement import NEITHER, ONLY_FIRST, ONLY_SECOND

_IMAGES = 12


def show(choice: Choice) -> None:
    """A row for each kind: only one is right, neither is, or nobody knows."""
    beside = choice.second
    if beside is None:
        states.empty("Choose a second model", "Above, next to the first.", icon=":material/compare:")
        return
    other = cache.inside.answers.answered(beside, choice.data, choice.suite, choice.storage, choice.seed)
    if other is None:
        states.notice(f"The answers of {beside.name} are not stored.")
        return
    names = choice.subject.classes, beside.classes
    found = disagreements(choice.answered, other, names, choice.name, choice.severity, count=_IMAGES)
    total = sum(found.counts.values())
    if not found.compared:
        states.notice(f"{beside.name} is not evaluated {choice.words}.")
        return
    first, second = states.plain(choice.subject.name), states.plain(beside.name)
    st.markdown(
        f"**{total:,}** of {found.compared:,} pictures {choice.words} get different answers "
        f"({100 * total / found.compared:.1f} %)."
    )
    titles = {
        ONLY_FIRST: f"Only {first} is right",
        ONLY_SECOND: f"Only {second} is right",
        NEITHER: "Neither is right",
    }
    without_images = gallery.missing(choice)
    for place, (kind, count) in enumerate(found.counts.items()):
        if not count:
            continue
        with st.container(border=True, key=f"card-images-disagree-{place}"):
            st.subheader(titles.get(kind, "Without a label"), anchor=False)
            st.caption(f"{count:,} pictures. Below each: the answer of {first}, then that of {second}.")
            if without_images:
                continue

            def picture(pair: Pair) -> Picture:
                labelled = bool(choice.answered.labels[0, pair.place] >= 0)
                marks = (
                    bool(choice.answered.held[pair.row, pair.place]),
                    bool(other.held[pair.other_row, pair.place]),
                )
                classes = (
                    choice.class_name(int(choice.answered.classes[pair.row, pair.place])),
                    display_name(beside.classes[int(other.classes[pair.other_row, pair.place])]),
                )
                lines = [
                    (text, (UNKNOWN if mark else WRONG) if labelled else UNKNOWN)
                    for text, mark in zip(classes, marks, strict=True)
                ]
                if labelled and not any(marks):
                    lines.append(gallery.truth(choice, pair.place, pair.row))
                if len(choice.rows) > 1 and choice.name != CLEAN:
                    lines.append((gallery.condition_words(choice, pair.row), UNKNOWN))
                return Picture(pair.place, pair.row, tuple(lines))

            gallery.row(choice, [picture(pair) for pair in found.pairs[kind]], key=f"disagree_{place}")
