"""The grid of thumbnails as markup: the clean image and a sentence, then a row for each corruption, by family."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape

from robustcore import corruptions

WRONG, CHANGED, RIGHT, UNKNOWN = "wrong", "changed", "right", "unknown"
SIGNS = {WRONG: "✕ ", CHANGED: "≠ "}


@dataclasses.dataclass(frozen=True)
class Thumb:
    """One thumbnail.

    Attributes:
        key: what a click reports; empty for one that cannot be chosen.
        source: data address.
        alt: what it shows, in words.
        answers: lines below it, (text, mark): one for each model.
        crisp: whether its pixels are drawn as squares.
    """

    key: str
    source: str
    alt: str
    answers: tuple[tuple[str, str], ...]
    crisp: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """One corruption: family, name, a note below the name, thumbnails. Lines of one family follow each other."""

    family: str
    name: str
    note: str
    title: str
    thumbs: Sequence[Thumb]


def markup(clean: Thumb, says: str, columns: Sequence[str], lines: Sequence[Line]) -> str:
    """The whole grid; `says` is markup already."""
    head = "".join(f"<div>{_short(c)}</div>" for c in columns)
    parts = [
        f'<div class="rc-clean"><div class="rc-name">Clean</div>{_thumb(clean)}<div class="rc-says">{says}</div></div>',
        f'<div class="rc-row rc-head" aria-hidden="true"><div>Corruption</div>{head}</div>',
    ]
    family = None
    for line in lines:
        if line.family != family:
            family = line.family
            parts.append(f'<div class="rc-family">{escape(corruptions.families.title(family))}</div>')
        note = f"<small>{escape(line.note)}</small>" if line.note else ""
        name = f'<div class="rc-name" title="{escape(line.title)}">{escape(line.name)}{note}</div>'
        parts.append(f'<div class="rc-row">{name}{"".join(_thumb(t) for t in line.thumbs)}</div>')
    return "".join(parts)


def strip(thumbs: Sequence[Thumb]) -> str:
    """The frames of a sequence, each with its number."""
    parts = [f'<div class="rc-frames-one"><small>{escape(t.key)}</small>{_thumb(t)}</div>' for t in thumbs]
    return f'<div class="rc-frames">{"".join(parts)}</div>'


def row(thumbs: Sequence[Thumb]) -> str:
    """A few images side by side."""
    return f'<div class="rc-frames">{"".join(_thumb(t) for t in thumbs)}</div>'


def _short(column: str) -> str:
    """A heading whose word is left out on narrow screens."""
    word, _, number = column.rpartition(" ")
    return f'<span class="rc-word">{escape(word)} </span>{escape(number)}'


def selected(key: str) -> str:
    """A style that shows which thumbnail is chosen, so that the grid itself need not be sent again."""
    return (
        f'<style>.rc-root .rc-cell[data-pick="{escape(key)}"]'
        "{box-shadow:0 0 0 3px var(--rc-accent);background:var(--rc-accent-soft)}</style>"
    )


def _thumb(thumb: Thumb) -> str:
    marks = {mark for _, mark in thumb.answers}
    kind = "rc-wrong" if WRONG in marks else "rc-changed" if CHANGED in marks else ""
    said = "".join(
        f'<span class="rc-answer{" no" if mark in (WRONG, CHANGED) else ""}">{escape(text)}</span>'
        for text, mark in thumb.answers
    )
    image = f'<img src="{thumb.source}" alt="{escape(thumb.alt)}"{" class=crisp" if thumb.crisp else ""}>'
    inner = f'<span class="rc-frame">{image}</span>{said}'
    if not thumb.key:
        return f'<div class="rc-cell {kind}">{inner}</div>'
    return f'<button class="rc-cell {kind}" data-pick="{escape(thumb.key)}">{inner}</button>'
