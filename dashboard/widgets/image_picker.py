"""Choosing one image: a test image of scenes by class, one of the two photographs, or an upload."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from dashboard import cache
from dashboard.session import permissions, selection
from dashboard.widgets import markup, states
from dashboard.widgets.markup import Markup
from robustcore.datasets import Item
from robustcore.display import display_name
from robustcore.errors import ImageError

STRIP = 12  # small previews in a row
ORIGINS = {"scenes": "Test images", "photograph": "Photographs", "upload": "Upload"}
_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]


@dataclasses.dataclass(frozen=True)
class Choice:
    """The chosen image.

    Attributes:
        item: the image with its id, and its label where it has one.
        origin: "scenes", "photograph" or "upload".
        classes: the class names of the labels; empty without labels.
        code: Python lines that load it as `item`.
        title: what it is, for people.
    """

    item: Item
    origin: str
    classes: tuple[str, ...]
    code: str
    title: str

    def label_among(self, classes: Sequence[str]) -> int | None:
        """The true class by its place among a model's classes; None where it is unknown or none of them."""
        name = None if self.item.label is None else self.classes[self.item.label]
        return classes.index(name) if name in classes else None


def pick(prefix: str) -> Choice | None:
    """Draw the controls; None while there is nothing to show yet (its reason is on the page)."""
    origins = [o for o in ORIGINS if not (o == "upload" and permissions.read_only())]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        origin = selection.segmented(
            "Image", origins, key=f"{prefix}_from", kind="kind of image", text=ORIGINS.__getitem__
        )
        if origin == "photograph":
            return _photograph(prefix)
        place = _choose_test_image(prefix) if origin == "scenes" else None
    return _upload(prefix) if place is None else _test_image(prefix, *place)


def _choose_test_image(prefix: str) -> tuple[str, int]:
    """Class and number, 1 .. n, among the test images."""
    classes = list(cache.test_images().classes)
    key = f"{prefix}_number"
    name = selection.selectbox("Class", classes, key=f"{prefix}_class", kind="class", text=display_name, width=150)
    count = len(cache.indices_of_class(classes.index(name)))
    number = selection.number(
        f"Number (of {count})", 1, count, key=key, default=1, kind="number of the image", width=150
    )
    st.button(
        "Next",
        icon=":material/skip_next:",
        key=f"{prefix}_another",
        help="Another image of this class.",
        on_click=lambda: st.session_state.update({key: number % count + 1}),
    )
    return name, number


def _test_image(prefix: str, name: str, number: int) -> Choice:
    """The chosen test image, below it its neighbours to choose from."""
    classes = cache.test_images().classes
    places = cache.indices_of_class(classes.index(name))
    first = (number - 1) // STRIP * STRIP
    parts = []
    for i in range(first, min(first + STRIP, len(places))):
        pressed = "true" if i == number - 1 else "false"
        source = cache.test_thumbnail(places[i])
        label = f"{name} {i + 1}"
        parts.append(
            Markup('<button data-pick="{}" aria-pressed="{}" aria-label="{}"><img src="{}" alt=""></button>').format(
                i + 1, pressed, label, source
            )
        )
    markup.show(
        Markup('<div class="rc-strip" role="group" aria-label="Images of this class">{}</div>').format(
            Markup().join(parts)
        ),
        key=f"{prefix}_strip",
        on_pick=lambda value: st.session_state.update({f"{prefix}_number": int(value)}),
    )
    index = places[number - 1]
    code = (
        'dataset = rc.load_dataset("scenes", split="test")\n'
        f"image, label = dataset[{index}]\n"
        f"image_id = int(dataset.ids[{index}])"
    )
    return Choice(cache.test_image(index), "scenes", classes, code, f"{name}, test image {index}")


def _photograph(prefix: str) -> Choice:
    from robustcore.datasets import photographs

    name = selection.segmented(
        "Photograph", photographs.names(), key=f"{prefix}_photograph", kind="photograph", text=display_name
    )
    code = (
        "from robustcore.datasets.photographs import photograph\n\n"
        f'item = photograph("{name}")  # 224 pixels a side\n'
        "image, image_id = item.image, item.id"
    )
    return Choice(cache.photograph(name), "photograph", (), code, f"the photograph “{name}”")


def _upload(prefix: str) -> Choice | None:
    file = st.file_uploader("Your image", type=_TYPES, key=f"{prefix}_upload", label_visibility="collapsed")
    if file is None:
        st.caption("PNG, JPEG, WebP, BMP, GIF or TIFF. It stays on this machine and is not stored.")
        return None
    try:
        item = cache.upload(file.getvalue(), file.name)
    except ImageError as error:
        states.error(str(error), title="This file cannot be used")
        return None
    code = (
        "from pathlib import Path\n\nfrom robustcore.datasets.photographs import upload\n\n"
        f"item = upload(Path({file.name!r}).read_bytes(), {file.name!r})  # shorter side to 224 pixels, centre crop\n"
        "image, image_id = item.image, item.id"
    )
    return Choice(item, "upload", (), code, f"the upload “{file.name}”")
