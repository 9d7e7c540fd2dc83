"""Footers and sentences of the pictures from inside networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from robustcore.inside.attribution import Movement
from robustcore.notes import Note, note
from robustcore.reports.provenance import Footer, package_version


@note
def one_image_inside(models: tuple[str, ...], image: str, corruption: str, seed: int) -> str:
    return f"{', '.join(models)} on {image}; {corruption}, seed {seed}; float32."


@note
def networks_inside(models: tuple[str, ...]) -> str:
    return f"{', '.join(models)}."


@note
def map_moves(method: str, form: str, correlation: float) -> str:
    """`form` is what became of the image: a corruption, or an attack."""
    return f"{method}, {form}: correlation with the map of the clean image {round(correlation, 2) + 0.0:.2f}."


@note
def mass_inside(method: str, form: str, clean: float, other: float) -> str:
    """`other` is NaN where the object may be elsewhere in that form."""
    behind = "" if math.isnan(other) else f", {100 * other:.0f} % here"
    return f"{method}, {form}: {100 * clean:.0f} % of the mass is inside the object on the clean image{behind}."


def inside_footer(models: Sequence[str], image: str, corruption: str, seed: int) -> Footer:
    """Of pictures of one image."""
    return Footer(before=(one_image_inside(tuple(models), image, corruption, seed),), further=(package_version(),))


def networks_footer(models: Sequence[str], *images: Note) -> Footer:
    """Of figures of whole networks; `images` says what they were given."""
    return Footer(before=(networks_inside(tuple(models)), *images), further=(package_version(),))


def movement_notes(movement: Movement, form: str) -> list[Note]:
    """How far the maps move to another form of the image, such as "Fog, severity 3"; what is undefined is left out."""
    notes = []
    for method, value, (clean, other) in (
        ("Grad-CAM", movement.cam, movement.cam_inside),
        ("Input gradient", movement.gradient, movement.gradient_inside),
    ):
        if not math.isnan(value):
            notes.append(map_moves(method, form, value))
        if not math.isnan(clean):
            notes.append(mass_inside(method, form, clean, other))
    return notes
