"""What fixed networks say of several crops of every image, as far as filtration needs it.

A network that is right on one crop of an image settles it: neither its other crops nor the networks after it are asked. So most
images cost one forward pass of the first network, and the order of the networks changes the time, not what is kept.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from robustcore import derived, devices
from robustcore.datasets import Dataset, Preparable, prepared_for
from robustcore.datasets._base import right_classes
from robustcore.errors import InvalidArgumentError, JobError
from robustcore.evaluation import api, classes
from robustcore.images import UInt8Array
from robustcore.images.crops import checked_count, crops
from robustcore.images.preparation import Preparation
from robustcore.models.classifier import Classifier
from robustcore.models.restricted import Restricted

REVISION = 2  # raised when the answers to the same crops change
PART = 32  # images that are scored and kept at once: what a stopped run loses
MOST_MODELS = 5
_BATCH = 64  # crops in one forward pass
_DECODERS = min(8, os.cpu_count() or 1)
KIND = "filtration"  # of derived data
Bools = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Scores:
    """Answers of m networks to n images.

    Attributes:
        labelled: (n,) bool; images without a label are not asked about.
        right: (n, m) bool: whether the network is right on some crop.
        confidence: (n, m) float64: the mean over the crops of the probability of the image's class (of all classes that are
            right where several are); NaN where the network was not asked about all crops.
        other: (n, m) int64: the network's most probable wrong class by that mean; -1 where the confidence is NaN.
    """

    labelled: Bools
    right: Bools
    confidence: npt.NDArray[np.float64]
    other: npt.NDArray[np.int64]

    def first(self, images: int) -> Scores:
        """Those of the first images."""
        names = [field.name for field in dataclasses.fields(self)]
        return Scores(**{name: getattr(self, name)[:images] for name in names})

    @classmethod
    def joined(cls, several: Sequence[Scores]) -> Scores:
        """Those of consecutive images, as one."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: np.concatenate([getattr(each, name) for each in several]) for name in names})


def key_of(dataset: Dataset, models: Sequence[Classifier], crop_count: int) -> str:
    """What the answers of these networks, in this order, to crops of these images are kept under."""
    return derived.digest(REVISION, dataset.fingerprint, [model.fingerprint() for model in models], crop_count)


def parts(total: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of the images that are scored at once."""
    for start in range(0, total, PART):
        yield start, min(start + PART, total)


def part_of(key: str, start: int, stop: int) -> str:
    """What the answers to some of the images are kept under."""
    return derived.digest(key, start, stop)


def kept_part(key: str, start: int, stop: int) -> Scores | None:
    """The answers to some of the images where they are kept."""
    kept: Scores | None = derived.get(KIND, part_of(key, start, stop))
    return kept


def check(dataset: Dataset, models: Sequence[Classifier], crop_count: int) -> None:
    """Refuse what cannot be filtered; see `running.run`."""
    if not 1 <= len(models) <= MOST_MODELS:
        raise InvalidArgumentError(f"Filtration takes 1 to {MOST_MODELS} models (two in print), not {len(models)}.")
    names = [model.card.name for model in models]
    if len({model.fingerprint() for model in models}) < len(models):
        raise InvalidArgumentError(f"Filtration takes different models; two of {', '.join(names)} are the same.")
    checked_count(crop_count)
    if not (np.asarray(dataset.labels) >= 0).any():
        raise InvalidArgumentError(
            f"No image of {dataset.name} has a label, so no answer can be wrong. Sort the images into one folder for each class."
        )
    for model in models:
        _right_of(model, dataset)


def score(
    dataset: Dataset,
    models: Sequence[Classifier],
    start: int,
    stop: int,
    crop_count: int = 10,
    cancelled: Callable[[], bool] = lambda: False,
) -> Scores:
    """The answers to the images start .. stop; nothing is kept.

    Raises:
        JobError: as soon as `cancelled` says so.
    """
    count = stop - start
    labels = np.asarray(dataset.labels)[start:stop]
    labelled = labels >= 0
    right = np.zeros((count, len(models)), bool)
    confidence = np.full((count, len(models)), np.nan)
    other = np.full((count, len(models)), -1, np.int64)
    left = np.flatnonzero(labelled)  # that no network has been right on
    views: dict[tuple[int, Preparation | None], dict[int, UInt8Array]] = {}
    for m, model in enumerate(models):
        if not len(left):
            break
        data = prepared_for(dataset, model.card.own_preparation)
        preparation = data.preparation if isinstance(data, Preparable) else None
        images = views.setdefault((data.side, preparation), {})
        _cut(data, preparation, start, [i for i in left.tolist() if i not in images], crop_count, images)
        is_right = _right_of(model, dataset)[labels]  # (count, K)
        first = _probabilities(model, np.stack([images[i][0] for i in left.tolist()]), cancelled)
        wrong = left[~_hits(first, is_right[left])]
        total = first[~_hits(first, is_right[left])]
        if crop_count > 1 and len(wrong):
            rest = _probabilities(model, np.concatenate([images[i][1:] for i in wrong.tolist()]), cancelled)
            rest = rest.reshape(len(wrong), crop_count - 1, -1)
            missed = ~_hits(rest, is_right[wrong][:, None]).any(axis=1)
            total, wrong = (total + rest.sum(axis=1))[missed], wrong[missed]
        mean = total / crop_count
        right[left, m] = ~np.isin(left, wrong)
        confidence[wrong, m] = np.where(is_right[wrong], mean, 0).sum(axis=1)
        other[wrong, m] = np.where(is_right[wrong], -1, mean).argmax(axis=1)
        left = wrong
    return Scores(labelled, right, confidence, other)


def right_answers(
    model: Classifier, dataset: Dataset, places: Sequence[int], cancelled: Callable[[], bool] = lambda: False
) -> Bools:
    """(places,) bool: whether a model is right on some of a dataset's images, each prepared as for an evaluation."""
    data = prepared_for(dataset, model.card.own_preparation)
    is_right = _right_of(model, dataset)[np.asarray(dataset.labels)[list(places)]]
    with concurrent.futures.ThreadPoolExecutor(_DECODERS) as pool:
        images = [image.numpy().transpose(1, 2, 0) for image, _ in pool.map(data.__getitem__, places)]
    if not images:
        return np.zeros(0, bool)
    return _hits(_probabilities(model, np.stack(images), cancelled), is_right)


def _right_of(model: Classifier, dataset: Dataset) -> Bools:
    """(classes of the dataset, classes of the model) bool: which answers are right for a label."""
    order = classes.matching(model.card.name, model.card.classes, dataset.name, dataset.classes)
    right = np.zeros((len(dataset.classes), len(model.card.classes)), bool)
    right[np.arange(len(order)), order] = True
    if not isinstance(model, Restricted):
        for label, several in right_classes(dataset).items():
            right[label, list(several)] = True
    return right


def _hits(probabilities: npt.NDArray[np.float64], is_right: Bools) -> Bools:
    """Whether the most probable class is a right one; the last axis is the classes."""
    best = probabilities.argmax(axis=-1)[..., None]
    return np.take_along_axis(np.broadcast_to(is_right, probabilities.shape), best, axis=-1)[..., 0]


def _cut(
    data: Dataset,
    preparation: Preparation | None,
    start: int,
    wanted: Sequence[int],
    count: int,
    into: dict[int, UInt8Array],
) -> None:
    """The crops of some images of a part, by their places in it."""

    def cut(i: int) -> UInt8Array:
        return crops(data.source(start + i), data.side, preparation, count)

    with concurrent.futures.ThreadPoolExecutor(_DECODERS) as pool:
        into.update(zip(wanted, pool.map(cut, wanted), strict=True))


def _probabilities(model: Classifier, images: UInt8Array, cancelled: Callable[[], bool]) -> npt.NDArray[np.float64]:
    """(n, K) for uint8 (n, H, W, 3)."""
    answers = []
    with torch.inference_mode():
        for begin in range(0, len(images), _BATCH):
            if cancelled():
                raise JobError("The filtration was stopped; what was finished is kept.")
            batch = torch.from_numpy(np.ascontiguousarray(images[begin : begin + _BATCH].transpose(0, 3, 1, 2)))
            answers.append(model(batch.to(model.device)).float().softmax(dim=1).cpu().numpy())
    return np.concatenate(answers).astype(np.float64)


def loaded(
    names: Sequence[str | Classifier], dataset: Dataset, answers: str = "all", device: str = "auto"
) -> dict[str, Classifier]:
    """Models by the names that tables have, in their order.

    Args:
        names: of models, or models themselves.
        dataset: that they answer to.
        answers: "folder" where they answer with its classes alone.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        RobustcoreError: a model that cannot be loaded, or does not know the classes.
    """
    by_fingerprint: dict[str, Classifier] = {}
    subjects = api.subjects(names, into=by_fingerprint, dataset=dataset, answers=answers)
    chosen = devices.pick(device)
    return {subject.name: by_fingerprint[subject.fingerprint].to(chosen).eval() for subject in subjects}
