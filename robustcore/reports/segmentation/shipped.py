"""The measurements of the shipped segmentation network, which `robustcore demo` makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from robustcore.derived import single_file
from robustcore.reports.segmentation import table
from robustcore.reports.segmentation.table import SegmentationReport
from robustcore.segmentation import checkpoints, data, training
from robustcore.segmentation.networks import AUTOENCODER, SEGMENTER

LIMIT, CORRUPTED_LIMIT = 200, 60
RECIPES = {
    checkpoints.SHIPPED[0]: training.Recipe(SEGMENTER, epochs=10),
    checkpoints.SHIPPED[1]: training.Recipe(AUTOENCODER, epochs=2),
}


_file: single_file.Shipped[SegmentationReport] = single_file.Shipped("segmentation")


def path() -> Path:
    """The file."""
    return _file.path


def read() -> SegmentationReport | None:
    """What ships; None where nothing does.

    Raises:
        StoreError: the file is damaged.
    """
    return _file.read()


def missing() -> list[str]:
    """The networks that are missing or were not trained by their recipe on today's images."""
    names = []
    for name, recipe in RECIPES.items():
        file = checkpoints.path_of(name)
        today = data.load(recipe.dataset, "train", recipe.limit).fingerprint
        record = checkpoints.read_card(file).record if file.is_file() else {}
        if record.get("command") != recipe.command or record.get("data") != today:
            names.append(name)
    return names


def train(name: str, progress: Callable[[str, int, int], None] | None = None) -> None:
    """Train one of the networks and write its file."""
    trained = training.train(RECIPES[name], device="cpu", progress=progress)
    checkpoints.save(trained.network, trained.card, checkpoints.path_of(name))


def is_current() -> bool:
    """Whether what ships was measured of the networks and the images of today."""
    if missing() or (report := read()) is None:
        return False
    prints = {name: checkpoints.fingerprint(name) for name in checkpoints.SHIPPED}
    return dict(report.fingerprints) == prints and report.dataset_fingerprint == data.load(data.STREET).fingerprint


def build(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Measure the shipped networks, and write the file whole or not at all."""
    segmenter, autoencoder = checkpoints.SHIPPED
    report = table.measure(
        segmenter,
        data.load(data.STREET),
        autoencoder=autoencoder,
        limit=LIMIT,
        corruptions=table.CORRUPTIONS,
        corrupted_limit=CORRUPTED_LIMIT,
        progress=progress,
    )
    _file.write(report)
