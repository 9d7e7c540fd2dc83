"""How well the shipped models tell known from unknown images, as it ships: claims are judged by it without a network.

`assets/results/detection.npz` has an AUROC for each model, set and score, with its value in every drawing of a bootstrap that is paired:
the same drawing of known images for all models, sets and scores of a data set, and the same of a set's images for all models and scores.
A model's part is found by a key over its weights, the images and the scores.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import derived, paths
from robustcore.datasets import load_dataset, prepared_for
from robustcore.datasets._base import Dataset
from robustcore.datasets.unknown_images import KINDS, UnknownImages
from robustcore.derived import atomic_files
from robustcore.metrics import bootstrap, detection
from robustcore.models import card as card_of
from robustcore.models import imagenet, load_model
from robustcore.models.classifier import Card
from robustcore.reports.detection import sets as unknown_sets
from robustcore.reports.detection.sets import UnknownSet
from robustcore.reports.detection.table import detect
from robustcore.training import zoo

REVISION = 2  # raised with every change of a score or of what is drawn
DRAWS = 500
PRINTED_NOISE = ("gaussian", "rademacher", "blobs")  # the noise of Basart's thesis, section 4.3
COLUMNS = ("model", "dataset", "set", "score", "known", "unknown", "validation", "auroc")
_SCALE = 65535  # drawn values are kept in 16 bits: steps of 0.000015


@dataclasses.dataclass(frozen=True)
class Share:
    """Models on one data set.

    Attributes:
        models, sets, scores: their names.
        dataset: of the known images, those that have a label; its validation images, where there are any, fit scores.
        images: the number of unknown images of a set; None for as many as known ones.
    """

    models: tuple[str, ...]
    dataset: str
    sets: tuple[str, ...]
    scores: tuple[str, ...]
    images: int | None = None


SCENES = Share(
    tuple(f"scenes/{name}" for name in ("resnet-standard", "vgg-standard", "resnet-continued", "vgg-continued")),
    "scenes",
    ("scenes/unknown", *PRINTED_NOISE),
    ("msp", "max_logit", "logit_avg", "typicality", "isolation_forest", "isolation_forest_logits", "lof"),
)
# The photographs have no validation images, so that no score can be fitted.
IMAGENET = Share(
    tuple(imagenet.names()), "photographs", ("scenes", *PRINTED_NOISE), ("msp", "max_logit", "logit_avg"), images=256
)
SHARES = (SCENES, IMAGENET)


@dataclasses.dataclass(frozen=True)
class Aurocs:
    """What ships.

    Attributes:
        table: `COLUMNS`, a row for each model, set and score: the numbers of images, and the AUROC 0 .. 1.
        draws: (rows, DRAWS) the AUROC in every drawing.
        keys: model -> the key of its part.
    """

    table: pd.DataFrame
    draws: npt.NDArray[np.float64]
    keys: dict[str, str]


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "detection.npz"


def load() -> Aurocs:
    """What ships; empty where the file is missing."""
    file = path()
    if not file.is_file():
        return Aurocs(pd.DataFrame(columns=list(COLUMNS)), np.empty((0, DRAWS)), {})
    with np.load(file, allow_pickle=False) as arrays:
        table = pd.DataFrame({name: arrays[name] for name in COLUMNS})
        keys = dict(zip(arrays["models"].tolist(), arrays["keys"].tolist(), strict=True))
        return Aurocs(table, arrays["draws"].astype(np.float64) / _SCALE, keys)


def missing() -> list[str]:
    """The models whose part is missing or was computed from other weights, images or scores."""
    keys = load().keys
    return [name for share in SHARES for name in share.models if keys.get(name) != _key(name, share)]


def build(progress: Callable[[str], None] | None = None) -> list[str]:
    """Compute what is missing and write the file; what ships and still holds is taken over.

    Args:
        progress: called with the model that is next.

    Returns:
        The models that were computed.
    """
    lacking = missing()
    present = load()
    parts = []
    for share in SHARES:
        for name in share.models:
            if name in lacking:
                if progress is not None:
                    progress(name)
                parts.append(_computed(name, share))
                continue
            rows = (present.table["model"] == name).to_numpy()
            parts.append(Aurocs(present.table[rows], present.draws[rows], {name: present.keys[name]}))
    if lacking:
        _write(parts)
    return lacking


def _computed(name: str, share: Share) -> Aurocs:
    model = load_model(name)
    known, validation = load_dataset(share.dataset), None
    if share.dataset == "scenes":
        validation = load_dataset(share.dataset, split="val")
    report = detect(
        model, known, _sets(model.card, share), score_names=share.scores, validation=validation, limit=share.images
    )
    # Some photographs show no class of ImageNet: a network does not know them.
    of_a_class = np.asarray(known.labels[: report.known]) >= 0
    weights = bootstrap.weights(int(of_a_class.sum()), DRAWS, 0)
    rows, draws = [], []
    for place, each_set in enumerate(report.sets, start=1):
        unknown_weights = bootstrap.weights(len(report.answers[each_set.name]), DRAWS, place)
        for score in share.scores:
            scores = report.known_scores[score][of_a_class], report.unknown_scores[score, each_set.name]
            value = detection.auroc(*scores)
            draws.append(detection.resampled(*scores, weights, unknown_weights)["auroc"])
            sizes = len(scores[0]), len(scores[1]), report.validation
            rows.append((name, share.dataset, each_set.name, score, *sizes, float(value)))
    return Aurocs(pd.DataFrame(rows, columns=list(COLUMNS)), np.stack(draws), {name: _key(name, share)})


def _sets(card: Card, share: Share) -> list[UnknownSet]:
    known = prepared_for(load_dataset(share.dataset), card.own_preparation)
    return [
        dataclasses.replace(each, images=_noise(each, share.images)) if each.name in KINDS and share.images else each
        for each in unknown_sets.resolved(share.sets, known)
    ]


def _noise(of_set: UnknownSet, images: int) -> Dataset:
    return UnknownImages(of_set.name, images, of_set.images.side)


def _key(name: str, share: Share) -> str:
    card = card_of(name)
    weights = card.recipe.get("sha256")
    if weights is None:
        file = zoo.path_of(name)
        weights = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
    images = [prepared_for(load_dataset(share.dataset), card.own_preparation).fingerprint]
    images += [each.images.fingerprint for each in _sets(card, share)]
    if share.dataset == "scenes":
        images.append(load_dataset("scenes", split="val").fingerprint)
    return derived.digest(REVISION, DRAWS, str(weights), images, share.images, share.scores)


def _write(parts: Sequence[Aurocs]) -> None:
    table = pd.concat([part.table for part in parts], ignore_index=True)
    draws = np.concatenate([part.draws for part in parts])
    keys = {name: key for part in parts for name, key in part.keys.items()}
    columns: dict[str, Any] = {name: np.array(table[name].tolist()) for name in COLUMNS}
    with atomic_files.replacing(path()) as file:
        np.savez_compressed(
            file,
            models=np.array(list(keys)),
            keys=np.array(list(keys.values())),
            draws=np.round(draws * _SCALE).astype(np.uint16),
            **columns,
        )
