"""The images that a model loses first and last."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.views.images import gallery
from dashboard.views.images.controls import ALL, CLEAN, Choice
from dashboard.views.images.gallery import Picture
from dashboard.widgets import states
from dashboard.widgets.thumbnails import UNKNOWN, WRONG
from robustcore.reports.images import Breaking, breaking

_IMAGES = 12
_LINES = 6  # images whose every severity is shown


def show(choice: Choice) -> None:
    """Two rows of images, or of one corruption the severities of each image."""
    name = ALL if choice.name == CLEAN else choice.name
    if not choice.answered.rows(name):
        states.notice(
            f"{choice.subject.name} is not evaluated under corruptions of this suite, so that no image can break."
        )
        return
    if choice.name == CLEAN:
        st.caption("Clean images break nothing: these are the images over all corruptions.")
    found = breaking(choice.answered, name)
    st.markdown(_sentence(choice, found, name))
    if gallery.missing(choice) or not len(found.places):
        return
    ends = {
        "Break first": np.arange(len(found.places)),
        "Break last": np.arange(len(found.places))[::-1],
    }
    levels = choice.answered.severities(name)
    half = max(1, len(found.places) // 2)  # of few images none is at both ends
    for title, order in ends.items():
        with st.container(border=True, key=f"card-images-{title.split()[-1]}"):
            st.subheader(title, anchor=False)
            if name and len(levels) > 1:
                st.caption("Clean, then from severity 1 up.")
                _severities(choice, found, name, order[: min(_LINES, half)], title)
            else:
                pictures = [
                    Picture(
                        int(found.places[i]),
                        0,
                        (
                            gallery.truth(choice, int(found.places[i])),
                            (f"lost {found.lost[i]} of {found.conditions}", WRONG if found.lost[i] else UNKNOWN),
                        ),
                    )
                    for i in order[: min(_IMAGES, half)]
                ]
                gallery.row(choice, pictures, key=f"breaking_{title.split()[-1]}")


def _severities(choice: Choice, found: Breaking, name: str, order: np.ndarray, title: str) -> None:
    """Each image clean and at every severity."""
    rows = [0, *sorted(choice.answered.rows(name), key=lambda row: choice.answered.conditions[row].severity or 0)]
    lines = []
    for i in order:
        place = int(found.places[i])
        severity = int(found.severity[i])
        said = f"from severity {severity}" if severity else "never"
        label, _ = gallery.truth(choice, place)
        pictures = [Picture(place, row, (gallery.answer(choice, place, row),)) for row in rows]
        lines.append((f"{label}, lost {said}", pictures))
    gallery.rows(choice, lines, key=f"breaking_{title.split()[-1]}")


def _sentence(choice: Choice, found: Breaking, name: str) -> str:
    answered = choice.answered
    n = len(found.places)
    known = int((answered.labels[0, found.places] >= 0).sum())
    what = "right when clean" if known == n else f"right when clean ({known:,}) or without a label ({n - known:,})"
    words = "this corruption" if name else f"at least one of the {found.conditions} conditions"
    text = (
        f"**{n - found.never:,}** of the {n:,} images that are {what} are lost under {words}, **{found.never:,}** never; "
        f"{found.wrong_when_clean:,} are wrong even when clean and left out."
    )
    if known < n:
        text += " An image without a label is lost where the answer differs from that to the clean image."
    return text
