"""The code that makes what is seen on a page again."""

from __future__ import annotations

from robustcore.reports.preview.gallery import GalleryImage


def corruption(load: str, cell: GalleryImage, storage: str, model: str | None) -> str:
    """Python lines that make one cell, and the model's answer to it.

    Args:
        load: lines that leave the image as `image` and its id as `image_id`.
        cell: what is shown.
        storage: "memory" or "jpeg85".
        model: name of the model, or None where no answer is shown.
    """
    given = [f"{key}={value!r}" for key, value in cell.arguments().items()]
    if storage != "memory":
        given.append(f"storage={storage!r}")
    arguments = ", ".join([f'image, "{cell.name}"', *given, "ids=[image_id]"])
    lines = ["import robustcore as rc", "", load, f"corrupted = rc.corrupt({arguments})"]
    if model is not None:
        lines += [
            "",
            f'model = rc.load_model("{model}")',
            "probabilities = model(corrupted[None]).softmax(dim=1)[0]",
            "for i in probabilities.argsort(descending=True)[:5]:",
            '    print(f"{model.card.classes[i]:20} {probabilities[i]:.3f}")',
        ]
    return "\n".join(lines)
