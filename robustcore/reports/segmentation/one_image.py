"""One image of a dataset with masks: what a network says of every pixel."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore.segmentation import evaluation, measures
from robustcore.segmentation.data import PixelDataset
from robustcore.segmentation.measures import IGNORED
from robustcore.segmentation.scores import SCORES, answer


@dataclasses.dataclass(frozen=True)
class PixelsOfImage:
    """What a network says of an image's pixels.

    Attributes:
        image: uint8 (3, H, W), as the network sees it.
        mask, predicted: uint8 (H, W), labels.
        scores: name -> float32 (H, W); scores that the network does not have are not there.
        metrics: name -> auroc, aupr, fpr95 of this image, NaN without an anomaly.
        miou: of this image, over its classes.
    """

    image: Tensor
    mask: npt.NDArray[np.uint8]
    predicted: npt.NDArray[np.uint8]
    scores: Mapping[str, npt.NDArray[np.float32]]
    metrics: Mapping[str, Mapping[str, float]]
    miou: float


def look(
    network: nn.Module,
    dataset: PixelDataset,
    index: int,
    *,
    autoencoder: nn.Module | None = None,
    corruption: str = "",
    severity: int = 0,
) -> PixelsOfImage:
    """What a network says of one image, clean or corrupted.

    Raises:
        InvalidArgumentError: a corruption that moves pixels.
    """
    if corruption:
        evaluation.check_corruption(corruption)
    images, masks = evaluation.corrupted(dataset, index, index + 1, corruption, severity)
    answered = answer(network, images, background=dataset.background, autoencoder=autoencoder)
    computed = {name: score(answered) for name, score in SCORES.items()}
    scores = {name: values[0].float().numpy() for name, values in computed.items() if values is not None}
    mask = masks[0].numpy()
    anomaly = len(dataset.classes) if dataset.anomaly is None else dataset.anomaly
    confusion = measures.Confusion(len(dataset.classes))
    confusion.add(masks, answered.predicted)
    present = torch.from_numpy(np.unique(mask[mask < len(dataset.classes)]).astype(np.int64))
    return PixelsOfImage(
        images[0],
        mask,
        answered.predicted[0].to(torch.uint8).numpy(),
        scores,
        {name: measures.of_image(values, mask, anomaly, IGNORED) for name, values in scores.items()},
        float(np.nanmean(confusion.ious[present.numpy()])),
    )
