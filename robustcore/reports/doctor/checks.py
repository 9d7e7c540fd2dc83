"""The checks in which most complaints about a wrong number end: what is tried, what it gives, and the remedy."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from robustcore.datasets._base import Preparable
from robustcore.datasets.released.alone import without_clean
from robustcore.errors import RobustcoreError
from robustcore.models import checks as answer_checks
from robustcore.notes import Note, note
from robustcore.reports.doctor.sample import Sample

READING, ANSWERS, IMAGES = "reading", "answers", "images"  # kinds of checks
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as most published weights want it
_LEAST_GAIN = 0.05  # a reading that gains less is not worth a word
Prepare = Callable[[Tensor], Tensor]


@dataclasses.dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        kind: "reading" (images or labels are read otherwise), "answers" or "images".
        name: what was tried.
        gave: what it gave, in words; of a reading the accuracy says it.
        accuracy: 0 .. 1; NaN for what is no reading, and where it could not be tried.
        remedy: what to do where it shows a mistake.
        note: what is wrong or suspicious; None where nothing is.
    """

    kind: str
    name: str
    gave: str = ""
    accuracy: float = math.nan
    remedy: str = ""
    note: Note | None = None


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


@note
def answers_are_not_finite(model: str, count: int, images: int) -> str:
    return (
        f"{model} answers {count} of {images} images with NaN or infinity, and an evaluation fails on them: look for a division by "
        "zero or numbers too large for half precision."
    )


@note
def resized_after_corruption(model: str, prepared: int, side: int) -> str:
    return (
        f"Images are corrupted at {prepared} pixels and then resized to the {side} of {model}, which changes how strong a "
        f"corruption is: prepare images at {side} pixels, or give the model the option side={prepared} where its network takes it."
    )


def names(sample: Sample) -> tuple[str, ...]:
    """The checks of a sample, in the order in which they are run; each takes one pass over the images at most."""
    readings = tuple(name for name, _, _ in _inputs(sample)) if sample.labelled and sample.orders[0] else ()
    return ("classes", *readings, "answers", "images")


def run(sample: Sample, name: str) -> tuple[Check, ...]:
    """Run one of the checks of `names`; "classes" begins with how robustcore reads images now.

    Raises:
        JobError: it was cancelled.
        RobustcoreError: the model's answers cannot be had at all.
    """
    if name == "classes":
        return tuple(_classes(sample))
    if name == "answers":
        return tuple(_of_answers(sample))
    if name == "images":
        return tuple(_of_images(sample))
    (remedy, prepare) = next((remedy, prepare) for other, remedy, prepare in _inputs(sample) if other == name)
    order = sample.orders[0][0]
    own = not sample.orders[1]
    here = sample.accuracy(sample.logits, order, own=own)
    accuracy = sample.accuracy(sample.asked(prepare), order, own=own)
    return (_compared(sample, name, remedy, accuracy, here),)


def conclusion(model: str, classes: int, labelled: int, checks: Sequence[Check]) -> list[Note]:
    """What is wrong or suspicious by all checks; that a model only guesses is said where no reading helps.

    Args:
        model: its name.
        classes: how many it has.
        labelled: how many of the images have a label.
        checks: that were run.
    """
    notes = list(dict.fromkeys(check.note for check in checks if check.note is not None))
    here = next((check.accuracy for check in checks if check.kind == READING), math.nan)
    chance = 1 / classes
    deviation = math.sqrt(chance * (1 - chance) / max(1, labelled))
    if here < chance + 3 * deviation and not any(note.kind == reads_better.__name__ for note in notes):
        notes.append(near_chance(model, here, labelled, chance))
    return notes


def _classes(sample: Sample) -> Iterator[Check]:
    orders, refused = sample.orders
    if refused:
        yield Check(
            ANSWERS, "the data set's classes among the model's", "they do not match", note=classes_do_not_match(refused)
        )
    if not sample.labelled or not orders:
        return
    own = not refused
    here = sample.accuracy(sample.logits, orders[0], own=own)
    yield Check(READING, orders[0].name, accuracy=here)
    for order in orders[1:]:
        yield _compared(sample, order.name, order.remedy, sample.accuracy(sample.logits, order), here)
    if own and len(sample.data.classes) < len(sample.model.card.classes):
        among = sample.accuracy(sample.logits, orders[0], own=True, among=True)
        name = f"the {len(sample.data.classes):,} classes of the data alone as answers"
        remedy = "evaluate with --answers folder, as figures for such subsets are published."
        yield _compared(sample, name, remedy, among, here)


def _compared(sample: Sample, name: str, remedy: str, accuracy: float, here: float) -> Check:
    """A reading, with a note where it is clearly better than the present one."""
    n = max(1, sample.labelled)
    error = math.sqrt(max(here * (1 - here), 0.25 / n) / n)
    is_better = accuracy - here > max(_LEAST_GAIN, 3 * error)
    finding = reads_better(sample.model.card.name, name, accuracy, here, remedy) if is_better else None
    return Check(READING, name, accuracy=accuracy, remedy=remedy, note=finding)


def _inputs(sample: Sample) -> Iterator[tuple[str, str, Prepare]]:
    """(name, remedy, what the network is given for pixels in 0 .. 1)."""
    network = sample.network
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
        lambda x: (x.flip(1) - own_mean) / own_std,
    )
    if tuple(own_mean.flatten().tolist()) != (0.0, 0.0, 0.0):
        yield "no normalisation", "give the model the options mean=0,0,0 and std=1,1,1.", lambda x: x
    if not torch.allclose(own_mean, mean, atol=1e-3):
        yield (
            "ImageNet's mean and deviation",
            "give the model the options mean=0.485,0.456,0.406 and std=0.229,0.224,0.225.",
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
        "the publishers resized to a larger side before the crop: choose resize and crop as they did.",
        lambda x: (smaller(x) - own_mean) / own_std,
    )


# What is asked of the answers, and the note where it is not so.
_ASKED = (
    ("logits rather than probabilities", "answers_are_probabilities", "logits"),
    ("the same images asked twice", "answers_are_random", "the same answers"),
    ("each image alone and in a batch", "answers_depend_on_the_batch", "the same answers"),
    ("whether the whole network can be read", "results_are_not_shared", "it can: results are found again"),
)


def _of_answers(sample: Sample) -> Iterator[Check]:
    name = sample.model.card.name
    bad = int((~sample.logits.isfinite()).any(dim=1).sum())
    yield Check(
        ANSWERS,
        "NaN and infinity among the logits",
        f"{bad} of {len(sample)} images" if bad else f"none on {len(sample)} images",
        note=answers_are_not_finite(name, bad, len(sample)) if bad else None,
    )
    try:
        examination = answer_checks.examine(sample.model)
    except RobustcoreError as error:
        yield Check(
            ANSWERS, "logits for each class of the card", "another shape", note=classes_do_not_match(str(error))
        )
        return
    if examination is None:
        return
    notes = {said.kind: said for said in examination.notes}
    for asked, kind, well in _ASKED:
        yield Check(ANSWERS, asked, well if kind not in notes else "not so", note=notes.get(kind))


def _of_images(sample: Sample) -> Iterator[Check]:
    card, data = sample.model.card, sample.data
    finding = None
    if card.side != data.side and isinstance(data, Preparable):
        finding = resized_after_corruption(card.name, data.side, card.side)
    yield Check(
        IMAGES,
        "resized again after corruption",
        f"from {data.side} to {card.side} pixels"
        if card.side != data.side
        else f"no: {data.side} pixels are the model's own",
        note=finding,
    )
    if without_clean(data):
        yield Check(IMAGES, "storage of corrupted images", "as released: compare with figures of the released set")
        return
    yield Check(
        IMAGES,
        "storage of corrupted images",
        "as computed here, without the second JPEG of the released ImageNet-C, which moves mCE by 1 to 4 points",
        remedy="to compare with figures of the released set, evaluate with --storage jpeg85, or --released DIR where it is here.",
    )
