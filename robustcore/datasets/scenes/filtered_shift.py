"""The shipped list of filtered scenes: fresh images that one fixed model gets wrong.

A dataset cannot query a model, so `evaluation.filtration` makes the list; it ships with a record of how it was made.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcore import paths
from robustcore.datasets.scenes._base import SIDE, balanced_labels
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import REVISION, render
from robustcore.datasets.scenes.scene import draw
from robustcore.errors import DatasetError
from robustcore.images import UInt8Array

SET = "scenes/filtered"  # the set's name among the shifts
STREAM = "scenes/0/fresh"  # of images outside all splits


def candidates(start: int, stop: int) -> tuple[UInt8Array, npt.NDArray[np.int64]]:
    """(n, 3, 64, 64) uint8 images and (n,) labels of the stream, from which a model's errors are selected."""
    labels = balanced_labels(STREAM, len(CLASSES), stop)[start:]
    classes = tuple(CLASSES)
    images = [
        render(draw(RandomStream(STREAM, index), classes[label]), SIDE)
        for index, label in enumerate(labels.tolist(), start)
    ]
    return np.stack(images), labels


def path() -> Path:
    """The file with the list."""
    return paths.assets() / "scenes_filtered.json"


def indices() -> tuple[npt.NDArray[np.int64], str]:
    """The images of the stream in the set's order, and the list's digest."""
    return _read(path())[:2]


def chosen_against() -> tuple[str, str]:
    """The model whose errors the set consists of, so that it scores 0 there: its name and its fingerprint."""
    return _read(path())[2]


@functools.lru_cache(maxsize=2)
def _read(file: Path) -> tuple[npt.NDArray[np.int64], str, tuple[str, str]]:
    try:
        contents = json.loads(file.read_text())
        indices = np.array(contents["indices"], dtype=np.int64)
        if contents["renderer"] != REVISION:
            raise DatasetError(
                f"The filtered scenes were chosen for revision {contents['renderer']} of the renderer, which is now {REVISION}: "
                "choose them again with python -m robustcore.evaluation.filtration."
            )
        against = str(contents["model"]), str(contents["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"The list of filtered scenes {file} cannot be read ({error}).") from error
    indices.flags.writeable = False
    return indices, hashlib.sha256(indices.tobytes()).hexdigest(), against
