"""Doctor: what was understood of a model and a data set, and whether the model does better when they are read otherwise.

Most complaints about a wrong accuracy end in one of a few causes: the classes in another order, channels in BGR order, pixels in
another range, another normalisation, another size, answers that are probabilities or depend on the batch. Each is tried on the
same images, and what it gave is said with what to do about it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from robustcore import outputs
from robustcore.datasets._base import Dataset, prepared_for, right_classes
from robustcore.errors import DatasetError, RobustcoreError
from robustcore.evaluation import classes
from robustcore.models import checks
from robustcore.models.classifier import Classifier
from robustcore.models.copies import copied
from robustcore.notes import Note, note

IMAGES = 200  # looked at, unless said otherwise
SHOWN = 10  # images whose answers are listed
_BATCH = 32
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as most published weights want it
_LEAST_GAIN = 0.05  # a reading that gains less is not worth a word
Labels = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Reading:
    """One way to read the images or the labels, and what it gave.

    Attributes:
        name: what was tried.
        remedy: what to do where it is the right one.
        accuracy: 0 .. 1; NaN where it could not be tried.
        reason: why it could not.
    """

    name: str
    remedy: str
    accuracy: float
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Answer:
    """One image's answer: its id, its class in the data set, the model's class and its probability."""

    image: int
    label: str
    answer: str
    probability: float


@dataclasses.dataclass(frozen=True)
class Report:
    """What the doctor saw.

    Attributes:
        facts: (what, value) of the model, the data and the preparation.
        images: how many were looked at.
        readings: the first is how robustcore reads them, then the others, the best first.
        answers: of some images, as read by robustcore.
        notes: what is wrong or suspicious, with its remedy.
    """

    facts: tuple[tuple[str, str], ...]
    images: int
    readings: tuple[Reading, ...]
    answers: tuple[Answer, ...]
    notes: tuple[Note, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing suspicious was seen."""
        return not self.notes


@note
def reads_better(model: str, reading: str, accuracy: float, here: float, remedy: str) -> str:
    return f"{model} is right on {accuracy:.1%} with {reading}, and on {here:.1%} as it is read now: {remedy}"


@note
def near_chance(model: str, accuracy: float, images: int, chance: float) -> str:
    return (
        f"{model} is right on {accuracy:.1%} of {images} images, which is no more than guessing gives ({chance:.1%}), and no other "
        "reading helped: the weights may belong to another architecture, or the model was trained on other classes."
    )


@note
def classes_do_not_match(reason: str) -> str:
    return reason


def examine(model: Classifier, dataset: Dataset, *, images: int = IMAGES) -> Report:
    """Look at a model on a data set's images, a part of them spread evenly over it.

    Raises:
        RobustcoreError: images or answers that cannot be had at all; the message says why.
    """
    data = prepared_for(dataset, model.card.preparation)
    places = np.unique(np.linspace(0, len(data) - 1, min(images, len(data))).round().astype(int))
    pixels = torch.stack([data[int(place)][0] for place in places])
    labels = np.array([data[int(place)][1] for place in places], dtype=np.int64)
    network = copied(model).to("cpu").eval()
    notes: list[Note] = []
    try:
        examination = checks.examine(model)
        notes += examination.notes if examination is not None else ()
    except RobustcoreError as error:
        notes.append(classes_do_not_match(str(error)))
    logits = _logits(network, pixels, lambda x: (x - network.mean) / network.std)
    orders = list(_orders(model, data, notes))
    first = orders[0] if orders else None
    readings: list[Reading] = []
    if first is not None and (labels >= 0).any():
        readings.append(Reading(first[0], "", _accuracy(logits, labels, first[2], right_classes(data))))
        readings += [Reading(name, remedy, _accuracy(logits, labels, order, {})) for name, remedy, order in orders[1:]]
        for name, remedy, prepare in _inputs(network):
            readings.append(_tried(name, remedy, network, pixels, prepare, labels, first[2], right_classes(data)))
        notes += _verdicts(model, readings, len(places))
    ranked = sorted(readings[1:], key=lambda reading: 1 if math.isnan(reading.accuracy) else -reading.accuracy)
    answers = _answers(model, data, logits, places, labels)
    return Report(tuple(_facts(model, data)), len(places), (*readings[:1], *ranked), tuple(answers), tuple(notes))


def _facts(model: Classifier, data: Dataset) -> Iterator[tuple[str, str]]:
    card = model.card
    yield "model", card.name
    yield "architecture", card.architecture or type(model.network).__name__
    yield "parameters", f"{sum(p.numel() for p in model.network.parameters()):,}"
    yield "classes", f"{len(card.classes):,}: {', '.join(card.classes[:5])}{' …' if len(card.classes) > 5 else ''}"
    yield "fingerprint", model.fingerprint()
    if licence := card.recipe.get("licence"):
        yield "licence", str(licence)
    yield "data", f"{data.name} ({data.split}), {len(data):,} images, {len(data.classes):,} classes"
    yield "preparation", str(card.preparation) if card.preparation is not None else "the data set's own"
    yield "prepared images", f"{data.side} x {data.side} pixels"
    yield "resized to", f"{card.side} x {card.side} pixels{' (not needed)' if card.side == data.side else ''}"
    mean, std = (", ".join(f"{float(v):.3f}" for v in values.flatten()) for values in (model.mean, model.std))
    yield "normalised", f"(x - [{mean}]) / [{std}], x in 0 .. 1"
    yield "tensor", f"float32 (n, 3, {card.side}, {card.side}), RGB"


def _orders(model: Classifier, data: Dataset, notes: list[Note]) -> Iterator[tuple[str, str, Labels]]:
    """(name, remedy, label -> the model's class), the way robustcore matches them first."""
    seen: list[bytes] = []

    def fresh(order: Labels) -> bool:
        seen.append(order.tobytes())
        return seen.count(seen[-1]) == 1 and bool((order >= 0).all() and (order < len(model.card.classes)).all())

    try:
        matched = classes.matching(model.card.name, model.card.classes, data.name, data.classes)
        if fresh(matched):
            yield "what robustcore reads", "", matched
    except DatasetError as error:
        notes.append(classes_do_not_match(str(error)))
    count = np.arange(len(data.classes), dtype=np.int64)
    place = "the folders in alphabetical order as the classes 0, 1, 2 …"
    if len(data.classes) <= len(model.card.classes) and fresh(count):
        yield (
            place,
            "name the model's classes in the order of its logits: the option classes=FILE, one name a line.",
            count,
        )
    if all(name.isdigit() for name in data.classes):
        by_number = np.argsort(np.argsort([int(name) for name in data.classes])).astype(np.int64)
        if fresh(by_number):
            yield "the folders in the order of their numbers", "use the option order=name with the model.", by_number
        by_text = np.argsort(np.argsort(list(data.classes))).astype(np.int64)
        if fresh(by_text):
            yield (
                "the folders in the order of their texts (10 before 2)",
                "use the option order=place with the model.",
                by_text,
            )
    for step, what in ((1, "later"), (-1, "earlier")):
        shifted = count + step
        if seen and fresh(shifted):
            yield (
                f"every class one place {what}",
                "the model has a class for the background: name its classes.",
                shifted,
            )


def _inputs(network: Classifier) -> Iterator[tuple[str, str, Callable[[Tensor], Tensor]]]:
    """(name, remedy, what the network is given for pixels in 0 .. 1)."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    own_mean, own_std = network.mean, network.std
    half = max(8, round(network.card.side * 0.875))

    def smaller(x: Tensor) -> Tensor:
        cut = (x.shape[-1] - half) // 2
        inner = x[..., cut : cut + half, cut : cut + half]
        return F.interpolate(inner, x.shape[-2:], mode="bilinear", antialias=True, align_corners=False)

    yield (
        "channels in BGR order",
        "the network was trained with OpenCV's order: flip the channels in its first layer, or in a wrapper.",
        (lambda x: (x.flip(1) - own_mean) / own_std),
    )
    if tuple(own_mean.flatten().tolist()) != (0.0, 0.0, 0.0):
        yield "no normalisation", "give the model the options mean=0,0,0 and std=1,1,1.", lambda x: x
    if not torch.allclose(own_mean, mean, atol=1e-3):
        yield (
            "ImageNet's mean and deviation",
            ("give the model the options mean=0.485,0.456,0.406 and std=0.229,0.224,0.225."),
            lambda x: (x - mean) / std,
        )
    yield (
        "pixels in 0 .. 255",
        "give the model the options mean=0,0,0 and std=0.00392157,0.00392157,0.00392157.",
        lambda x: 255 * x,
    )
    yield "pixels in -1 .. 1", "give the model the options mean=0.5,0.5,0.5 and std=0.5,0.5,0.5.", lambda x: 2 * x - 1
    yield (
        "the middle 7/8 of the image, enlarged",
        ("the publishers resized to a larger side before the crop: choose resize and crop as they did."),
        lambda x: (smaller(x) - own_mean) / own_std,
    )


def _logits(network: Classifier, pixels: Tensor, prepare: Callable[[Tensor], Tensor]) -> Tensor:
    side = network.card.side
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), _BATCH):
            part = pixels[start : start + _BATCH]
            x = part.float() / 255
            if x.shape[-1] != side:
                x = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
            x = prepare(x).to(outputs.dtype_of(network.network))
            parts.append(outputs.logits_of(network.network(x), len(part)).float())
    return torch.cat(parts)


def _tried(
    name: str,
    remedy: str,
    network: Classifier,
    pixels: Tensor,
    prepare: Callable[[Tensor], Tensor],
    labels: Labels,
    order: Labels,
    right: Mapping[int, tuple[int, ...]],
) -> Reading:
    try:
        return Reading(name, remedy, _accuracy(_logits(network, pixels, prepare), labels, order, right))
    except RobustcoreError as error:
        return Reading(name, remedy, math.nan, str(error))


def _accuracy(logits: Tensor, labels: Labels, order: Labels, right: Mapping[int, tuple[int, ...]]) -> float:
    answers = logits.argmax(dim=1).numpy()
    also = {int(label): set(several) for label, several in right.items()}
    known = labels >= 0
    hits = [
        bool(answer in also.get(int(label), {int(order[label])}))
        for answer, label in zip(answers[known], labels[known], strict=True)
    ]
    return float(np.mean(hits)) if hits else math.nan


def _verdicts(model: Classifier, readings: Sequence[Reading], images: int) -> list[Note]:
    here, *others = readings
    better = []
    for reading in others:
        gain = reading.accuracy - here.accuracy
        error = math.sqrt(max(here.accuracy * (1 - here.accuracy), 0.25 / images) / images)
        if gain > max(_LEAST_GAIN, 3 * error):
            better.append(reads_better(model.card.name, reading.name, reading.accuracy, here.accuracy, reading.remedy))
    chance = 1 / len(model.card.classes)
    deviation = math.sqrt(chance * (1 - chance) / images)
    if not better and here.accuracy < chance + 3 * deviation:
        better.append(near_chance(model.card.name, here.accuracy, images, chance))
    return better


def _answers(
    model: Classifier, data: Dataset, logits: Tensor, places: npt.NDArray[np.int_], labels: Labels
) -> Iterator[Answer]:
    probabilities = logits.softmax(dim=1)
    for i in np.unique(np.linspace(0, len(places) - 1, min(SHOWN, len(places))).round().astype(int)):
        best = int(probabilities[i].argmax())
        label = data.classes[labels[i]] if labels[i] >= 0 else "no label"
        yield Answer(int(data.ids[places[i]]), label, model.card.classes[best], float(probabilities[i, best]))
