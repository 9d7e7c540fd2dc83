"""The candidates by category, each a small image to click."""

from __future__ import annotations

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.views.builder import controls, inputs
from dashboard.views.builder.inputs import KEY, CandidateAtlas
from dashboard.widgets import markup
from dashboard.widgets.markup import Markup
from robustcore.reports.preview import gallery

IMAGE = 54  # of the test images, as on the overview
SEVERITY = 4  # most corruptions are visible, and the object is still recognisable


def show(atlas: CandidateAtlas, names: list[str]) -> None:
    """Draw the grid; a click adds a corruption or removes it."""
    pictures = _pictures(atlas)
    parts = []
    names_of = atlas.category_names
    for label in [*sorted(set(atlas.labels[atlas.labels > 0])), 0]:
        members = [str(name) for name in atlas.labels.index[atlas.labels == label]]
        if not members:
            continue
        inside = sum(name in names for name in members)
        heading = names_of.get(int(label), "No category: overlaps undefined")
        parts.append(
            Markup(
                '<div class="rc-family">{}<span class="rc-count">{} of {}</span></div><div class="rc-ticks">{}</div>'
            ).format(
                heading,
                inside,
                len(members),
                Markup().join(_tick(name, name in names, pictures.get(name, ""), atlas) for name in members),
            )
        )
    markup.show(Markup().join(parts), key=f"{KEY}_ticks", on_pick=controls.toggle)


def _tick(name: str, inside: bool, picture: str, atlas: CandidateAtlas) -> Markup:
    title = inputs.full_name(name)
    why = atlas.overlap.undefined.get(name)
    tooltip = f"{title}: {why.text_with({name: title})}" if why else title
    image = (
        Markup('<img class="crisp" src="{}" alt="">').format(picture)
        if picture
        else Markup('<span class="rc-blank"></span>')
    )
    return Markup(
        '<button class="rc-tick" data-pick="{}" role="checkbox" aria-checked="{}" title="{}">{}<span>{}</span></button>'
    ).format(name, str(inside).lower(), tooltip, image, atlas.display_name(name))


def _pictures(atlas: CandidateAtlas) -> dict[str, str]:
    """One test image under each candidate."""
    registered = [name for name in atlas.candidates if name in corruptions.names()]
    cells = []
    for name in registered:
        level = SEVERITY if corruptions.get(name).severities else None
        cells.append(gallery.GalleryImage(name, level or 1, level, None, 0))
    if not cells:
        return {}
    thumbnails = cache.gallery.grid(cache.images.test_image(IMAGE), tuple(cells), "memory").thumbnails
    return dict(zip(registered, thumbnails[1:], strict=True))


def summary(names: list[str]) -> None:
    """How many are selected, and what a click does."""
    count = f"{len(names)} corruption{'' if len(names) == 1 else 's'}"
    st.caption(f"**{count}** in the benchmark. Click an image to add or remove it.")
