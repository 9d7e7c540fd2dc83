"""The training images: decoding them, drawing batches, flipping and shifting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from robustcore.datasets import class_folders, left_out
from robustcore.datasets._base import Dataset
from robustcore.errors import ImageError, TrainingError
from robustcore.randomness import Draws
from robustcore.training import image_memory

_BLOCK = 512  # images that are decoded at once
_NAMED = 5  # broken images that an error names


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """All images of a training.

    Attributes:
        images: uint8 (N, 3, S, S), on the CPU or on the training's device.
        labels: int64 (N,), on the CPU.
        ids: int64 (N,), on the CPU; what the draws are keyed by.
        classes: class names in label order.
        fingerprint: of the dataset that the images come from.
    """

    images: Tensor
    labels: Tensor
    ids: Tensor
    classes: tuple[str, ...]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, dataset: Dataset, count: Callable[[int, int], None] | None = None) -> TrainingSet:
        """Decode a whole dataset; raises a `TrainingError` if it cannot be trained on or does not fit.

        `count` is called with (images done, images).
        """
        n, side = len(dataset), dataset.side
        if n < 2:
            raise TrainingError(f"The dataset {dataset.name} has {n} training images; at least 2 are needed.")
        if without := int((torch.as_tensor(dataset.labels) < 0).sum()):
            raise TrainingError(
                f"{without:,} of the {n:,} images of {dataset.name} have no label: to train on them, sort the images into one "
                "folder for each class."
            )
        if len(dataset.classes) < 2:
            raise TrainingError(
                f"The dataset {dataset.name} has one class, {dataset.classes[0]!r}; a classifier needs at least two."
            )
        check_readable(dataset, "training images")
        images = image_memory.images(n, side, dataset.name)
        broken: list[str] = []
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            try:
                images[start:stop] = dataset.images(start, stop)
            except ImageError:
                broken += _broken(dataset, start, stop)
            if count is not None:
                count(stop, n)
        if broken:
            total = f" ({len(broken)} of the {n} training images cannot be used)" if broken[1:] else ""
            raise TrainingError(f"{' '.join(broken[:_NAMED])} Replace or remove unusable images{total}.")
        labels, ids = torch.as_tensor(dataset.labels), torch.as_tensor(dataset.ids)
        return cls(images, labels.to(torch.int64), ids.to(torch.int64), tuple(dataset.classes), dataset.fingerprint)

    def to(self, device: torch.device) -> TrainingSet:
        """With the images on a GPU if they take less than half of its free memory; else unchanged."""
        if device.type != "cuda" or self.images.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
            return self
        return dataclasses.replace(self, images=self.images.to(device))

    def batches(self, size: int, *, seed: int, epoch: int) -> Iterator[Tensor]:
        """int64 (size,) positions, in a new order each epoch; an incomplete last batch is dropped."""
        order = Draws(seed, "training:order", self.ids, epoch=epoch).integers(0, 1 << 31).argsort(stable=True)
        size = min(size, len(self))
        for start in range(0, len(self) - size + 1, size):
            yield order[start : start + size]


def check_readable(dataset: Dataset, what: str) -> None:
    """Raise a `TrainingError` for a folder with images that cannot be read: what a model is trained and measured on is told by
    its folder, so that none is left out without a word."""
    for note in left_out(dataset):
        if note.kind == class_folders.unreadable_images.__name__:
            broken, named = note["images"], note["reasons"][:_NAMED]
            total = f" ({broken} of the {len(dataset) + broken} {what} cannot be used)" if broken > 1 else ""
            raise TrainingError(f"{' '.join(named)} Replace or remove unusable images{total}.")


def _broken(dataset: Dataset, start: int, stop: int) -> list[str]:
    """What is wrong with the images of a block that cannot be decoded."""
    messages = []
    for index in range(start, stop):
        try:
            dataset.images(index, index + 1)
        except ImageError as error:
            messages.append(str(error))
    return messages


def flip_and_shift(images: Tensor, draws: Draws, *, flip: bool, shift: int) -> Tensor:
    """Mirror images at random, and move each by up to `shift` pixels in each direction; the uncovered edge is mirrored.

    Args:
        images: (N, 3, S, S), any type.
        draws: for the same images, on their device.
    """
    side = images.shape[-1]
    at = torch.arange(side, device=images.device)
    offsets = draws.integers(-shift, shift + 1, 2)  # (N, 2)
    flipped = draws.integers(0, 2) == 1
    rows = _mirrored(at + offsets[:, :1], side)  # (N, S)
    columns = _mirrored(at + offsets[:, 1:], side)
    if flip:
        columns = torch.where(flipped[:, None], side - 1 - columns, columns)
    if shift:
        images = images.gather(2, rows[:, None, :, None].expand_as(images))
    return images.gather(3, columns[:, None, None, :].expand_as(images)) if shift or flip else images


def _mirrored(index: Tensor, side: int) -> Tensor:
    """Positions beyond an edge, reflected back into 0 .. side - 1 without repeating the edge."""
    period = max(1, 2 * (side - 1))
    index = index.remainder(period)
    return torch.where(index >= side, period - index, index)
