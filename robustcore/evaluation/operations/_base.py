"""How a kind of condition is applied: the interface that clean images, corruptions, attacks, sequences and shifts share.

A kind is one subclass of `Operation` in one module of this package, registered under its kind. The plan, the runner, the
store and the tables know this interface alone.
"""

from __future__ import annotations

import abc
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets._base import Dataset
from robustcore.datasets.released.alone import without_clean
from robustcore.evaluation.condition import Condition
from robustcore.models.classifier import Classifier
from robustcore.notes import Note
from robustcore.registry import Registry

if TYPE_CHECKING:
    from robustcore.evaluation.store.predictions import Predictions


@dataclasses.dataclass(frozen=True)
class Part:
    """Some images of one shard, as an operation gets them.

    Attributes:
        dataset: where they come from; `dataset.source(place)` is an image before preparation.
        places: (n,) int64 indices into the dataset.
        ids: (n,) int64 image ids, on the CPU.
        labels: (n,) int64 labels, on the images' device; for an operation with `needs_model` in the model's classes.
        images: uint8 (n, 3, side, side) on the evaluation's device.
    """

    dataset: Dataset
    places: npt.NDArray[np.int64]
    ids: Tensor
    labels: Tensor
    images: Tensor

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, part: slice) -> Part:
        return Part(self.dataset, self.places[part], self.ids[part], self.labels[part], self.images[part])

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.images.device


@dataclasses.dataclass(frozen=True)
class Applied:
    """What a condition makes of n images.

    Attributes:
        images: uint8, or float32 in [0, 1]: (n, 3, H, W), or with a frame axis (n, F, 3, H, W).
        values: further numbers for each image by name, (n,): an attack's success, l2 and linf, say. They are kept with the
            predictions, and their sums with the counts, so that a table shows their means without reading predictions.
        logits: (n, K) or (n, F, K) where the operation has them already; a forward pass is saved.
        judged: logits of a model that scores the images -> further numbers, where they depend on its answer.
    """

    images: Tensor
    values: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    logits: Tensor | None = None
    judged: Callable[[Tensor], Mapping[str, Tensor]] | None = None


class Operation(abc.ABC):
    """One kind of condition. Subclasses say what differs; what a method usually does not have to do, it does not do here.

    Attributes:
        kind: the conditions' kind.
        needs_model: whether the images depend on the model that is attacked; then `apply` runs once for each model.
        float32_only: whether it runs in float32 whatever precision was asked for.
    """

    kind: ClassVar[str]
    needs_model: ClassVar[bool] = False
    float32_only: ClassVar[bool] = False

    @abc.abstractmethod
    def check(self, condition: Condition) -> None:
        """Raise a `RobustcoreError` of one sentence for a condition that cannot be applied."""

    def expand(self, condition: Condition, severities: Sequence[int] | None) -> Sequence[Condition]:
        """The conditions that an open one (neither severity nor strength) stands for; by default itself."""
        return [condition]

    @abc.abstractmethod
    def identity(self, condition: Condition) -> Mapping[str, Any]:
        """What determines the result beside the condition's own fields, JSON values: the operation's revision at least."""

    def portable(self, condition: Condition) -> Condition:
        """The condition without what differs from machine to machine, as its fingerprint sees it: a folder's path, say."""
        return condition

    def missing(self, condition: Condition, base: Dataset) -> str:
        """Why the condition cannot be applied to a dataset at all, a sentence; "" where it can. It then has no result."""
        return without_clean(base)

    def left_out(self, condition: Condition, base: Dataset) -> Sequence[Note]:
        """What of the dataset is not among the images of the condition."""
        return ()

    def plugin(self, condition: Condition) -> str:
        """SHA-256 of the plug-in that the condition's operation comes from; "" for the package's own."""
        return ""

    def is_shared(self, condition: Condition) -> bool:
        """With `needs_model`: whether the images made for one model serve all models of the same classes."""
        return False

    def is_random(self, condition: Condition) -> bool:
        """Whether the seed matters. If not, a result is kept under seed 0 and serves every seed."""
        return True

    def dataset(self, condition: Condition, base: Dataset) -> Dataset:
        """The dataset whose images are scored; a shift answers with another one."""
        return base

    def unlabelled(self, condition: Condition) -> str:
        """Why no answer is right or wrong: the accuracy is undefined for this reason. "" where labels say what is right."""
        return ""

    def among(
        self, condition: Condition, dataset: Dataset
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        """The classes of the scored dataset that a model may answer with, and the label that each answer counts as,
        (m,) each; None where it answers among all of its own."""
        return None

    def frames(self, condition: Condition, side: int) -> int:
        """The number of frames that one image becomes: what a batch is sized by."""
        return 1

    def sample(self, condition: Condition) -> tuple[Condition, float]:
        """A shorter condition whose time tells this one's, and how many times as long this one takes: for conditions that take
        too long to be timed themselves."""
        return condition, 1.0

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        """The images of `part` under the condition; by default as they are.

        An image's result depends on (condition, seed, image id) and, with `needs_model`, on the model; never on which
        other images stand in the part.

        Args:
            condition, part: what is done, and to what.
            seed: the evaluation's seed.
            model: the model that is scored, in eval mode on the part's device; given if `needs_model`.
            surrogates: fingerprint -> model, for attacks crafted on another model.
        """
        return Applied(part.images)

    def values(self, condition: Condition, predictions: Predictions) -> Mapping[str, npt.NDArray[np.floating[Any]]]:
        """Further per-image numbers that follow from the predictions (flips over frames, say), (n,) by name."""
        return {}


registry: Registry[Operation] = Registry("kind of condition")


def of(condition: Condition) -> Operation:
    """The operation of a condition's kind."""
    return registry[condition.kind]


def check(condition: Condition) -> None:
    """Raise one sentence for a condition that no evaluation can apply."""
    of(condition).check(condition)


def fingerprint(condition: Condition) -> str:
    """SHA-256 (hex) over a condition and what its operation adds, its revision with it.

    A result is found by it, so that a result of an older revision is never met.
    """
    operation = of(condition)
    parts = {
        "condition": operation.portable(condition).to_dict(),
        "operation": dict(operation.identity(condition)),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
