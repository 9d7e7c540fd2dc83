"""A training set that a small network can learn in seconds: the class is the brightness of the red channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore.training.data import TrainingSet

SIDE = 32
CLASSES = ("none", "some", "much")


def make(n: int, classes: tuple[str, ...] = CLASSES) -> TrainingSet:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % len(classes)
    images = torch.randint(0, 256, (n, 3, SIDE, SIDE), dtype=torch.uint8, generator=generator)
    images[:, 0] = (30 + 100 * labels).to(torch.uint8)[:, None, None]
    return TrainingSet(images, labels, torch.arange(n) + 1000, classes, "made up")


@pytest.fixture(scope="session")
def data() -> TrainingSet:
    return make(240)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same as class folders: train with 12 images of each class, val and test with 4."""
    root = tmp_path / "shades"
    pixels = make(3 * 20)
    for index, (image, label) in enumerate(zip(pixels.images, pixels.labels.tolist(), strict=True)):
        split = "train" if index < 36 else "val" if index < 48 else "test"
        place = root / split / CLASSES[label] / f"{index:03}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy())).save(place)
    return root
