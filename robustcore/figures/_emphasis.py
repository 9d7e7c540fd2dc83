"""How the models that are shown first, and the pinned ones, are told from the others in every figure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from robustcore.figures._style import DASHES, NEUTRAL, PALETTE, PATTERNS, SYMBOLS, Stroke, distinct, strokes
from robustcore.reports.emphasis import Emphasis

FADED = 0.45  # opacity of what is not looked at, readable on both themes


@dataclasses.dataclass(frozen=True)
class Look:
    """How one model is drawn.

    Attributes:
        stroke: colour and shapes; grey for one that is not shown first, and its own for a pinned one.
        is_first, is_pinned: by the emphasis.
        is_faded: whether it is pale, since other models are pinned.
    """

    stroke: Stroke
    is_first: bool = True
    is_pinned: bool = False
    is_faded: bool = False

    @property
    def rank(self) -> int:
        """In the order of drawing: what is seen first is drawn last, above the others."""
        return 2 if self.is_pinned else int(self.is_first)

    @property
    def opacity(self) -> float:
        """Of a line or a filled bar."""
        return FADED if self.is_faded else 1.0


def looks(
    names: Sequence[str], groups: Mapping[str, str] | None = None, emphasis: Emphasis | None = None
) -> dict[str, Look]:
    """A look for each name; without an emphasis, or where it says nothing, as `strokes` draws them.

    Args:
        names, groups: as for `strokes`.
        emphasis: which are shown first, and which are pinned.
    """
    drawn = strokes(names, groups)
    if emphasis is None:
        return {name: Look(stroke) for name, stroke in drawn.items()}
    taken = len(dict.fromkeys(groups.values())) if groups else 0
    made: dict[str, Look] = {}
    for name, stroke in drawn.items():
        if name in emphasis.pinned:
            own = _own(taken + emphasis.pinned.index(name)) if groups else stroke
            made[name] = Look(own, is_pinned=True)
        elif emphasis.is_partial and name not in emphasis.first:
            grey = dataclasses.replace(stroke, colour=NEUTRAL, dash=DASHES[0], symbol=SYMBOLS[0], pattern=PATTERNS[0])
            made[name] = Look(grey, is_first=False, is_faded=bool(emphasis.pinned))
        else:
            made[name] = Look(stroke, is_faded=bool(emphasis.pinned))
    return made


def _own(place: int) -> Stroke:
    """A stroke that no group has, as far as there are colours."""
    return Stroke(PALETTE[place % len(PALETTE)], DASHES[0], SYMBOLS[place % len(SYMBOLS)], PATTERNS[0])


def name_pinned(figure: go.Figure, drawn: Mapping[str, Look]) -> None:
    """A legend entry for each pinned model where the legend has groups, whose colours they do not have."""
    pinned = {name: look for name, look in drawn.items() if look.is_pinned and look.stroke.group is None}
    labels = distinct(list(pinned))
    for name, look in pinned.items():
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=labels[name],
            hoverinfo="skip",
            marker={"color": look.stroke.colour, "symbol": look.stroke.symbol, "size": 13},
        )
