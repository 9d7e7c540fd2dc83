"""What an ImageNet classifier answers to the photographs that pages show first, as it ships: no network has to run for it.

`assets/results/photographs.json` has the five most probable classes of each image, found by a key over everything that
decides them: the weights, the preparation, the photograph's pixels, and the condition with its operation's revision.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from robustcore import corruptions, paths
from robustcore.datasets import photographs
from robustcore.datasets._base import Item
from robustcore.derived import atomic_files
from robustcore.evaluation import Condition, operations
from robustcore.models import card as card_of
from robustcore.models import load_model
from robustcore.models.classifier import Card
from robustcore.reports.preview import gallery, sequence_frames
from robustcore.reports.preview.gallery import Answers, GalleryImage

MODEL = "imagenet/efficientnet-lite0"
PHOTOGRAPH = "coffee"
SUITE = "imagenet-c"
SEQUENCE = "scale"
_DIGITS = 4  # of a probability


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "photographs.json"


def of_grid(card: Card, item: Item, cells: Sequence[GalleryImage], storage: str) -> Answers | None:
    """The shipped answers to an image, clean first, then under each cell; None where one of them does not ship."""
    return _answers(_grid_keys(card, item, cells, storage))


def of_sequence(card: Card, item: Item, name: str, difficulty: int, seed: int, frames: int) -> Answers | None:
    """The shipped answers to the frames of a sequence, so many; None where they do not ship."""
    return _answers(_frame_keys(card, item, name, difficulty, seed, frames))


def is_current() -> bool:
    """Whether what ships is what today's weights, photographs and operations ask for."""
    card, photograph = card_of(MODEL), item()
    frames = len(sequence_frames.frames(photograph, SEQUENCE))
    shipped = of_grid(card, photograph, _cells(), "memory"), of_sequence(card, photograph, SEQUENCE, 1, 0, frames)
    return all(answers is not None for answers in shipped)


def build(progress: Callable[[int, int], None] | None = None) -> None:
    """Compute the answers and write the file; `progress` is called with (images done, images)."""
    model, photograph, cells = load_model(MODEL), item(), _cells()
    frames = sequence_frames.frames(photograph, SEQUENCE)
    images = torch.cat([photograph.image[None], gallery.corrupted(photograph, cells), frames])
    keys = [
        *_grid_keys(model.card, photograph, cells, "memory"),
        *_frame_keys(model.card, photograph, SEQUENCE, 1, 0, len(frames)),
    ]
    shipped = {}
    for place, name in enumerate(keys):
        answer = gallery.answers(model, images[place : place + 1])
        probabilities = [round(float(p), _DIGITS) for p in answer.probabilities[0]]
        shipped[name] = [answer.classes[0].tolist(), probabilities]
        if progress is not None:
            progress(place + 1, len(keys))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(shipped[name])}" for name in sorted(shipped))
    atomic_files.write(path(), f"{{\n{lines}\n}}\n")
    _shipped.cache_clear()


def item() -> Item:
    """The photograph, prepared as the model wants it."""
    return photographs.photograph(PHOTOGRAPH, preparation=card_of(MODEL).preparation)


def _cells() -> tuple[GalleryImage, ...]:
    return tuple(cell for name in corruptions.names(SUITE) for cell in gallery.cells(name))


@functools.cache
def _shipped() -> dict[str, tuple[list[int], list[float]]]:
    file = path()
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _answers(keys: Sequence[str]) -> Answers | None:
    shipped = _shipped()
    if not keys or not all(name in shipped for name in keys):
        return None
    classes, probabilities = zip(*(shipped[name] for name in keys), strict=True)
    return Answers(np.array(classes, np.int64), np.array(probabilities, np.float32))


def _grid_keys(card: Card, item: Item, cells: Sequence[GalleryImage], storage: str) -> list[str]:
    conditions = [_condition(cell, storage) for cell in cells]
    if "sha256" not in card.recipe or None in conditions:
        return []
    made: list[list[object]] = [["clean"]]
    for condition, cell in zip(conditions, cells, strict=True):
        made.append([condition, cell.seed])
    return [key(card, item, each) for each in made]


def _condition(cell: GalleryImage, storage: str) -> str | None:
    """The fingerprint of a cell's condition; None for a corruption from outside the package."""
    if corruptions.get(cell.name).plugin:
        return None
    condition = Condition("corruption", cell.name, cell.severity, strength=cell.strength, storage=storage)
    return operations.fingerprint(condition)


def _frame_keys(card: Card, item: Item, name: str, difficulty: int, seed: int, frames: int) -> list[str]:
    if "sha256" not in card.recipe:
        return []
    condition = operations.fingerprint(Condition("sequence", name, params=(("difficulty", difficulty),)))
    return [key(card, item, [condition, seed, frame]) for frame in range(frames)]


def key(card: Card, item: Item, made: Sequence[object]) -> str:
    """What an answer of a model to an image is kept under.

    Args:
        card: of a model whose recipe has the SHA-256 of its weights.
        item: the image before it is changed.
        made: what is done to the image, as JSON can write it.
    """
    preparation = None if card.preparation is None else card.preparation.to_dict()
    model = [card.recipe["sha256"], card.architecture, card.classes, preparation]
    text = json.dumps([model, item.fingerprint, list(made)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
