"""Released corruptions beside the same ones made here, below the figures of the storage "released"."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.cache import compare
from dashboard.views.compare.controls import KEY, Choice
from dashboard.widgets import figure, states
from robustcore import corruptions
from robustcore.evaluation.condition import RELEASED
from robustcore.figures.scatter import released_and_made
from robustcore.reports.compare import published_models, storages
from robustcore.reports.provenance import Footer

_MOST = 12  # models that are drawn


def show(choice: Choice) -> None:
    """The figure, where something is stored of the same models on images that were made here."""
    own = [m for m in choice.models if not published_models.is_published(m)]
    if choice.storage != RELEASED or choice.is_published or not own:
        return
    drawn = tuple(own[:_MOST])
    shared = choice.data, choice.suites, choice.severities
    fewest = compare.gathered(drawn, *shared, RELEASED, choice.seed).value.provenance.images[0]
    if not fewest:
        return
    released, *made = (
        compare.gathered(drawn, *shared, storage, choice.seed, limit=fewest).value
        for storage in (RELEASED, *corruptions.STORAGES)
    )
    table = storages.beside(released, made)
    if table.empty:
        states.notice(
            "Nothing is stored of these models on the same corruptions made here: an evaluation without --released computes it, "
            "and both are then drawn side by side."
        )
        return
    footer = Footer(
        released.provenance,
        formula="Accuracy = correct / images, the mean over the severities that both have; difference = made here less released",
    )
    figure.card(
        released_and_made(table, footer=footer.text),
        key=f"{KEY}-released-and-made",
        title="Do corruptions made here equal the released ones?",
        says="A mark is a corruption. On the dotted line the model is right as often on images made here as on the released "
        "files; below it the images made here are harder.",
        alt="Accuracy on corruptions made here against released ones",
        table=table,
        footer=footer,
        below=lambda: _said(len(own) - len(drawn), table),
    )


def _said(further: int, table: pd.DataFrame) -> None:
    for note in storages.notes(table)[:_MOST]:
        st.caption(f":material/info: {states.plain(note.text)}")
    if further > 0:
        st.caption(f"The first {_MOST} models; {further} more are chosen.")
