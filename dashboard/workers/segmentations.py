"""What worker processes do for the page Segmentation: one image through the networks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from robustcore.reports.segmentation import PixelsOfImage
    from robustcore.segmentation.networks import Card


def looked_at(network: str, autoencoder: str, digest: str, index: int, corruption: str, severity: int) -> PixelsOfImage:
    """One test image of the street scenes, clean or corrupted; `digest` is that of the networks' files."""
    from robustcore.reports import segmentation
    from robustcore.segmentation import data

    return segmentation.look(
        _loaded(network, digest)[0],
        data.load(data.STREET),
        index,
        autoencoder=_loaded(autoencoder, digest)[0],
        corruption=corruption,
        severity=severity,
    )


@functools.lru_cache(maxsize=4)
def _loaded(name: str, digest: str) -> tuple[nn.Module, Card]:
    from robustcore.segmentation import checkpoints

    return checkpoints.load(name)
