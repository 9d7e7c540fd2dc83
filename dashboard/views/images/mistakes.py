"""The surest wrong answers."""

from __future__ import annotations

import streamlit as st

from dashboard.views.images import gallery
from dashboard.views.images.controls import Choice
from dashboard.views.images.gallery import Picture
from dashboard.widgets import labels, states
from dashboard.widgets.thumbnails import UNKNOWN, WRONG
from robustcore.reports.images import surest_mistakes

_IMAGES = 24


def show(choice: Choice) -> None:
    """Under the chosen conditions; where their confidences are not stored those on clean images take their place."""
    answered = choice.answered
    if not answered.labelled.any():
        states.notice(
            f"None of these images has a label that {choice.subject.name} knows, so that no answer is right or wrong."
        )
        return
    found = surest_mistakes(answered, choice.rows, _IMAGES)
    words = choice.words
    if not found.rows and choice.rows != [0]:
        st.caption(
            f"No confidence of {states.plain(choice.subject.name)} is stored {states.plain(words)}, as an evaluation of one's own "
            "stores it; these are its mistakes on clean images."
        )
        found, words = surest_mistakes(answered, [0], _IMAGES), "on clean images"
    if not found.rows:
        states.notice(f"No confidence is stored for every answer of {choice.subject.name}.")
        return
    st.markdown(f"**{found.wrong:,}** of {found.answered:,} answers {words} are wrong. The surest of them:")
    if gallery.missing(choice):
        return
    several = len(found.rows) > 1
    pictures = []
    for place, row in found.pairs:
        answer, _ = gallery.answer(choice, place, row)
        lines = [
            (f"{answer} {labels.confidence(float(answered.confidence[row, place]))}", WRONG),
            gallery.truth(choice, place, row),
        ]
        if several:
            lines.append((gallery.condition_words(choice, row), UNKNOWN))
        pictures.append(Picture(place, row, tuple(lines)))
    gallery.row(choice, pictures, key="mistakes")
