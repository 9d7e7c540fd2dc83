"""mAP in the manner of DeepFashion Remixed, and anomaly detection over several labels (section 6.3, tables 6.1 and 6.2)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from robustcore import derived, paths
from robustcore.datasets.scenes.street import StreetScenes
from robustcore.derived import single_file
from robustcore.metrics import detection
from robustcore.models.classifier import Classifier
from robustcore.multilabel import data, measures, scores, training
from robustcore.multilabel.data import Labelled

REVISION = 1
IMAGES = 600  # of each set
EPOCHS, TRAINED_ON = 10, 3_000
_DRAWS = 200
# Title -> (split, variant, first scene). The first is in distribution: the training towns, scenes that were not trained on.
SETS = {
    "training towns (IID)": ("train", "", TRAINED_ON),
    "other towns": ("test", "known", 0),
    "small": ("test", "small", 0),
    "large": ("test", "large", 0),
}
_BATCH = 100


@dataclasses.dataclass(frozen=True)
class LabelsReport:
    """What was measured.

    Attributes:
        record: how the network was trained.
        identity: digest of what it was measured on, and of the revision.
        precision: one row for each set: set, images, map, low, high (0..1; 95 %: 1.96 standard deviations of a bootstrap over images).
        detected: one row for each score: score, auroc, aupr, fpr95 and their low and high.
        known, unknown, validation: numbers of images.
    """

    record: Mapping[str, Any]
    identity: str
    precision: pd.DataFrame
    detected: pd.DataFrame
    known: int
    unknown: int
    validation: int


def measure(
    *,
    images: int = IMAGES,
    epochs: int = EPOCHS,
    trained_on: int = TRAINED_ON,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> LabelsReport:
    """Train a network on street scenes, and measure it.

    Args:
        images: of each set.
        epochs, trained_on, seed: of the training.
        progress: told an activity, what is done of it and how much there is.
    """
    tell = progress or (lambda what, done, total: None)
    tell("painting street scenes", 0, 1)
    model = training.train(data.read("train", limit=trained_on), epochs=epochs, seed=seed, progress=progress)
    rows = []
    outputs: dict[str, npt.NDArray[np.float32]] = {}
    for place, (title, (split, variant, first)) in enumerate(SETS.items()):
        tell("measuring", place, len(SETS) + 2)
        labelled = data.read(split, variant, limit=images, first=first)
        outputs[title] = logits(model, labelled)
        low, high = _interval(outputs[title], labelled.labels)
        value = measures.mean_average_precision(outputs[title], labelled.labels)
        rows.append({"set": title, "images": images, "map": value, "low": low, "high": high})
    known = outputs["other towns"]
    validation = logits(model, data.read("val", limit=min(images, 300)))
    unknown = logits(model, data.read("test", "unknown", limit=images))
    tell("measuring", len(SETS) + 2, len(SETS) + 2)
    return LabelsReport(
        dict(model.card.recipe),
        _identity(),
        pd.DataFrame(rows),
        _detected(known, unknown, validation),
        len(known),
        len(unknown),
        len(validation),
    )


@torch.inference_mode()
def logits(model: Classifier, labelled: Labelled) -> npt.NDArray[np.float32]:
    """(n, K) of a network in evaluation mode."""
    parts = [model(labelled.images[at : at + _BATCH]) for at in range(0, len(labelled.images), _BATCH)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def _interval(values: npt.NDArray[np.float32], labels: npt.NDArray[np.float32]) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWS):
        pick = generator.integers(0, len(values), len(values))
        drawn.append(measures.mean_average_precision(values[pick], labels[pick]))
    # Images that are drawn twice raise average precisions, so that the drawings lie too high: their spread counts alone.
    reach = 1.96 * float(np.nanstd(drawn))
    value = measures.mean_average_precision(values, labels)
    return value - reach, value + reach


def _detected(
    known: npt.NDArray[np.float32], unknown: npt.NDArray[np.float32], validation: npt.NDArray[np.float32]
) -> pd.DataFrame:
    of_known, of_unknown = scores.all_scores(known, validation), scores.all_scores(unknown, validation)
    rows = []
    functions = {"auroc": detection.auroc, "aupr": detection.aupr, "fpr95": detection.fpr95}
    for name in scores.TITLES:
        generator = np.random.default_rng(0)
        a, b = of_known[name], of_unknown[name]
        row: dict[str, Any] = {"score": name}
        picks = [(generator.integers(0, len(a), len(a)), generator.integers(0, len(b), len(b))) for _ in range(_DRAWS)]
        for metric, function in functions.items():
            drawn = [float(function(a[i], b[j])) for i, j in picks]
            low, high = np.quantile(drawn, [0.025, 0.975])
            row |= {metric: float(function(a, b)), f"{metric}_low": float(low), f"{metric}_high": float(high)}
        rows.append(row)
    return pd.DataFrame(rows)


def _identity() -> str:
    prints = [StreetScenes(split, 1, data.SIDE, variant=variant).fingerprint for split, variant, _ in SETS.values()]
    return derived.digest(REVISION, IMAGES, EPOCHS, TRAINED_ON, prints)


def path() -> Path:
    """The file that ships."""
    return paths.assets() / "multilabel" / "results.json"


def read() -> LabelsReport | None:
    """What ships; None where nothing does.

    Raises:
        StoreError: the file is damaged.
    """
    return _read(path()) if path().is_file() else None


@functools.lru_cache(maxsize=2)
def _read(file: Path) -> LabelsReport:
    report: LabelsReport = single_file.read(file, "install the package again")
    return report


def is_current() -> bool:
    """Whether what ships was measured on today's images by today's code."""
    report = read()
    return report is not None and report.identity == _identity()


def build(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Train and measure, and write the file whole or not at all."""
    report = measure(progress=progress)
    path().parent.mkdir(parents=True, exist_ok=True)
    single_file.write(path(), report)
    _read.cache_clear()
