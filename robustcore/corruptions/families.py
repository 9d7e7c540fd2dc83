"""Families: what corruptions and sequences are grouped by, in the order in which the field lists them."""

from __future__ import annotations

import dataclasses

from robustcore.registry import Registry

LAST = 1000  # the order of a family or suite that names none


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of corruptions.

    Attributes:
        name: registry key.
        title: as a heading.
        description: what its members do to an image, one sentence.
        order: its place among the families; of those with the same, the names decide.
    """

    name: str
    title: str
    description: str
    order: int


registry: Registry[Family] = Registry("family of corruptions")


def family(name: str, *, title: str = "", description: str, order: int = LAST) -> Family:
    """Register a family; without a title its name is written with a capital."""
    return registry.add(name, Family(name, title or name[:1].upper() + name[1:], description, order))


def names() -> list[str]:
    """The names of all families, in their order."""
    return [each.name for each in sorted(registry, key=lambda each: (each.order, each.name))]


def place(name: str) -> tuple[int, str]:
    """A key that sorts by the families' order; a name that is none comes last."""
    return (registry[name].order if name in registry else LAST + 1), name


def title(name: str) -> str:
    """A family's title; any other group's name, with a capital."""
    return registry[name].title if name in registry else (name[:1].upper() + name[1:]).replace("_", " ")


family("noise", order=10, description="Every pixel is disturbed on its own.")
family("blur", order=20, description="Pixels are mixed with their neighbours, so that details go.")
family("weather", order=30, description="Something between the camera and the object, or on the lens.")
family("digital", order=40, description="What cameras, files and screens do to colours and pixels.")
family("geometry", order=50, description="Pixels move: the image is turned, bent, shifted or cut.")
family("occlusion", order=60, description="Parts of the image are covered.")
family("colour", order=70, description="Colours change, and the shapes stay.")
