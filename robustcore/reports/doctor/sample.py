"""A model and some of a data set's images, ready to be asked in one way or another."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from robustcore import outputs
from robustcore.datasets._base import Dataset, prepared_for, right_classes
from robustcore.errors import DatasetError, JobError
from robustcore.evaluation import classes
from robustcore.models.classifier import Classifier
from robustcore.models.copies import copied

IMAGES = 200  # looked at, unless said otherwise
_BATCH = 32
Labels = npt.NDArray[np.int64]


class Order(NamedTuple):
    """One way to match the data set's classes with the model's.

    Attributes:
        name: what is tried.
        remedy: what to do where it is the right one.
        places: int64 (classes of the data set,), each as one of the model's.
    """

    name: str
    remedy: str
    places: Labels


class Sample:
    """A model and the images that it is examined on.

    Args:
        model: is copied to the CPU; it stays as it is.
        dataset: images are taken evenly spread over it, prepared as the model wants them.
        images: how many, at most.
        is_cancelled: asked between two batches.

    Attributes:
        data: the data set as the model prepares it.
        places: (n,) the images' places in it.
        pixels: uint8 (n, 3, side, side).
        labels: int64 (n,); -1 without a label.
    """

    def __init__(
        self,
        model: Classifier,
        dataset: Dataset,
        images: int = IMAGES,
        *,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.model = model
        self.data = prepared_for(dataset, model.card.own_preparation)
        size = len(self.data)
        self.places = np.unique(np.linspace(0, size - 1, min(images, size)).round().astype(int))
        loaded = [self.data[int(place)] for place in self.places]
        self.pixels = torch.stack([pixels for pixels, _ in loaded])
        self.labels = np.array([label for _, label in loaded], dtype=np.int64)
        self.network = copied(model).to("cpu").eval()
        self._is_cancelled = is_cancelled

    def __len__(self) -> int:
        return len(self.places)

    @property
    def labelled(self) -> int:
        """How many of the images have a label."""
        return int((self.labels >= 0).sum())

    @functools.cached_property
    def logits(self) -> Tensor:
        """float32 (n, K): the model's answers to the images as robustcore reads them."""
        return self.asked(lambda x: (x - self.network.mean) / self.network.std)

    def asked(self, prepare: Callable[[Tensor], Tensor]) -> Tensor:
        """float32 (n, K): the network's answers where `prepare` makes its input of pixels in 0 .. 1, (b, 3, side, side).

        Raises:
            JobError: it was cancelled.
        """
        side = self.network.card.side
        parts = []
        with torch.inference_mode():
            for start in range(0, len(self.pixels), _BATCH):
                if self._is_cancelled():
                    raise JobError("The examination was stopped.")
                x = self.sized(self.pixels[start : start + _BATCH].float() / 255, side)
                x = prepare(x).to(outputs.dtype_of(self.network.network))
                parts.append(outputs.logits_of(self.network.network(x), len(x)).float())
        return torch.cat(parts)

    @staticmethod
    def sized(x: Tensor, side: int) -> Tensor:
        """Images at the model's input side, as the model resizes them."""
        if x.shape[-1] == side:
            return x
        return F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)

    @functools.cached_property
    def orders(self) -> tuple[tuple[Order, ...], str]:
        """The ways to match classes, the one of robustcore first; and why it has none of its own, "" where it has one."""
        seen: list[Order] = []
        refused = ""
        count = np.arange(len(self.data.classes), dtype=np.int64)
        logits = len(self.model.card.classes)

        def add(name: str, remedy: str, places: Labels) -> None:
            fits = bool((places >= 0).all() and (places < logits).all())
            if fits and not any(np.array_equal(places, order.places) for order in seen):
                seen.append(Order(name, remedy, places))

        try:
            card = self.model.card
            add(
                "as robustcore reads them",
                "",
                classes.matching(card.name, card.classes, self.data.name, self.data.classes),
            )
        except DatasetError as error:
            refused = str(error)
        add(
            "the folders in alphabetical order as the classes 0, 1, 2 …",
            "name the model's classes in the order of its logits: the option classes=FILE, one name a line.",
            count,
        )
        if all(name.isdigit() for name in self.data.classes):
            by_number = np.argsort(np.argsort([int(name) for name in self.data.classes])).astype(np.int64)
            add("the folders in the order of their numbers", "use the option order=name with the model.", by_number)
            by_text = np.argsort(np.argsort(list(self.data.classes))).astype(np.int64)
            add(
                "the folders in the order of their texts (10 before 2)",
                "use the option order=place with the model.",
                by_text,
            )
        for step, what in ((1, "later"), (-1, "earlier")):
            add(
                f"every class one place {what}",
                "the model has a class for the background: name its classes.",
                count + step,
            )
        return tuple(seen), refused

    def accuracy(self, logits: Tensor, order: Order, *, own: bool = False, among: bool = False) -> float:
        """The share of right answers among the labelled images, NaN where none is.

        Args:
            logits: (n, K).
            order: how classes match.
            own: it is robustcore's own order, in which several classes may be right for an image.
            among: only the data set's classes count as answers.
        """
        if among:
            allowed = torch.as_tensor(order.places)
            answers = allowed[logits[:, allowed].argmax(dim=1)].numpy()
        else:
            answers = logits.argmax(dim=1).numpy()
        right = right_classes(self.data) if own else {}
        labelled = self.labels >= 0
        hits = [
            int(answer) in right.get(int(label), (int(order.places[label]),))
            for answer, label in zip(answers[labelled], self.labels[labelled], strict=True)
        ]
        return float(np.mean(hits)) if hits else math.nan
