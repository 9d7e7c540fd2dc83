"""A map of images by a network's features, clean and corrupted, from which images can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, PALETTE, finish, strokes
from robustcore.reports.images.embedding import PCA, Embedding

ANSWERS, CLASSES = "answers", "classes"
_RIGHT, _WRONG = PALETTE[0], PALETTE[1]
_MANY = 24  # classes that a legend can still name


def embedding_map(
    embedding: Embedding,
    labels: npt.NDArray[np.integer],
    held: npt.NDArray[np.bool_],
    names: Sequence[str],
    corruption: str,
    *,
    footer: str,
    alt: str,
    colour: str = ANSWERS,
) -> go.Figure:
    """Two points for each image: a filled one clean, an open one corrupted.

    A selected point reports (place of the image, 0 clean or 1 corrupted) as `customdata`. The figure begins with the lasso.

    Args:
        embedding: of n images.
        labels: (n,) in the model's classes, -1 where there is none.
        held: (2, n) whether the answer is right; of an image without a label, whether it is that to the clean image.
        names: of the model's classes.
        corruption: for people.
        footer, alt: as for every figure.
        colour: "answers" for whether the answer holds, or "classes" for what the image shows.
    """
    figure = go.Figure()
    n = len(labels)
    of_class = [display_name(names[int(label)]) if label >= 0 else "no label" for label in labels]
    present = list(dict.fromkeys(of_class))
    drawn = strokes(present)
    for corrupted, (points, title) in enumerate(((embedding.clean, "clean"), (embedding.corrupted, corruption))):
        groups = (
            [(name, [i for i in range(n) if of_class[i] == name]) for name in present]
            if colour == CLASSES
            else [(word, [i for i in range(n) if bool(held[corrupted, i]) == good]) for word, good in _words(labels)]
        )
        for name, places in groups:
            if not places:
                continue
            if colour == CLASSES:
                tint, symbol = (drawn[name].colour if len(present) <= _MANY else NEUTRAL), drawn[name].symbol
            else:
                tint, symbol = (_RIGHT if name == groups[0][0] else _WRONG), "circle"
            figure.add_scatter(
                x=points[places, 0],
                y=points[places, 1],
                mode="markers",
                name=f"{title}, {name}" if colour == ANSWERS else name,
                legendgroup=name,
                showlegend=colour == ANSWERS or (not corrupted and len(present) <= _MANY),
                marker={
                    "color": tint,
                    "symbol": f"{symbol}-open" if corrupted else symbol,
                    "size": 7,
                    "opacity": 0.9 if corrupted else 0.65,
                    "line": {"width": 1.4 if corrupted else 0},
                },
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 0.2}},
                customdata=[[i, corrupted] for i in places],
                hovertext=[
                    f"image {i}, {title}<br>is {of_class[i]}<br>answered "
                    f"{display_name(names[int(embedding.answers[corrupted, i])])}"
                    for i in places
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
    titles = ["UMAP 1", "UMAP 2"]
    if embedding.method == PCA:
        titles = [
            f"component {i + 1} ({100 * share:.0f} % of the variance)" for i, share in enumerate(embedding.explained)
        ]
    finish(figure, height=420, footer=footer, alt=alt, top=0 if colour == ANSWERS else 22)
    figure.update_xaxes(title=titles[0], showticklabels=False)
    figure.update_yaxes(title=titles[1], showticklabels=False)
    return figure.update_layout(dragmode="lasso")


def _words(labels: npt.NDArray[np.integer]) -> list[tuple[str, bool]]:
    """What is said of answers that hold, and of others."""
    return [("right", True), ("wrong", False)] if (labels >= 0).any() else [("unchanged", True), ("changed", False)]
