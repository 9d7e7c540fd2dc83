"""The grid of thumbnails as markup: the clean image and a sentence, then a row for each corruption, by family."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dashboard.widgets.markup import Markup
from robustcore import corruptions

Lines = tuple[tuple[str, str], ...]  # (text, mark) below an image
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
        faded: whether it is drawn pale, as one that was rejected.
    """

    key: str
    source: str
    alt: str
    answers: Lines
    crisp: bool = False
    faded: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """One corruption: family, name, a note below the name, thumbnails. Lines of one family follow each other."""

    family: str
    name: str
    note: str
    title: str
    thumbs: Sequence[Thumb]


def markup(clean: Thumb, says: str, columns: Sequence[str], lines: Sequence[Line]) -> Markup:
    """The whole grid; `says` is a sentence or markup."""
    head = Markup().join(Markup("<div>{}</div>").format(_short(c)) for c in columns)
    parts = [
        Markup('<div class="rc-clean"><div class="rc-name">Clean</div>{}<div class="rc-says">{}</div></div>').format(
            _thumb(clean), says
        ),
        Markup('<div class="rc-row rc-head" aria-hidden="true"><div>Corruption</div>{}</div>').format(head),
    ]
    family = None
    for line in lines:
        if line.family != family:
            family = line.family
            parts.append(Markup('<div class="rc-family">{}</div>').format(corruptions.families.title(family)))
        note = Markup("<small>{}</small>").format(line.note) if line.note else ""
        name = Markup('<div class="rc-name" title="{}">{}{}</div>').format(line.title, line.name, note)
        parts.append(
            Markup('<div class="rc-row">{}{}</div>').format(name, Markup().join(_thumb(t) for t in line.thumbs))
        )
    return Markup().join(parts)


def strip(thumbs: Sequence[Thumb]) -> Markup:
    """The frames of a sequence, each with its number."""
    parts = [Markup('<div class="rc-frames-one"><small>{}</small>{}</div>').format(t.key, _thumb(t)) for t in thumbs]
    return Markup('<div class="rc-frames">{}</div>').format(Markup().join(parts))


def row(thumbs: Sequence[Thumb]) -> Markup:
    """A few images side by side."""
    return Markup('<div class="rc-frames">{}</div>').format(Markup().join(_thumb(t) for t in thumbs))


def large(thumbs: Sequence[Thumb]) -> Markup:
    """Images that are looked at one by one."""
    return Markup('<div class="rc-large">{}</div>').format(row(thumbs))


def _short(column: str) -> Markup:
    """A heading whose word is left out on narrow screens."""
    word, _, number = column.rpartition(" ")
    return Markup('<span class="rc-word">{} </span>{}').format(word, number)


def selected(key: str) -> Markup:
    """A style that shows which thumbnail is chosen, so that the grid itself need not be sent again."""
    return Markup(
        '<style>.rc-root .rc-cell[data-pick="{}"]'
        "{{box-shadow:0 0 0 3px var(--rc-accent);background:var(--rc-accent-soft)}}</style>"
    ).format(key)


def _thumb(thumb: Thumb) -> Markup:
    marks = {mark for _, mark in thumb.answers}
    kind = "rc-wrong" if WRONG in marks else "rc-changed" if CHANGED in marks else ""
    kind += " rc-faded" if thumb.faded else ""
    captions = Markup().join(
        Markup('<span class="rc-answer{}">{}</span>').format(" no" if mark in (WRONG, CHANGED) else "", text)
        for text, mark in thumb.answers
    )
    image = Markup('<img src="{}" alt="{}"{}>').format(thumb.source, thumb.alt, " class=crisp" if thumb.crisp else "")
    inner = Markup('<span class="rc-frame">{}</span>{}').format(image, captions)
    if not thumb.key:
        return Markup('<div class="rc-cell {}">{}</div>').format(kind, inner)
    return Markup('<button class="rc-cell {}" data-pick="{}">{}</button>').format(kind, thumb.key, inner)
