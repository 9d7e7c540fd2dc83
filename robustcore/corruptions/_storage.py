"""The JPEG compression of the released ImageNet-C files.

ImageNet-C and Tiny-ImageNet-C were published as JPEG files of quality 85 with 4:2:0 chroma, written after the
corruption. This reduces the standard deviation of noise in a channel by about a quarter, because the subsampling
removes most of the chroma noise.
"""

from __future__ import annotations

from torch import Tensor

from robustcore.corruptions.kernels.jpeg import jpeg

QUALITY = 85


def jpeg85(images: Tensor) -> Tensor:
    """(N, 3, H, W) uint8 images after a JPEG round trip at quality 85, 4:2:0; same shape, dtype and device."""
    return jpeg(images, QUALITY)
