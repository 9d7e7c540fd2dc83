"""What was understood of a model and a data set: facts, the way of an image to the network, and some answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from robustcore.datasets import left_out
from robustcore.datasets._base import Preparable, right_classes
from robustcore.datasets.released.alone import without_clean
from robustcore.images import UInt8Array, to_array, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.notes import Note
from robustcore.reports.doctor.sample import Sample

SHOWN = 10  # images whose answers are listed
_PICTURE = 336  # pixels of the longer side of a picture of a step
Facts = tuple[tuple[str, str], ...]  # (what, value)


@dataclasses.dataclass(frozen=True)
class Answer:
    """One image's answer.

    Attributes:
        image: its id.
        place: its place in the data set.
        label: its class in the data set; "" without a label.
        answer: the model's class.
        probability: of that answer.
        right: whether it is right; None without a label, or where no class of the model is the image's.
    """

    image: int
    place: int
    label: str
    answer: str
    probability: float
    right: bool | None


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of an image's way to the network.

    Attributes:
        name: what is done.
        detail: with which values.
        picture: uint8 (3, h, w): the image after it, small enough to be shown.
    """

    name: str
    detail: str
    picture: Tensor


@dataclasses.dataclass(frozen=True)
class Overview:
    """What was understood.

    Attributes:
        model, data: facts of them.
        steps: an image's way from the file to the tensor that the model receives.
        images: how many were looked at.
        labelled: of them, those with a label.
        answers: of some images, as read by robustcore.
        left_out: what is not among the data set's images.
    """

    model: Facts
    data: Facts
    steps: tuple[Step, ...]
    images: int
    labelled: int
    answers: tuple[Answer, ...]
    left_out: tuple[Note, ...]

    @property
    def facts(self) -> Facts:
        """All facts, with the steps of the preparation."""
        return (*self.model, *self.data, *((step.name, step.detail) for step in self.steps))


def overview(sample: Sample) -> Overview:
    """What was understood of a sample."""
    return Overview(
        tuple(_model(sample)),
        tuple(_data(sample)),
        tuple(_steps(sample, 0)),
        len(sample),
        sample.labelled,
        tuple(_answers(sample)),
        tuple(left_out(sample.data)),
    )


def _model(sample: Sample) -> Iterator[tuple[str, str]]:
    model, card = sample.model, sample.model.card
    yield "model", card.name
    yield "architecture", card.architecture or type(model.network).__name__
    yield "parameters", f"{sum(p.numel() for p in model.network.parameters()):,}"
    yield "classes of the model", _some(card.classes)
    yield "trained on", card.dataset or "not stated"
    yield "input", f"{card.side} x {card.side} pixels"
    yield "images prepared", str(card.own_preparation)
    yield "licence", str(card.recipe.get("licence") or card.recipe.get("license") or "not stated")
    yield "fingerprint of the model", model.fingerprint()


def _data(sample: Sample) -> Iterator[tuple[str, str]]:
    data = sample.data
    labels = np.asarray(data.labels)
    yield "data", f"{data.name} ({data.split})"
    yield "images", f"{len(data):,}, {int((labels >= 0).sum()):,} with a label"
    yield "classes of the data", _some(data.classes)
    if lacking := without_clean(data):
        yield "clean images", lacking
    yield "corrupted at", f"{data.side} x {data.side} pixels"
    yield "fingerprint of the data", data.fingerprint


def _some(names: tuple[str, ...]) -> str:
    return f"{len(names):,}: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else "none"


def _steps(sample: Sample, place: int) -> Iterator[Step]:
    """The way of the image at a place of the sample, as `robustcore.images.fit` and the classifier's forward pass go it."""
    data, network, side = sample.data, sample.network, sample.network.card.side
    source = data.source(int(sample.places[place]))
    pixels = sample.pixels[place]
    height, width = source.shape[:2]
    yield Step("read", f"{width} x {height} pixels, RGB", _picture(source))
    preparation = data.preparation if isinstance(data, Preparable) else None
    if preparation is not None:
        yield _resized(source, preparation)
        yield Step(
            "centre cut out",
            f"{data.side} x {data.side} pixels; corruptions are applied to this",
            _picture(to_array(pixels)),
        )
    x = sample.sized(pixels[None].float() / 255, side)
    if side != data.side:
        yield Step(
            "resized after corruption",
            f"from {data.side} to {side} pixels, bilinear, antialiased",
            _picture(_levels(x[0])),
        )
    normalised = ((x - network.mean) / network.std)[0]
    mean, std = (", ".join(f"{float(v):.3f}" for v in values.flatten()) for values in (network.mean, network.std))
    low, high = float(normalised.min()), float(normalised.max())
    spread = (normalised - low) / max(high - low, 1e-12)
    yield Step(
        "normalised",
        f"x / 255, then (x - [{mean}]) / [{std}]: float32 (n, 3, {side}, {side}), RGB, here from {low:.2f} to {high:.2f}",
        _picture(_levels(spread)),
    )


def _resized(source: UInt8Array, preparation: Preparation) -> Step:
    height, width = source.shape[:2]
    scale = preparation.resize / min(height, width)
    size = f"{round(width * scale)} x {round(height * scale)} pixels"
    text = f"shorter side to {preparation.resize}, so {size}, {preparation.interpolation}, antialiased"
    return Step("resized", text, _picture(source, preparation.resize / min(height, width)))


def _picture(image: UInt8Array, scale: float = 1.0) -> Tensor:
    """uint8 (3, h, w): (H, W, 3) by a scale, at most `_PICTURE` pixels long."""
    scale = min(scale, _PICTURE / max(image.shape[:2]))
    if scale == 1:
        return to_tensor(image)
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    small = Image.fromarray(np.ascontiguousarray(image)).resize(
        (width, height), Image.Resampling.BICUBIC, reducing_gap=3.0
    )
    return to_tensor(np.asarray(small))


def _levels(x: Tensor) -> UInt8Array:
    """float (3, H, W) in 0 .. 1 -> uint8 (H, W, 3)."""
    return to_array((255 * x).round().clamp(0, 255).to(torch.uint8))


def _answers(sample: Sample) -> Iterator[Answer]:
    probabilities = sample.logits.softmax(dim=1)
    orders, refused = sample.orders
    right = right_classes(sample.data)
    for i in np.unique(np.linspace(0, len(sample) - 1, min(SHOWN, len(sample))).round().astype(int)):
        best, label, place = int(probabilities[i].argmax()), int(sample.labels[i]), int(sample.places[i])
        is_right = None
        if label >= 0 and orders and not refused:
            is_right = best in right.get(label, (int(orders[0].places[label]),))
        yield Answer(
            int(sample.data.ids[place]),
            place,
            sample.data.classes[label] if label >= 0 else "",
            sample.model.card.classes[best],
            float(probabilities[i, best]),
            is_right,
        )
