"""The corruptions to tick: by category, each as a small image."""

from __future__ import annotations

from collections import Counter
from html import escape

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.views.builder import controls, inputs
from dashboard.views.builder.inputs import KEY, Ground
from dashboard.widgets import markup
from robustcore.reports.preview import gallery

IMAGE = 54  # of the test images, as on the overview
SEVERITY = 4  # at which most corruptions are seen, and the image is still read


def show(found: Ground, names: list[str]) -> None:
    """Draw the grid; a click ticks a corruption or takes it out."""
    pictures = _pictures(found)
    parts = []
    for label in [*sorted(set(found.labels[found.labels > 0])), 0]:
        members = [str(name) for name in found.labels.index[found.labels == label]]
        if not members:
            continue
        inside = sum(name in names for name in members)
        heading = f"{label} · {_named(members)}" if label else "in no category: overlaps undefined"
        parts.append(
            f'<div class="rc-family">{escape(heading)}<span class="rc-count">{inside} of {len(members)}</span></div>'
            f'<div class="rc-ticks">{"".join(_tick(name, name in names, pictures.get(name, ""), found) for name in members)}</div>'
        )
    markup.show("".join(parts), key=f"{KEY}_ticks", on_pick=controls.toggle)


def _named(members: list[str]) -> str:
    """What a category mostly consists of: the families of its corruptions, the commonest first."""
    families = Counter(corruptions.get(n).family if n in corruptions.names() else "other" for n in members)
    return ", ".join(family for family, _ in families.most_common(2))


def _tick(name: str, inside: bool, picture: str, found: Ground) -> str:
    title = inputs.shown(name)
    why = found.overlap.undefined.get(name, "")
    said = f"{title}: {why}" if why else title
    image = f'<img class="crisp" src="{picture}" alt="">' if picture else '<span class="rc-blank"></span>'
    return (
        f'<button class="rc-tick" data-pick="{escape(name)}" role="checkbox" aria-checked="{str(inside).lower()}" '
        f'title="{escape(said)}">{image}<span>{escape(found.word(name))}</span></button>'
    )


def _pictures(found: Ground) -> dict[str, str]:
    """The first look at each candidate: one test image under it."""
    known = [name for name in found.candidates if name in corruptions.names()]
    cells = []
    for name in known:
        level = SEVERITY if corruptions.get(name).severities else None
        cells.append(gallery.Cell(name, level or 1, level, None, 0))
    if not cells:
        return {}
    shown = cache.grid(cache.test_image(IMAGE), tuple(cells), "memory")
    return dict(zip(known, shown.thumbnails[1:], strict=True))


def summary(names: list[str]) -> None:
    """How many are ticked, and what a click does."""
    count = f"{len(names)} corruption{'' if len(names) == 1 else 's'}"
    st.caption(f"**{count}** in the benchmark. Click an image to put it in or take it out.")
