"""All scores of a segmentation network on a dataset, and the best known of them under corruptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from torch import nn

from robustcore.errors import InvalidArgumentError
from robustcore.segmentation import checkpoints, evaluation
from robustcore.segmentation.data import PixelDataset
from robustcore.segmentation.evaluation import Evaluated
from robustcore.segmentation.networks import AUTOENCODER, Autoencoder, Card
from robustcore.segmentation.scores import SCORES

CORRUPTIONS = ("gaussian_noise", "defocus_blur", "fog", "brightness", "contrast", "jpeg_compression")
UNDER_CORRUPTIONS = ("max_logit", "msp")  # which need no further passes


@dataclasses.dataclass(frozen=True)
class SegmentationReport:
    """What was measured of a network.

    Attributes:
        network, autoencoder: names.
        fingerprints: name -> digest of its weights.
        record: how the network was trained, from its card.
        dataset, split, dataset_fingerprint: what it was measured on.
        clean: on the images as they are.
        corrupted: one row for each corruption, severity and score: corruption, severity, images, anomalous, miou, score, auroc,
            auroc_low, auroc_high; severity 0 is clean, on the same images.
    """

    network: str
    autoencoder: str
    fingerprints: Mapping[str, str]
    record: Mapping[str, Any]
    dataset: str
    split: str
    dataset_fingerprint: str
    clean: Evaluated
    corrupted: pd.DataFrame


def measure(
    network: str,
    dataset: PixelDataset,
    *,
    autoencoder: str = "",
    limit: int | None = None,
    corruptions: Sequence[str] = (),
    severities: Sequence[int] = (1, 3, 5),
    corrupted_limit: int | None = None,
    score_names: Sequence[str] = tuple(SCORES),
    progress: Callable[[str, int, int], None] | None = None,
) -> SegmentationReport:
    """Measure a network.

    Args:
        network, autoencoder: as `checkpoints.load` takes them; "" for no autoencoder.
        dataset: with masks.
        limit: only the first images.
        corruptions, severities: also under these, with the scores of `UNDER_CORRUPTIONS`.
        corrupted_limit: images under each.
        score_names: of the clean images.
        progress: told an activity, the images done and their number.

    Raises:
        UnknownNameError, ModelError: there is no such network.
        InvalidArgumentError: a network of other classes than the dataset's, an autoencoder in its place, or the reverse.
    """
    tell = progress or (lambda what, done, total: None)
    loaded, card = checkpoints.load(network)
    reconstructs = checkpoints.load(autoencoder)[0] if autoencoder else None
    _check(network, loaded, card, autoencoder, reconstructs, dataset)
    clean = evaluation.evaluate(
        loaded,
        dataset,
        autoencoder=reconstructs,
        limit=limit,
        score_names=score_names,
        progress=lambda done, total: tell("clean", done, total),
    )
    rows: list[dict[str, Any]] = []
    conditions = (
        [("", 0), *((name, severity) for name in corruptions for severity in severities)] if corruptions else []
    )
    for name, severity in conditions:
        evaluated = evaluation.evaluate(
            loaded,
            dataset,
            corruption=name,
            severity=severity,
            limit=corrupted_limit,
            score_names=UNDER_CORRUPTIONS,
            passes=0,
            progress=lambda done, total, what=f"{name or 'clean'} {severity}": tell(what, done, total),  # type: ignore[misc]
        )
        of = corruptions if not name else (name,)
        rows += [
            _row(each, severity, evaluated, score) for each in of for score in evaluated.metrics.to_dict("records")
        ]
    columns = ["corruption", "severity", "images", "anomalous", "miou", "score", "auroc", "auroc_low", "auroc_high"]
    names = [name for name in (network, autoencoder) if name]
    return SegmentationReport(
        network,
        autoencoder,
        {name: checkpoints.fingerprint(name) for name in names},
        dict(card.record),
        dataset.name,
        dataset.split,
        dataset.fingerprint,
        clean,
        pd.DataFrame(rows, columns=columns),
    )


def _check(
    name: str, network: nn.Module, card: Card, autoencoder: str, reconstructs: nn.Module | None, dataset: PixelDataset
) -> None:
    if isinstance(network, Autoencoder):
        raise InvalidArgumentError(f"{name} is an autoencoder and gives pixels no class; name it with --autoencoder.")
    if reconstructs is not None and not isinstance(reconstructs, Autoencoder):
        raise InvalidArgumentError(f"{autoencoder} is no autoencoder; train one as {AUTOENCODER}, or leave it out.")
    if tuple(card.classes) != tuple(dataset.classes):
        raise InvalidArgumentError(
            f"The {len(card.classes)} classes of {name} are not the {len(dataset.classes)} of {dataset.name}, so that masks and answers "
            "cannot be compared; take a network that was trained on it."
        )


def _row(corruption: str, severity: int, evaluated: Evaluated, score: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "corruption": corruption,
        "severity": severity,
        "images": evaluated.images,
        "anomalous": evaluated.anomalous,
        "miou": evaluated.miou,
        **{key: score[key] for key in ("score", "auroc", "auroc_low", "auroc_high")},
    }
