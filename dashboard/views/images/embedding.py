"""A map of images by the features before the last layer; a lasso leads to the images."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import selection
from dashboard.views.images import gallery
from dashboard.views.images.controls import CLEAN, KEY, Choice, canonical
from dashboard.views.images.gallery import Picture
from dashboard.widgets import figure, states
from robustcore.display import display_name
from robustcore.errors import ModelError
from robustcore.reports.images import embedding as maps
from robustcore.reports.images.embedding import Embedding

_METHODS = {maps.PCA: "PCA", maps.UMAP: "UMAP"}
_COLOURS = {"answers": "Answers", "classes": "Classes"}
_COUNTS = (64, 128, 256, 512)
_SMALL = 64  # pixels a side: up to that, features of more images take a moment
_IMAGES = 36  # of a selection


def show(choice: Choice) -> None:
    """The map of the first images, clean and under one condition."""
    if gallery.missing(choice):
        return
    rows = choice.answered.rows("" if choice.name == CLEAN else choice.name, choice.severity)
    if not rows:
        states.notice(f"{choice.subject.name} is not evaluated under corruptions of this suite.")
        return
    if not choice.subject.is_here:
        states.notice(f"The weights of {choice.subject.name} are not on this machine, so that it gives no features.")
        return
    row = rows[-1]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = selection.segmented(
            "Map by", list(maps.methods()), key=f"{KEY}_method", kind="method", text=_METHODS.__getitem__
        )
        colour = selection.segmented(
            "Colour", list(_COLOURS), key=f"{KEY}_colour", kind="colour", text=_COLOURS.__getitem__
        )
        offered = [n for n in _COUNTS if n < choice.answered.images] + [min(choice.answered.images, _COUNTS[-1])]
        offered = sorted(set(offered))
        preparation = choice.subject.preparation
        small = preparation is None or preparation.side <= _SMALL
        default = offered[min(2 if small else 0, len(offered) - 1)]
        count = selection.selectbox(
            "Images", offered, key=f"{KEY}_count", kind="number of images", default=default, width=110
        )
    bar = st.empty()

    def progress(share: float) -> None:
        bar.progress(share, f"Computing features of {count} images, clean and corrupted: {share:.0%}")

    try:
        found = cache.inside.answers.embedding(
            choice.subject, choice.data, canonical(choice, row), choice.seed, count, method, progress
        )
    except ModelError as error:
        states.notice(str(error))
        return
    finally:
        bar.empty()
    _map(choice, found, row, colour)


def _map(choice: Choice, found: Embedding, row: int, colour: str) -> None:
    from robustcore.figures import inside as figures

    answered = choice.answered
    n = len(found.clean)
    labels = answered.labels[row, :n]
    held = answered.held[[0, row], :n]
    words = gallery.condition_words(choice, row)
    footer = choice.footer(f"clean and under {words}", n)
    drawn = figures.embedding_map(
        found,
        labels,
        held,
        choice.subject.classes,
        words,
        footer=footer.text,
        alt=f"Map of {n} images by the features of {choice.subject.name}, clean and under {words}",
        colour=colour,
    )
    table = pd.DataFrame(
        {
            "image": range(n),
            "is": [choice.subject.classes[label] if label >= 0 else "" for label in labels],
            "clean x": found.clean[:, 0],
            "clean y": found.clean[:, 1],
            "corrupted x": found.corrupted[:, 0],
            "corrupted y": found.corrupted[:, 1],
            "moved": found.moved,
        }
    )
    event = figure.card(
        drawn,
        key=f"{KEY}-embedding",
        title="How do features move under corruption?",
        says=f"Features before the last layer of the first {n} images: filled clean, open {states.plain(words)}. They move by "
        f"{float(pd.Series(found.moved).median()):.2f} of the clean images' spread (median). Draw a lasso around points for "
        "their images.",
        table=table,
        footer=footer,
        lasso=True,
    )
    _selected(choice, found, row, event)


def _selected(choice: Choice, found: Embedding, row: int, event: Any) -> None:
    """The images of the selected points."""
    points = (event or {}).get("selection", {}).get("points", [])
    chosen = [tuple(map(int, p["customdata"])) for p in points if len(p.get("customdata") or ()) == 2]
    chosen = [(place, which) for place, which in chosen if 0 <= place < len(found.clean) and which in (0, 1)]
    if not chosen:
        st.caption(":material/lasso_select: Nothing is selected.")
        return
    with st.container(border=True, key=f"card-{KEY}-selected"):
        more = f", the first {_IMAGES} are shown" if len(chosen) > _IMAGES else ""
        st.subheader(f"{len(chosen):,} selected{more}", anchor=False)
        pictures = []
        for place, which in chosen[:_IMAGES]:
            condition = row if which else 0
            answer = display_name(choice.subject.classes[int(found.answers[which, place])])
            held = choice.answered.held[condition, place]
            pictures.append(
                Picture(
                    place,
                    condition,
                    ((answer, "unknown" if held else "wrong"), gallery.truth(choice, place, condition)),
                )
            )
        gallery.row(choice, pictures, key="selected")
