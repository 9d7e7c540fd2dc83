"""The answers that the page Filtration opens with, as they ship: no network has to run for them.

`assets/results/filtration.json` has for each network the images that it was not right on, with the confidence and the answer where
it was asked about all crops; it is found by the key of `scores.key_of`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.evaluation.filtration import scores
from robustcore.evaluation.filtration.scores import Scores

DATASET = "scenes"
MODELS = ("scenes/resnet-standard", "scenes/vgg-standard")
CROPS = 10


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "filtration.json"


def of_key(key: str) -> Scores | None:
    """The shipped answers of a key; None where they do not ship."""
    contents = _contents()
    if contents is None or contents["key"] != key:
        return None
    images, networks = contents["images"], contents["networks"]
    right = np.zeros((images, len(networks)), bool)
    confidence = np.full((images, len(networks)), np.nan)
    other = np.full((images, len(networks)), -1, np.int64)
    remaining = np.arange(images)
    for m, network in enumerate(networks):
        wrong = np.array(network["wrong"], np.int64)
        right[remaining, m] = ~np.isin(remaining, wrong)
        confidence[wrong, m] = network["confidence"]
        other[wrong, m] = network["other"]
        remaining = wrong
    return Scores(np.ones(images, bool), right, confidence, other)


def is_current() -> bool:
    """Whether what ships is what today's images and networks ask for."""
    from robustcore.datasets import load_dataset

    dataset = load_dataset(DATASET)
    return of_key(scores.key_of(dataset, list(scores.loaded(MODELS, dataset).values()), CROPS)) is not None


def build(progress: Callable[[int, int], None] | None = None) -> None:
    """Compute the answers and write the file; `progress` is called with (images done, images)."""
    from robustcore.datasets import load_dataset

    dataset = load_dataset(DATASET)
    models = list(scores.loaded(MODELS, dataset, device="cpu").values())
    several = []
    for start, stop in scores.parts(len(dataset)):
        several.append(scores.score(dataset, models, start, stop, CROPS))
        if progress is not None:
            progress(stop, len(dataset))
    answers = Scores.joined(several)
    networks = []
    for m in range(len(models)):
        wrong = np.flatnonzero(answers.other[:, m] >= 0)
        networks.append(
            {
                "wrong": wrong.tolist(),
                "confidence": [round(float(share), 6) for share in answers.confidence[wrong, m]],
                "other": answers.other[wrong, m].tolist(),
            }
        )
    contents = {"key": scores.key_of(dataset, models, CROPS), "images": len(dataset), "networks": networks}
    atomic_files.write(path(), json.dumps(contents) + "\n")
    _contents.cache_clear()


@functools.cache
def _contents() -> dict[str, Any] | None:
    file = path()
    contents: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return contents
