"""Linear CKA between the layers of two models, or within one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, theme
from dashboard.views.inside.case import KEY
from dashboard.widgets import figure, states
from robustcore.inside import comparison_images
from robustcore.inside.similarity import IMAGES, Similarity
from robustcore.reports.inside import networks_footer


def view(models: tuple[str, ...]) -> None:
    """The heatmap, and the two layers of a clicked cell."""
    first, second = models[0], models[-1]
    source = comparison_images.source_for(cache.models.card(first), cache.models.card(second))
    bar = st.empty()

    def show(share: float) -> None:
        bar.progress(share, f"Comparing layers on {IMAGES} images: {share:.0%}")

    similarity = cache.inside.networks.similarity(first, second, source, IMAGES, show)
    bar.empty()
    if not similarity.values.size:
        states.notice("No layer of one of the models tells images apart, so there is nothing to compare.")
        return
    _map(similarity, (first, second), source)


def _map(similarity: Similarity, names: tuple[str, str], source: str) -> None:
    from robustcore.figures import inside as figures

    footer = networks_footer(
        tuple(dict.fromkeys(names)), comparison_images.comparison_images(similarity.images, source)
    )
    alike = f"{names[0]} and {names[1]}" if names[0] != names[1] else f"{names[0]} with itself"
    drawn = figures.similarity_map(
        similarity, names, footer=footer.text, alt=f"Linear CKA of the layers of {alike}", colours=theme.sequential()
    )
    table = pd.DataFrame(similarity.values, columns=list(similarity.second))
    table.insert(0, "layer", similarity.first)
    chosen = figure.card(
        drawn,
        key=f"{KEY}-similarity",
        title="How alike are the layers?",
        says="Linear CKA: 1 where two layers hold the same features up to a rotation and a scale, 0 where they have nothing in "
        "common. Click a cell for its two layers.",
        table=table,
        footer=footer,
        clickable=True,
    )
    _pair(similarity, names, chosen)


def _pair(similarity: Similarity, names: tuple[str, str], event: Any) -> None:
    """The two layers of the clicked cell, and what each is most alike to in the other network."""
    points = (event or {}).get("selection", {}).get("points", [])
    pairs = [point["customdata"] for point in points if len(point.get("customdata") or ()) == 2]
    if not pairs or pairs[0][0] not in similarity.first or pairs[0][1] not in similarity.second:
        return
    i, j = similarity.first.index(pairs[0][0]), similarity.second.index(pairs[0][1])
    best_j, best_i = int(similarity.values[i].argmax()), int(similarity.values[:, j].argmax())
    plain = states.plain
    st.markdown(
        f"**{plain(similarity.first[i])}** of {plain(names[0])} and **{plain(similarity.second[j])}** of {plain(names[1])}: CKA "
        f"**{similarity.values[i, j]:.2f}**. The first is most alike to {plain(similarity.second[best_j])} "
        f"({similarity.values[i, best_j]:.2f}), the second to {plain(similarity.first[best_i])} ({similarity.values[best_i, j]:.2f})."
    )
