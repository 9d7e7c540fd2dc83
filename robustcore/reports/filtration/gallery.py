"""The gallery of a kept set: one HTML file in its folder, that shows the images for review and writes down which are rejected."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from robustcore.datasets import imagenet_classes
from robustcore.errors import DatasetError
from robustcore.evaluation.filtration import Selection, Step
from robustcore.paths import printable
from robustcore.reports import templates

NAME = "gallery.html"
REJECTED = "rejected.txt"  # what its button saves: ids, one a line
_TEMPLATE = Path(__file__).with_name("gallery.html.jinja")


def write(folder: Path | str, title: str, selection: Selection, files: Sequence[str]) -> Path:
    """Write the gallery next to the images.

    Args:
        folder: of the kept set.
        title: of the page.
        selection: what was kept.
        files: each kept image's path in the folder.

    Raises:
        DatasetError: a folder that cannot be written.
    """
    images = [
        {**row, "label": class_name(str(row["label"])), "source": urllib.parse.quote(file), "file": file}
        for row, file in zip(selection.kept.to_dict("records"), files, strict=True)
    ]
    text = templates.render(_TEMPLATE, title=title, images=images, steps=funnel(selection.steps), name=REJECTED)
    path = Path(folder).expanduser().absolute() / NAME
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"The gallery {printable(str(path))} cannot be written ({error.strerror or error})."
        ) from error
    return path


def class_name(label: str) -> str:
    """A class as people read it: of a WordNet id of ImageNet the name."""
    return {each.wordnet: each.name for each in imagenet_classes.classes()}.get(label, label)


def funnel(steps: Sequence[Step]) -> list[tuple[str, int, float]]:
    """(what is left, images, share of the first step) of each step."""
    first = max(1, steps[0].images)
    return [(step.text, step.images, step.images / first) for step in steps]


def read_rejected(file: Path | str) -> list[int]:
    """The ids in a file that the gallery's button has saved.

    Raises:
        DatasetError: a file that cannot be read, or that holds something else.
    """
    try:
        return [int(line) for line in Path(file).expanduser().read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{printable(str(file))} is no list of rejected images ({error}). The gallery's button saves one, with an id a line."
        ) from error
