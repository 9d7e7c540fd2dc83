"""A first atlas without training: how alike a network finds corrupted images, and where the overlaps say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from robustcore import corruptions
from robustcore.datasets._base import Dataset
from robustcore.detection.outputs import last_linear
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note
from robustcore.overlap.sample_distance import Disagreement, minimal_sample_distance

IMAGES = 256
LEAST = 20  # images from which on something is said of pairs: the nearest of fewer is chance
_BATCH = 64


def distances(
    model: Classifier,
    dataset: Dataset,
    names: Sequence[str],
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The minimal sample distances of some corruptions, as the features before a model's last layer see them.

    Args:
        model: in evaluation mode.
        dataset: whose first images are corrupted.
        names: of corruptions; each image draws its severity, or its strength in the range, as in an atlas.
        images: how many.
        seed: of the draws.
        progress: called with the corruptions done and their number.

    Returns:
        (K, K), as `overlap.sample_distance.minimal_sample_distance` gives.

    Raises:
        UnknownNameError: no such corruption.
        ModelError: a model without a last linear layer.
        InvalidArgumentError: a model with another image side than the dataset's.
    """
    if model.card.side != dataset.side:
        raise InvalidArgumentError(
            f"{model.card.name} takes images of {model.card.side} pixels, and those of {dataset.name} have {dataset.side}: give the dataset "
            "with that side."
        )
    count = min(images, len(dataset))
    clean, ids = dataset.images(0, count), torch.as_tensor(np.asarray(dataset.ids[:count]))
    features = {}
    for done, name in enumerate(names):
        strength: Literal["uniform"] | None = (
            "uniform" if corruptions.get(name).severities else None
        )  # some have neither
        changed = corruptions.corrupt(clean, name, strength=strength, seed=seed, ids=ids)
        features[name] = _features(model, changed)
        if progress is not None:
            progress(done + 1, len(names))
    return minimal_sample_distance(features)


def _features(model: Classifier, images: Tensor) -> npt.NDArray[np.float64]:
    """(N, D) what enters the last layer."""
    caught: list[Tensor] = []
    _, layer = last_linear(model)
    hook = layer.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0].float().cpu()))
    try:
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                model(images[start : start + _BATCH].to(model.device))
    finally:
        hook.remove()
    return torch.cat(caught).flatten(1).double().numpy()


def notes(found: Disagreement, most: int = 5) -> list[Note]:
    """How far the distances agree with the overlaps, and the pairs that they disagree on most."""
    kept = found.pairs.head(most)
    return [
        agreement_with_overlaps(found.r, len(found.pairs)),
        *(
            pair_that_differs(
                str(row["first"]),
                str(row["second"]),
                float(row["distance"]),
                float(row["overlap"]),
                bool(row["difference"] > 0),
            )
            for row in kept.to_dict("records")
        ),
    ]


@note
def too_few_images_for_pairs(images: int, least: int) -> str:
    return f"Nothing is said of pairs: the distances were measured on {images} image{'s' if images != 1 else ''}, and {least} are needed."


@note
def agreement_with_overlaps(r: float, pairs: int) -> str:
    return f"Nearness and overlap of {pairs} pairs: Spearman's r = {r:.2f}."


@note
def pair_that_differs(first: str, second: str, distance: float, overlap: float, nearer: bool) -> str:
    """`nearer`: whether the pair looks more alike than it overlaps, or less."""
    names = f"{display_name(first, 'corruption')} and {display_name(second, 'corruption', inside=True)}"
    what = "look more alike than they overlap" if nearer else "overlap more than they look alike"
    return f"{names} {what} (distance {distance:.2f}, overlap {overlap:.2f})."
