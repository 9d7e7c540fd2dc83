"""A map of images by the features before a network's last layer, clean and corrupted, in two dimensions."""

from __future__ import annotations

import dataclasses
import importlib.util

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore import derived
from robustcore.datasets._base import Dataset
from robustcore.detection import kept_outputs
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations import Part
from robustcore.images import UInt8Array
from robustcore.models.classifier import Classifier

Floats = npt.NDArray[np.float64]
PCA, UMAP = "pca", "umap"
FEWEST = 3  # images that span a plane


@dataclasses.dataclass(frozen=True)
class Embedding:
    """Where n images lie, clean and corrupted, in one plane for both.

    Attributes:
        method: "pca" or "umap".
        clean, corrupted: (n, 2).
        explained: (2,) the share of the features' variance along each axis, 0 .. 1; NaN for UMAP, which has none.
        answers: (2, n) the model's classes for the clean and the corrupted images.
        moved: (n,) how far each image's features move, relative to the mean distance of a clean image from the clean mean.
    """

    method: str
    clean: Floats
    corrupted: Floats
    explained: Floats
    answers: npt.NDArray[np.int64]
    moved: Floats


class UnderCondition:
    """A dataset under a corruption, as an evaluation makes its images; all else is the dataset's own.

    Args:
        dataset: as the model wants it prepared.
        condition: a corruption.
        seed: of the draws.
    """

    def __init__(self, dataset: Dataset, condition: Condition, seed: int) -> None:
        self._dataset, self._condition, self._seed = dataset, condition, seed
        self.name, self.split, self.classes = dataset.name, dataset.split, dataset.classes
        self.ids, self.labels, self.side = dataset.ids, dataset.labels, dataset.side

    @property
    def fingerprint(self) -> str:
        """Of the images, the corruption's revision and the seed."""
        return derived.digest(self._dataset.fingerprint, operations.fingerprint(self._condition), self._seed)

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images(index, index + 1)[0], int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        places = np.arange(start, min(stop, len(self)), dtype=np.int64)
        labels = torch.as_tensor(np.asarray(self.labels)[places])
        ids = torch.as_tensor(np.asarray(self.ids)[places])
        part = Part(self._dataset, places, ids, labels, self._dataset.images(start, stop))
        return operations.of(self._condition).apply(self._condition, part, self._seed).images

    def source(self, index: int) -> UInt8Array:
        """The image before preparation, uncorrupted."""
        return self._dataset.source(index)


def methods() -> tuple[str, ...]:
    """PCA, and UMAP where `umap-learn` is installed."""
    return (PCA, UMAP) if importlib.util.find_spec("umap") is not None else (PCA,)


def keep(model: Classifier, dataset: Dataset, condition: Condition | None, seed: int, stop: int) -> int:
    """Compute and keep the features of the first images; the number of them.

    Args:
        model, dataset: the dataset as the model wants it prepared.
        condition: a corruption; None for the clean images.
        seed: of its draws.
        stop: how many images.

    Raises:
        ModelError: a network whose logits come from no linear layer.
    """
    images = dataset if condition is None else UnderCondition(dataset, condition, seed)
    return len(kept_outputs.outputs_of(model, images, stop, features=True))


def embed(
    model: Classifier, dataset: Dataset, condition: Condition, seed: int, count: int, method: str = PCA
) -> Embedding:
    """The map of a dataset's first images.

    PCA's axes are those of the clean and the corrupted images together; UMAP (McInnes et al. 2018) is fitted on both, with its
    defaults and a fixed seed.

    Args:
        model, dataset, condition, seed: as for `keep`.
        count: how many images.
        method: one of `methods()`.

    Raises:
        InvalidArgumentError: another method, or fewer than three images.
        ModelError: as `keep`.
    """
    if method not in methods():
        more = " UMAP needs umap-learn: pip install 'robustcore[umap]'." if method == UMAP else ""
        raise InvalidArgumentError(f"An embedding is made by {' or '.join(methods())}, not {method!r}.{more}")
    outputs = [
        kept_outputs.outputs_of(model, images, count, features=True)
        for images in (dataset, UnderCondition(dataset, condition, seed))
    ]
    n = len(outputs[0])
    if n < FEWEST:
        raise InvalidArgumentError(f"A map needs {FEWEST} images or more, and {dataset.name} has {n}.")
    features = [np.asarray(each.features, np.float64) for each in outputs]
    places, explained = (_pca if method == PCA else _umap)(np.concatenate(features))
    spread = np.linalg.norm(features[0] - features[0].mean(0), axis=1).mean()
    moved = np.linalg.norm(features[1] - features[0], axis=1)
    return Embedding(
        method=method,
        clean=places[:n],
        corrupted=places[n:],
        explained=explained,
        answers=np.stack([each.logits.argmax(1) for each in outputs]).astype(np.int64),
        moved=moved / spread if spread > 0 else np.full(n, np.nan),
    )


def _pca(features: Floats) -> tuple[Floats, Floats]:
    centred = features - features.mean(0)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    values = np.pad(values, (0, max(0, 2 - len(values))))
    total = float((values**2).sum())
    places = np.zeros((len(features), 2))
    k = min(2, right.shape[0])
    signs = np.sign(right[np.arange(k), np.abs(right[:k]).argmax(1)])  # a singular vector's sign is arbitrary
    places[:, :k] = left[:, :k] * values[:k] * signs
    return places, values[:2] ** 2 / total if total > 0 else np.full(2, np.nan)


def _umap(features: Floats) -> tuple[Floats, Floats]:
    import umap

    neighbours = min(15, len(features) - 1)
    places = umap.UMAP(n_neighbors=neighbours, random_state=0, n_jobs=1).fit_transform(features.astype(np.float32))
    return np.asarray(places, np.float64), np.full(2, np.nan)
