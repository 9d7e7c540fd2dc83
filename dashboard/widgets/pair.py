"""One image next to the clean one, with the five most probable classes of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dashboard.widgets import labels
from dashboard.widgets.markup import Markup
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


def markup(left: Side, right: Side) -> Markup:
    """Both, side by side."""
    return Markup('<div class="rc-pair">{}{}</div>').format(_side(left), _side(right))


def row(sides: Sequence[Side]) -> Markup:
    """Several, side by side."""
    return Markup('<div class="rc-pair rc-three">{}</div>').format(Markup().join(_side(side) for side in sides))


def single(side: Side) -> Markup:
    """One image alone."""
    return Markup('<div class="rc-pair rc-single">{}</div>').format(_side(side))


def _side(side: Side) -> Markup:
    several = len(side.bars) > 1
    bars = Markup().join(_bars(b, several) for b in side.bars)
    return Markup('<figure><img src="{}" alt="{}"{}><figcaption>{}</figcaption>{}</figure>').format(
        side.source, side.alt, " class=crisp" if side.crisp else "", side.title, bars
    )


def _bars(bars: Bars, named: bool) -> Markup:
    parts = [Markup('<div class="rc-model">{}</div>').format(bars.model) if named else ""]
    parts.append(Markup('<div class="rc-bars">'))
    for place, (name, probability, right) in enumerate(bars.answers):
        first = " first" if place == 0 else ""
        tick = " ✓" if right else ""
        parts.append(
            Markup(
                '<span class="label{}" title="{}">{}{}</span>'
                '<span class="value{}">{}</span>'
                '<span class="track"><span class="fill{}" style="width:{:.1%}"></span></span>'
            ).format(
                first,
                name,
                display_name(name),
                tick,
                first,
                labels.confidence(probability),
                " right" if right else "",
                probability,
            )
        )
    parts.append(Markup("</div>"))
    return Markup().join(parts)
