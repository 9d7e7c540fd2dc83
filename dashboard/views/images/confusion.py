"""The confusion matrix; a click on a cell leads to its images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.views.images import gallery
from dashboard.views.images.controls import KEY, Choice
from dashboard.views.images.gallery import Picture
from dashboard.widgets import figure, states
from robustcore.display import display_name
from robustcore.reports.images import Confusion, confusion, pictures_of

_IMAGES = 24


def show(choice: Choice) -> None:
    """The matrix, and the images of the chosen cell; at first those of the most frequent confusion."""
    classes = choice.subject.classes
    found = confusion(choice.answered, choice.rows, len(classes))
    if found is None:
        states.notice(
            f"None of these images has a label that {choice.subject.name} knows, so that there is no confusion matrix. "
            "The other views show where its answers change."
        )
        return
    from robustcore.figures import inside as figures

    said = f"{found.wrong:,} of {found.answers:,} answers {choice.words} are wrong."
    if len(found.classes) < len(classes):
        said += f" Of {len(classes):,} classes the {len(found.classes)} with the most mistakes are shown."
    drawn = figures.confusion_matrix(
        found,
        classes,
        footer=choice.footer(choice.words).text,
        alt=f"Confusion matrix of {choice.subject.name} {choice.words}",
        colours=theme.sequential(),
    )
    event = figure.card(
        drawn,
        key=f"{KEY}-confusion",
        title="Which class is taken for which?",
        says=f"{said} Click a cell for its images.",
        table=_table(found, classes),
        footer=choice.footer(choice.words),
        clickable=True,
        wide=True,
    )
    pair = _clicked(event, found) or _most_frequent(found)
    if pair is None:
        return
    label, answer = pair
    i, j = (int(np.flatnonzero(found.classes == each)[0]) for each in pair)
    with st.container(border=True, key=f"card-{KEY}-cell"):
        title = f"{display_name(classes[label])}, answered {display_name(classes[answer], inside=True)}"
        st.subheader(states.plain(title), anchor=False)
        st.caption(f"{found.counts[i, j]:,} answers {choice.words}.")
        if gallery.missing(choice):
            return
        pairs = pictures_of(choice.answered, choice.rows, label, answer, _IMAGES)
        several = len(choice.rows) > 1
        pictures = [
            Picture(
                place,
                row,
                (
                    gallery.answer(choice, place, row),
                    *([(gallery.condition_words(choice, row), "")] if several else []),
                ),
            )
            for place, row in pairs
        ]
        gallery.row(choice, pictures, key="cell")


def _clicked(event: Any, found: Confusion) -> tuple[int, int] | None:
    points = (event or {}).get("selection", {}).get("points", [])
    pairs = [tuple(map(int, p["customdata"])) for p in points if len(p.get("customdata") or ()) == 2]
    known = set(found.classes.tolist())
    return (pairs[0][0], pairs[0][1]) if pairs and known.issuperset(pairs[0]) else None


def _most_frequent(found: Confusion) -> tuple[int, int] | None:
    """The pair of different classes with the most answers."""
    mistakes = found.counts.copy()
    np.fill_diagonal(mistakes, 0)
    if not mistakes.any():
        return None
    i, j = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
    return int(found.classes[i]), int(found.classes[j])


def _table(found: Confusion, classes: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(found.counts, columns=[classes[c] for c in found.classes])
    table.insert(0, "is", [classes[c] for c in found.classes])
    if found.outside.any():
        table["other classes"] = found.outside
    return table
