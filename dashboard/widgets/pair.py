"""One image next to the clean one, with the five most probable classes of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape

from dashboard.widgets import labels
from robustcore.display import display_name


@dataclasses.dataclass(frozen=True)
class Bars:
    """What one model answers: its name, and (class, probability, whether it is the true class), the first first."""

    model: str
    answers: Sequence[tuple[str, float, bool]]


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two images: data address, words for it, what the models answer."""

    source: str
    title: str
    alt: str
    bars: Sequence[Bars]
    crisp: bool


def markup(left: Side, right: Side) -> str:
    """Both, side by side."""
    return f'<div class="rc-pair">{_side(left)}{_side(right)}</div>'


def row(sides: Sequence[Side]) -> str:
    """Several, side by side."""
    return f'<div class="rc-pair rc-three">{"".join(_side(side) for side in sides)}</div>'


def single(side: Side) -> str:
    """One image alone."""
    return f'<div class="rc-pair rc-single">{_side(side)}</div>'


def _side(side: Side) -> str:
    several = len(side.bars) > 1
    bars = "".join(_bars(b, several) for b in side.bars)
    return (
        f'<figure><img src="{side.source}" alt="{escape(side.alt)}"{" class=crisp" if side.crisp else ""}>'
        f"<figcaption>{escape(side.title)}</figcaption>{bars}</figure>"
    )


def _bars(bars: Bars, named: bool) -> str:
    parts = [f'<div class="rc-model">{escape(bars.model)}</div>' if named else ""]
    parts.append('<div class="rc-bars">')
    for place, (name, probability, right) in enumerate(bars.answers):
        first = " first" if place == 0 else ""
        tick = " ✓" if right else ""
        parts.append(
            f'<span class="label{first}" title="{escape(name)}">{escape(display_name(name))}{tick}</span>'
            f'<span class="value{first}">{labels.percent(probability)}</span>'
            f'<span class="track"><span class="fill{" right" if right else ""}" style="width:{probability:.1%}"></span></span>'
        )
    parts.append("</div>")
    return "".join(parts)
