"""A segmentation network over a dataset with masks, clean or corrupted: mIoU, and every anomaly score image by image."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import bootstrap
from robustcore.segmentation import measures
from robustcore.segmentation.data import PixelDataset
from robustcore.segmentation.measures import IGNORED
from robustcore.segmentation.scores import PASSES, SCORES, Answer, answer

BATCH = 10
# A mask does not move with the pixels of these, so that they cannot be judged by it.
_MOVING = ("elastic_transform", "zoom_blur", "glass_blur", "motion_blur")


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """What one network gave under one condition.

    Attributes:
        miou: over all images, 0..1; pixels of anomalies count for nothing.
        ious: (K,) of the classes, NaN for a class without pixels.
        images: number of images.
        anomalous: those with an anomaly and known pixels too, which alone have AUROC, AUPR and FPR95.
        anomaly_share: the mean share of anomalous pixels among those of these images that count: chance for AUPR.
        metrics: one row for each score: score, auroc, aupr, fpr95 (means over the images with anomalies) and the ends of their 95 %
            intervals (bootstrap over these images, NaN with one alone): auroc_low, auroc_high, ...; and reason, "" or why there is none.
        distances: one row for each score and band of distances from class boundaries: score, low, high (pixels), flagged (share of
            known pixels that are flagged at each image's own threshold of 95 % recall), pixels.
    """

    miou: float
    ious: tuple[float, ...]
    images: int
    anomalous: int
    anomaly_share: float
    metrics: pd.DataFrame
    distances: pd.DataFrame


def names_of_corruptions() -> list[str]:
    """The corruptions of ImageNet-C under which pixels stay where they are."""
    return [name for name in corruptions.names("imagenet-c") if name not in _MOVING]


def check_corruption(name: str) -> None:
    """Raise an error for a corruption that moves pixels, whose masks would be wrong."""
    corruption = corruptions.get(name)
    if (
        corruption.plain_name in _MOVING or corruption.family == "geometry"
    ):  # of every suite: the calibrated forms move them too
        raise InvalidArgumentError(
            f"{name} moves pixels, and the masks do not move with them; choose another corruption."
        )


def corrupted(dataset: PixelDataset, start: int, stop: int, corruption: str, severity: int) -> tuple[Tensor, Tensor]:
    """Images and masks, the images under a corruption ("" for none)."""
    images, masks = dataset.pairs(start, stop)
    if corruption:
        ids = torch.from_numpy(dataset.ids[start:stop])
        images = corruptions.corrupt(images, corruption, severity, ids=ids)
    return images, masks


def evaluate(
    network: nn.Module,
    dataset: PixelDataset,
    *,
    autoencoder: nn.Module | None = None,
    corruption: str = "",
    severity: int = 0,
    limit: int | None = None,
    score_names: Sequence[str] = tuple(SCORES),
    passes: int | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluated:
    """Evaluate a network.

    Args:
        network: gives logits (n, K, H, W) of the dataset's classes.
        dataset: with masks.
        autoencoder: for the score of its error.
        corruption, severity: done to the images before; "" for none.
        limit: only the first images.
        score_names: of `SCORES`.
        passes: with dropout on; default 20 where that score is wanted, 0 for none.
        device: where.
        progress: told the images done and their number.

    Raises:
        InvalidArgumentError: a corruption that moves pixels, or a network of another number of classes.
    """
    if corruption:
        check_corruption(corruption)
    count = len(dataset) if limit is None else min(limit, len(dataset))
    confusion = measures.Confusion(len(dataset.classes))
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in score_names}
    bands = {name: np.zeros((len(measures.BANDS), 2), np.int64) for name in score_names}
    shares: list[float] = []
    reasons = dict.fromkeys(score_names, "")
    if passes is None:
        passes = PASSES if "dropout" in score_names else 0
    for start in range(0, count, BATCH):
        stop = min(start + BATCH, count)
        images, masks = corrupted(dataset, start, stop, corruption, severity)
        answered = answer(
            network, images.to(device), background=dataset.background, autoencoder=autoencoder, passes=passes
        )
        if answered.logits.shape[1] != len(dataset.classes):
            raise InvalidArgumentError(
                f"The network tells {answered.logits.shape[1]} classes, and {dataset.name} has {len(dataset.classes)}; take a network "
                "that was trained on it."
            )
        confusion.add(masks, answered.predicted.cpu())
        anomaly = dataset.anomaly
        of_batch = [_anomaly_share(mask.numpy(), anomaly) for mask in masks]
        strange = [i for i, share in enumerate(of_batch) if 0 < share < 1]
        shares += [of_batch[i] for i in strange]
        for name in score_names:
            _score(name, answered, masks, strange, anomaly, rows[name], bands[name], reasons)
        if progress is not None:
            progress(stop, count)
    for name, own in rows.items():
        if not own and not reasons[name]:
            reasons[name] = "no image has an anomaly next to known pixels"
        elif any(math.isnan(value) for row in own for value in row.values()):
            reasons[name] = "the network gives values that are not numbers"
    metrics = pd.DataFrame([{"score": name, **_means(rows[name]), "reason": reasons[name]} for name in score_names])
    distances = [
        (name, low, high, flagged / total if total else math.nan, int(total))
        for name in score_names
        if rows[name]
        for (low, high), (flagged, total) in zip(measures.BANDS, bands[name], strict=True)
    ]
    return Evaluated(
        confusion.miou,
        tuple(float(value) for value in confusion.ious),
        count,
        len(shares),
        float(np.mean(shares)) if shares else math.nan,
        metrics,
        pd.DataFrame(distances, columns=["score", "low", "high", "flagged", "pixels"]),
    )


def _anomaly_share(mask: npt.NDArray[np.uint8], anomaly: int | None) -> float:
    """Of the pixels that count; 0 where none does."""
    counted = int((mask != IGNORED).sum())
    return int((mask == anomaly).sum()) / counted if anomaly is not None and counted else 0.0


def _score(
    name: str,
    answered: Answer,
    masks: Tensor,
    strange: list[int],
    anomaly: int | None,
    rows: list[dict[str, float]],
    bands: np.ndarray,
    reasons: dict[str, str],
) -> None:
    """Add what a score gives on the images of a batch that have an anomaly."""
    from robustcore.metrics import detection

    values = SCORES[name](answered)
    if values is None:
        reasons[name] = SCORES[name].missing
        return
    if anomaly is None:
        reasons[name] = "the dataset has no anomalies"
        return
    for i in strange:
        scores, mask = values[i].cpu().numpy().astype(np.float64), masks[i].numpy()
        rows.append(measures.of_image(scores, mask, anomaly, IGNORED))
        known = scores[(mask != anomaly) & (mask != IGNORED)]
        threshold = detection.threshold_at_recall(known, scores[mask == anomaly])
        if not math.isnan(threshold):
            bands += measures.false_positives_by_distance(scores, mask, anomaly, IGNORED, threshold)


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    """The means over images with their intervals."""
    means: dict[str, float] = {}
    for metric in measures.METRICS:
        values = np.array([row[metric] for row in rows], float)
        if not len(values):
            means |= {metric: math.nan, f"{metric}_low": math.nan, f"{metric}_high": math.nan}
            continue
        low = high = np.array(math.nan)
        if len(values) > 1:
            low, high = bootstrap.interval(bootstrap.weights(len(values)) @ values.astype(np.float32) / len(values))
        means |= {metric: float(values.mean()), f"{metric}_low": float(low), f"{metric}_high": float(high)}
    return means
