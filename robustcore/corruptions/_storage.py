"""The second JPEG of the released sets.

ImageNet-C and Tiny-ImageNet-C were published as JPEG files of quality 85 with 4:2:0 chroma, written after the
corruption. That takes about a quarter off the standard deviation that noise has in a channel, because most of the
chroma noise does not survive the subsampling.
"""

from __future__ import annotations

from torch import Tensor

from robustcore.corruptions.kernels.jpeg import jpeg

QUALITY = 85


def jpeg85(images: Tensor) -> Tensor:
    """(N, 3, H, W) uint8, as they come back from a JPEG file of quality 85, 4:2:0; same shape, dtype and device."""
    return jpeg(images, QUALITY)
