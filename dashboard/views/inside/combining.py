"""Likeness of two trainings against the gain of combining them, over the models that are here."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import SCENES
from dashboard.cache.inside.networks import GAIN_SUITE
from dashboard.views.inside.case import KEY
from dashboard.widgets import figure, labels, states
from robustcore.inside import comparison_images
from robustcore.inside.similarity import IMAGES
from robustcore.reports.inside import combining, networks_footer

_SOURCE = "scenes"


def view() -> None:
    """The scatter; the layers are compared pair by pair, which is kept."""
    here = [name for name in cache.models.model_names() if name in cache.results.evaluated(SCENES)]
    found, notes = combining.combinations({name: cache.models.card(name) for name in here})
    if not found:
        states.empty(
            "No combined training is here",
            "A model that was trained with two interventions at once (M-TLAT, IAT), and one with each of them, on one architecture.",
            icon=":material/join:",
        )
        return
    table = cache.inside.networks.combination_gains(tuple(found))
    bar = st.empty()
    values = []
    for place, each in enumerate(found):

        def show(share: float, place: int = place, first: str = each.first, second: str = each.second) -> None:
            done = (place + share) / len(found)
            bar.progress(done, f"Comparing the layers of {first} and {second}: {done:.0%}")

        alike = cache.inside.networks.similarity(each.first, each.second, _SOURCE, IMAGES, show)
        values.append(combining.likeness(alike) if alike.values.size else math.nan)
    bar.empty()
    table = table.assign(cka=values)
    _card(table, tuple(name for each in found for name in (each.combined, each.first, each.second)))
    for note in (*combining.relation_notes(table), *notes):
        st.markdown(f"- {states.plain(note.text)}")
    lacking = table[table["gain"].isna()]["combined"].tolist()
    if lacking:
        states.notice(
            f"Without a point, since not all of {labels.suite(GAIN_SUITE)} is evaluated: {', '.join(lacking)}."
        )


def _card(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    from robustcore.figures import inside as figures

    footer = networks_footer(tuple(dict.fromkeys(names)), comparison_images.comparison_images(IMAGES, _SOURCE))
    if not table["gain"].notna().any():
        return
    drawn = figures.combination_gain(
        table, footer=footer.text, alt="Likeness of two trainings against the gain of training with both"
    )
    figure.card(
        drawn,
        key=f"{KEY}-combining",
        title="Do unlike trainings gain more together?",
        says=f"Each point is a training with two interventions at once. Across: how alike the models of each intervention alone "
        f"compute. Up: what the combination gains over the better of them, in mean accuracy over {labels.suite(GAIN_SUITE)} on "
        "scenes.",
        table=table,
        footer=footer,
    )
