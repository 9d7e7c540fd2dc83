"""mAP in the manner of DeepFashion Remixed, and anomaly detection over several labels (section 6.3, tables 6.1 and 6.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from robustcore import derived
from robustcore.datasets.scenes.street import StreetScenes
from robustcore.derived import single_file
from robustcore.metrics import detection
from robustcore.models.classifier import Classifier
from robustcore.multilabel import data, measures, scores, training
from robustcore.multilabel.data import Labelled

REVISION = 2
IMAGES = 600  # of each set
EPOCHS, TRAINED_ON = 8, 6_000
_DRAWS = 200
IID, KNOWN = "training towns (IID)", "other towns"
# Title -> (factor, split, variant, first scene). The first is in distribution: the training towns, scenes that were not trained on.
# The others change one thing beside the towns, as the eight sets of DeepFashion Remixed do.
SETS = {
    IID: ("", "train", "", TRAINED_ON),
    KNOWN: ("towns", "test", "known", 0),
    **{
        title: (factor, "test", title, 0)
        for factor, titles in {
            "size": ("small", "large"),
            "occlusion": ("slightly covered", "heavily covered"),
            "viewpoint": ("turned", "turned far"),
            "zoom": ("nearer", "much nearer"),
        }.items()
        for title in titles
    },
}
FACTORS = tuple(dict.fromkeys(factor for factor, *_ in SETS.values() if factor not in ("", "towns")))
_BATCH = 100
Floats = npt.NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class LabelsReport:
    """What was measured.

    Attributes:
        record: how the network was trained.
        identity: digest of what it was measured on, and of the revision.
        precision: one row for each set: set, factor, images, map, low, high (0..1; 95 %: 1.96 standard deviations of a bootstrap over
            images).
        hurts: one row for each factor: factor, gap (mean mAP lost against the other towns), low, high; and the same of the factor's lead
            over each other one, in columns lead_<factor>, low_<factor>, high_<factor>.
        detected: one row for each score: score, auroc, aupr, fpr95 and their low and high; lead (AUROC of the maximum logit less that of
            the score), lead_low, lead_high, over the same drawings.
        known, unknown, validation: numbers of images.
    """

    record: Mapping[str, Any]
    identity: str
    precision: pd.DataFrame
    hurts: pd.DataFrame
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
    drawn: dict[str, Floats] = {}
    for place, (title, (factor, split, variant, _)) in enumerate(SETS.items()):
        tell("measuring", place, len(SETS) + 2)
        labelled = data.read(split, variant, limit=images, first=first_scene(title, trained_on))
        outputs[title] = logits(model, labelled)
        value = measures.mean_average_precision(outputs[title], labelled.labels)
        drawn[title] = _drawn(outputs[title], labelled.labels, place)
        reach = 1.96 * float(np.nanstd(drawn[title]))
        rows.append(
            {
                "set": title,
                "factor": factor,
                "images": images,
                "map": value,
                "low": value - reach,
                "high": value + reach,
            }
        )
    precision = pd.DataFrame(rows)
    known = outputs[KNOWN]
    # As many as scores are fitted on at least, however few images are measured on.
    validation = logits(model, data.read("val", limit=max(scores.least_validation(), min(images, 300))))
    unknown = logits(model, data.read("test", "unknown", limit=images))
    tell("measuring", len(SETS) + 2, len(SETS) + 2)
    return LabelsReport(
        dict(model.card.recipe),
        _identity(),
        precision,
        _hurts(precision, drawn),
        _detected(known, unknown, validation),
        len(known),
        len(unknown),
        len(validation),
    )


def first_scene(title: str, trained_on: int) -> int:
    """Where a set begins: the one in distribution behind the scenes that were trained on."""
    first = SETS[title][3]
    return max(first, trained_on) if title == IID else first


@torch.inference_mode()
def logits(model: Classifier, labelled: Labelled) -> npt.NDArray[np.float32]:
    """(n, K) of a network in evaluation mode."""
    parts = [model(labelled.images[at : at + _BATCH]) for at in range(0, len(labelled.images), _BATCH)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def _drawn(values: npt.NDArray[np.float32], labels: npt.NDArray[np.float32], seed: int) -> Floats:
    """(draws,) mAP of images drawn with replacement. Images that are drawn twice raise average precisions, so that the drawings lie
    too high: only their spread counts."""
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        pick = generator.integers(0, len(values), len(values))
        drawn.append(measures.mean_average_precision(values[pick], labels[pick]))
    return np.array(drawn)


def _hurts(precision: pd.DataFrame, drawn: Mapping[str, Floats]) -> pd.DataFrame:
    """`LabelsReport.hurts`: each set has images of its own, so that they are drawn apart."""
    maps = precision.set_index("set")["map"].astype(float)
    of = {factor: [str(title) for title in precision.loc[precision["factor"] == factor, "set"]] for factor in FACTORS}
    gaps = {factor: float(maps[KNOWN] - maps[titles].mean()) for factor, titles in of.items()}
    lost = {factor: drawn[KNOWN] - np.mean([drawn[title] for title in titles], axis=0) for factor, titles in of.items()}
    rows = []
    for factor, gap in gaps.items():
        reach = 1.96 * float(np.nanstd(lost[factor]))
        row: dict[str, Any] = {"factor": factor, "gap": gap, "low": gap - reach, "high": gap + reach}
        for other in gaps:
            lead = gap - gaps[other]
            reach = 1.96 * float(np.nanstd(lost[factor] - lost[other]))
            row |= {f"lead_{other}": lead, f"low_{other}": lead - reach, f"high_{other}": lead + reach}
        rows.append(row)
    return pd.DataFrame(rows)


def _detected(
    known: npt.NDArray[np.float32], unknown: npt.NDArray[np.float32], validation: npt.NDArray[np.float32]
) -> pd.DataFrame:
    of_known, of_unknown = scores.all_scores(known, validation), scores.all_scores(unknown, validation)
    rows: list[dict[str, Any]] = []
    aurocs: dict[str, list[float]] = {}
    functions = {"auroc": detection.auroc, "aupr": detection.aupr, "fpr95": detection.fpr95}
    for name in scores.TITLES:
        generator = np.random.default_rng(0)
        a, b = of_known[name], of_unknown[name]
        row: dict[str, Any] = {"score": name}
        picks = [(generator.integers(0, len(a), len(a)), generator.integers(0, len(b), len(b))) for _ in range(_DRAWS)]
        for metric, function in functions.items():
            drawn = [float(function(a[i], b[j])) for i, j in picks]
            if metric == "auroc":
                aurocs[name] = drawn
            low, high = np.quantile(drawn, [0.025, 0.975])
            row |= {metric: float(function(a, b)), f"{metric}_low": float(low), f"{metric}_high": float(high)}
        # The drawings are the same for all scores, and the maximum logit is the first.
        first = next(iter(aurocs))
        low, high = np.quantile(np.subtract(aurocs[first], aurocs[name]), [0.025, 0.975])
        best = rows[0]["auroc"] if rows else row["auroc"]
        rows.append(row | {"lead": best - row["auroc"], "lead_low": float(low), "lead_high": float(high)})
    return pd.DataFrame(rows)


def _identity() -> str:
    prints = [StreetScenes(split, 1, data.SIDE, variant=variant).fingerprint for _, split, variant, _ in SETS.values()]
    return derived.digest(REVISION, IMAGES, EPOCHS, TRAINED_ON, training.START, prints)


_file: single_file.Shipped[LabelsReport] = single_file.Shipped("multilabel")


def path() -> Path:
    """The file that ships."""
    return _file.path


def read() -> LabelsReport | None:
    """What ships; None where nothing does.

    Raises:
        StoreError: the file is damaged.
    """
    return _file.read()


def is_current() -> bool:
    """Whether what ships was measured on today's images by today's code."""
    report = read()
    return report is not None and report.identity == _identity()


def build(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Train and measure, and write the file whole or not at all."""
    _file.write(measure(progress=progress))
