"""Pillow's box resize: on the CPU Pillow itself, elsewhere the same integers from tensor operations."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

_PRECISION = 22  # bits of Pillow's fixed-point weights: 32 - 8 - 2


def box_resize(images: Tensor, height: int, width: int) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, height, width) uint8.

    An input pixel belongs to the output pixel whose box its centre lies in, all with equal weights; columns first, then
    rows, each pass rounded to 8 bits. Enlarged, that is the nearest neighbour.
    """
    if images.device.type == "cpu":
        return _box_resize_pillow(images, height, width)
    return _box_resize_tensor(images, height, width)


def _box_resize_pillow(images: Tensor, height: int, width: int) -> Tensor:
    out = np.empty((len(images), 3, height, width), dtype=np.uint8)
    grows = height >= images.shape[-2] and width >= images.shape[-1]
    for planes, result in zip(images.numpy(), out, strict=True):
        pixels = cv2.merge(list(planes))
        if grows:
            resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        else:
            resized = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
        cv2.split(resized, list(result))
    return torch.from_numpy(out)


def _box_resize_tensor(images: Tensor, height: int, width: int) -> Tensor:
    for dim, length in ((-1, width), (-2, height)):
        first, count = _boxes(images.shape[dim], length)
        shape = [1] * images.ndim
        shape[dim] = length
        size = torch.from_numpy(count).to(images.device)
        total: Tensor | int = 0
        for j in range(int(count.max())):
            index = torch.from_numpy(np.minimum(first + j, images.shape[dim] - 1)).to(images.device)
            total = total + images.index_select(dim, index).to(torch.int32) * (size > j).reshape(shape)
        weight = ((1 << _PRECISION) / size.to(torch.float64) + 0.5).to(torch.int32).reshape(shape)
        images = ((total * weight + (1 << (_PRECISION - 1))) >> _PRECISION).clamp_(0, 255).to(torch.uint8)
    return images


@functools.lru_cache(maxsize=256)
def _boxes(length: int, parts: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(parts,) first input pixel and number of input pixels of each output pixel."""
    scale = length / parts
    if parts >= length:
        first = np.array([min(length - 1, math.floor((i + 0.5) * scale)) for i in range(parts)], dtype=np.int64)
        return first, np.ones(parts, dtype=np.int64)
    # Pixel p belongs to box i if i < (p + 0.5) / scale <= i + 1.
    box = np.ceil((np.arange(length) + 0.5) / scale).astype(np.int64) - 1
    first = np.searchsorted(box, np.arange(parts))
    return first, np.bincount(box, minlength=parts).astype(np.int64)
