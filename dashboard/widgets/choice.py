"""The image that a page shows, and the Python lines that load it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from robustcore.datasets import Item
from robustcore.images.preparation import Preparation


@dataclasses.dataclass(frozen=True)
class Choice:
    """The chosen image.

    Attributes:
        item: the image with its id, and its label or the names of its right classes where it has some.
        origin: "photograph", "scenes" or "upload".
        classes: the class names of the labels; empty without labels.
        code: Python lines that load it as `item`.
        title: what it is, for people.
    """

    item: Item
    origin: str
    classes: tuple[str, ...]
    code: str
    title: str

    def right_among(self, classes: Sequence[str]) -> frozenset[int]:
        """The classes that are right, by their places among a model's; none where it is unknown, or where it is none of
        them."""
        names = self.item.right if self.item.label is None else (self.classes[self.item.label],)
        return frozenset(classes.index(name) for name in names if name in classes)


def preparation_code(preparation: Preparation | None) -> str:
    """Python lines that make the preparation; "" for none."""
    if preparation is None:
        return ""
    stretched = ", is_stretched=True" if preparation.is_stretched else ""
    return (
        "from robustcore.datasets import Preparation\n\n"
        f"preparation = Preparation({preparation.side}, {preparation.resize}, {preparation.interpolation!r}{stretched})\n"
    )
