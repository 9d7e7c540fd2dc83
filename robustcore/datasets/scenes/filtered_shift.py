"""The list of filtered scenes: fresh images that one fixed model gets wrong. `evaluation.filtration` makes it.

A dataset cannot ask a model, so the list ships, with what it was made from.
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

STREAM = "scenes/0/fresh"  # of images that are in no split


def candidates(start: int, stop: int) -> tuple[UInt8Array, npt.NDArray[np.int64]]:
    """(n, 3, 64, 64) uint8 images and (n,) labels of the stream, of which a model's failures are chosen."""
    labels = balanced_labels(STREAM, len(CLASSES), stop)[start:]
    classes = tuple(CLASSES)
    images = [
        render(draw(RandomStream(STREAM, index), classes[label]), SIDE)
        for index, label in enumerate(labels.tolist(), start)
    ]
    return np.stack(images), labels


def path() -> Path:
    """Where the list lies."""
    return paths.assets() / "scenes_filtered.json"


def indices() -> tuple[npt.NDArray[np.int64], str]:
    """The images of the stream in the set's order, and the list's digest."""
    return _read(path())


@functools.lru_cache(maxsize=2)
def _read(file: Path) -> tuple[npt.NDArray[np.int64], str]:
    try:
        kept = json.loads(file.read_text())
        found = np.array(kept["indices"], dtype=np.int64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"The list of filtered scenes {file} cannot be read ({error}).") from error
    if kept["renderer"] != REVISION:
        raise DatasetError(
            f"The filtered scenes were chosen for revision {kept['renderer']} of the renderer, which is now {REVISION}: "
            "choose them again with python -m robustcore.evaluation.filtration."
        )
    found.flags.writeable = False
    return found, hashlib.sha256(found.tobytes()).hexdigest()
