"""The calls that a cell of the page is made of, as Python that makes it again."""

from __future__ import annotations

from robustcore.calls import Variable
from robustcore.reports.preview.gallery import GalleryImage


def corruption(load: str, cell: GalleryImage, storage: str, model: str | None) -> str:
    """Python lines that make one cell, and the model's answer to it.

    Args:
        load: lines that leave the image as `image` and its id as `image_id`.
        cell: the cell; the printed call is the one that the page ran.
        storage: "memory" or "jpeg85".
        model: name of the model, or None where no answer is shown.
    """
    corrupted = cell.call(Variable("image"), Variable("image_id"), storage)
    needed = [] if model is None else [model]
    lines = [*corrupted.preamble(needed), load, *corrupted.assignments()]
    if model is not None:
        lines += [
            "",
            f"model = rc.load_model({model!r})",
            "probabilities = model(corrupted[None]).softmax(dim=1)[0]",
            "for i in probabilities.argsort(descending=True)[:5]:",
            '    print(f"{model.card.classes[i]:20} {probabilities[i]:.3f}")',
        ]
    return "\n".join(lines)
