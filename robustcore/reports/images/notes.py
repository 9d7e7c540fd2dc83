"""What is said of images that are chosen from stored answers."""

from __future__ import annotations

from robustcore.notes import note

_FEW = 3  # names in a sentence


@note
def images_shown(models: tuple[str, ...], data: str, images: int, suite: str, words: str, seed: int) -> str:
    return f"{', '.join(models)} on the first {images:,} images of {data}, {suite}, {words}, seed {seed}."


@note
def conditions_left_out(conditions: int, names: tuple[str, ...], images: int) -> str:
    """Of conditions that are stored for fewer images, or not at all."""
    some = ", ".join(name.replace("_", " ") for name in names[:_FEW]) + (" ..." if len(names) > _FEW else "")
    return (
        f"{conditions} conditions of the suite are left out ({some}): they are not evaluated on these {images:,} images. Evaluate the "
        "rest on the page Evaluate."
    )
