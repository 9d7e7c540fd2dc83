"""How many images every step of a filtration leaves."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from robustcore.figures._style import PALETTE, finish

_ROW = 38  # pixels
_LEAST = 0.004  # of the axis: a bar that is there is seen


def funnel(steps: Sequence[tuple[str, int, float]], *, footer: str, alt: str) -> go.Figure:
    """One bar a step, with its number and its share of all.

    Args:
        steps: (what is left, images, share of the first step), in their order.
        footer, alt: as for every figure.
    """
    names = [_wrapped(text) for text, _, _ in steps]
    y = list(range(len(steps)))
    shares = [max(share, _LEAST if images else 0) for _, images, share in steps]
    texts = [
        f" {images:,} ({share:.1%})" if place else f" {images:,}" for place, (_, images, share) in enumerate(steps)
    ]
    figure = go.Figure()
    figure.add_bar(
        x=shares,
        y=y,
        orientation="h",
        marker={"color": PALETTE[0]},
        text=texts,
        textposition=["inside" if share > 0.7 else "outside" for share in shares],
        hovertext=[f"<b>{text}</b><br>{images:,} images, {share:.2%} of all" for text, images, share in steps],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_xaxes(visible=False, range=[0, 1.02])
    figure.update_yaxes(tickvals=y, ticktext=names, range=[len(steps) - 0.4, -0.6], showgrid=False)
    figure.update_layout(bargap=0.25)
    return finish(figure, height=_ROW * len(steps), footer=footer, alt=alt, legend=False, bottom=8)


def _wrapped(text: str) -> str:
    """A step's name in two lines where it names a model."""
    model, colon, rest = text.rpartition(": ")
    return f"{model}<br>{rest}" if colon else text
