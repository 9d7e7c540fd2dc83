"""Outputs on disk: computed once for a model and images, then read as mapped arrays.

They lie under the cache in `outputs/<revision>/<model>/<images>/`, by fingerprints, one .npy file for each array. A larger number of
images goes on where a smaller one stopped. `robustcore results prune` deletes those of the models and data sets that it prunes.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from robustcore import paths
from robustcore.datasets._base import Dataset
from robustcore.detection.outputs import Outputs, compute, head
from robustcore.errors import RobustcoreError, StoreError
from robustcore.models.classifier import Classifier

_log = logging.getLogger(__name__)
_REVISION = "1"
_AT_ONCE = 256
_ARRAYS = ("logits", "features", "passes")  # no labels: the same images have others, or none, where they are unknown
_AXIS = {"passes": 1}  # the axis of the images, where it is not the first


class Cancelled(RobustcoreError):  # noqa: N818 - no error: it was asked for
    """The outputs were not wanted any more; what was computed is kept."""


def outputs_of(
    model: Classifier,
    images: Dataset,
    count: int,
    *,
    features: bool = False,
    passes: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Outputs:
    """The outputs for the first images of a dataset; what is kept is not computed again.

    Args:
        model: in memory. One that cannot be read whole (`Classifier.unreadable`) is computed each time.
        images: whose first ones are asked for.
        count: how many; more than there are means all.
        features: whether the features before the last layer are needed.
        passes: the number of passes with dropout on.
        progress: called with the numbers of images computed and of all.
        cancelled: set to stop.

    Raises:
        ModelError: features or passes that the network cannot give.
        Cancelled: it was set.
    """
    count = min(count, len(images))
    folder = _folder(model.fingerprint(), images.fingerprint)
    needed = ("logits", *(("features",) if features else ()), *(("passes",) if passes else ()))
    kept = {} if model.unreadable else _read(folder)
    if all(name in kept for name in needed) and _length(kept) >= count and _passes(kept) >= passes:
        return _outputs(kept, needed, count, passes, model, images)
    there = _length(kept) if all(name in kept for name in needed) and _passes(kept) >= passes else 0
    parts = [_outputs(kept, needed, there, passes, model, images)] if there else []
    for start in range(there, count, _AT_ONCE):
        if cancelled is not None and cancelled.is_set():
            break
        stop = min(start + _AT_ONCE, count)
        parts.append(compute(model, images, start, stop, features=features, passes=passes))
        if progress is not None:
            progress(stop, count)
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=_AXIS.get(name, 0))
        for name in needed
        if parts
    }
    if arrays and not model.unreadable:
        _write(folder, arrays)
    if sum(len(part) for part in parts) < count:
        raise Cancelled("The outputs were not wanted any more.")
    return _outputs(arrays, needed, count, passes, model, images)


def drop(model: str | None = None, dataset: str | None = None) -> int:
    """Delete kept outputs.

    Args:
        model: of this fingerprint; None for all models.
        dataset: on the images of this fingerprint; None for all.

    Returns:
        How many sets of outputs there were.
    """
    root = paths.cache() / "outputs" / _REVISION
    dropped = 0
    for folder in list(_folders(root)):
        of_model, of_images = folder.parent.name, folder.name
        if model in (None, of_model) and dataset in (None, of_images):
            shutil.rmtree(folder)
            dropped += 1
    return dropped


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from (images for model in root.iterdir() if model.is_dir() for images in model.iterdir())


def _folder(model: str, images: str) -> Path:
    return paths.cache() / "outputs" / _REVISION / model / images


def _read(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a folder, mapped; {} where there are none, or where they are damaged."""
    arrays = {}
    for name in _ARRAYS:
        try:
            arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            continue
        except (ValueError, EOFError, OSError):  # cut off, or another file: computed anew
            return {}
    lengths = {array.shape[_AXIS.get(name, 0)] for name, array in arrays.items()}
    return arrays if len(lengths) == 1 else {}


def _length(arrays: dict[str, np.ndarray]) -> int:
    return len(arrays["logits"])


def _passes(arrays: dict[str, np.ndarray]) -> int:
    return len(arrays["passes"]) if "passes" in arrays else 0


def _write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """The folder appears whole; one that is there is replaced. Where the cache cannot be written, a warning is logged."""
    try:
        paths.writable_cache("outputs")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
    except (OSError, StoreError) as error:
        _log.warning("Outputs cannot be kept: %s", error)
        return
    try:
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array, allow_pickle=False)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    except OSError as error:  # the disk is full, or another process was quicker
        _log.warning("Outputs cannot be kept: %s", error)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _outputs(
    arrays: dict[str, np.ndarray], needed: tuple[str, ...], count: int, passes: int, model: Classifier, images: Dataset
) -> Outputs:
    return Outputs(
        logits=arrays["logits"][:count],
        features=arrays["features"][:count] if "features" in needed else None,
        passes=arrays["passes"][:passes, :count] if "passes" in needed else None,
        labels=np.asarray(images.labels[:count], np.int64),
        head=head(model) if "features" in needed else None,
    )
