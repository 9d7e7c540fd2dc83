"""How far the images of each severity lie from the clean ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import pandas as pd
import torch
from torch import Tensor

from robustcore import arguments, corruptions, devices
from robustcore.datasets._base import Dataset
from robustcore.evaluation.condition import Condition
from robustcore.metrics.distance import mean_absolute_difference, mean_squared_error, ssim

_Z = 1.96  # of the interval that a step away from the clean image has to leave


def distances(
    dataset: Dataset,
    conditions: Sequence[Condition],
    *,
    images: int = 256,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Distances to the clean image, averaged over the dataset's first images.

    Args:
        dataset: the prepared images; the corrupted ones are those that an evaluation with this seed scores.
        conditions: corruptions.
        images: how many images.
        device: where they are corrupted.
        progress: called with (done, total) conditions.

    Returns:
        One row for each condition: name, severity, strength, variant, storage; n images; mean_abs_diff (grey levels), psnr
        (dB, of the mean squared error over all images; infinite where none is changed), ssim; and farther: "farther",
        "closer" or "no farther" than the severity before it by mean absolute difference, image by image, outside or
        inside a 95 % interval; "" where there is none before it.
    """
    count = min(arguments.whole(images, "Distances are averaged over 1 image or more", low=1), len(dataset))
    place = devices.pick(device)
    clean = dataset.images(0, count).to(place)
    ids = torch.from_numpy(dataset.ids[:count])
    rows: list[dict[str, Any]] = []
    before: dict[tuple[Any, ...], Tensor] = {}
    for done, condition in enumerate(sorted(conditions, key=_severity_order)):
        corrupted = corruptions.corrupt(
            clean,
            condition.name,
            condition.severity,
            strength=cast("Any", condition.strength),
            seed=seed,
            ids=ids,
            variant=condition.variant,
            storage=condition.storage,
        )
        difference = mean_absolute_difference(clean, corrupted)
        error = float(mean_squared_error(clean, corrupted).mean())
        series = (condition.name, condition.variant, condition.storage)
        last = before.get(series) if condition.severity is not None else None
        rows.append(
            {
                "name": condition.name,
                "severity": condition.severity,
                "strength": None if condition.strength is None else str(condition.strength),
                "variant": condition.variant,
                "storage": condition.storage,
                "n": count,
                "mean_abs_diff": float(difference.mean()),
                "psnr": 10 * math.log10(255**2 / error) if error else math.inf,
                "ssim": float(ssim(clean, corrupted).mean()),
                "farther": "" if last is None else _farther(difference - last),
            }
        )
        if condition.severity is not None:
            before[series] = difference
        if progress:
            progress(done + 1, len(conditions))
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return frame.astype({"severity": "Int64", "strength": "string", "variant": "string"})


_COLUMNS = ["name", "severity", "strength", "variant", "storage", "n", "mean_abs_diff", "psnr", "ssim", "farther"]


def _severity_order(condition: Condition) -> tuple[str, int]:
    return condition.name, condition.severity or 0


def _farther(steps: Tensor) -> str:
    """What (n,) paired differences of distances say."""
    mean, n = float(steps.mean()), len(steps)
    half = _Z * float(steps.std()) / math.sqrt(n) if n > 1 else math.inf
    if mean > half:
        return "farther"
    return "closer" if mean < -half else "no farther"
