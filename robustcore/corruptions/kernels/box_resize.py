"""Pillow's box resize, in its own integer arithmetic."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host

UInt8Array = npt.NDArray[np.uint8]

_PRECISION = 22  # bits of Pillow's fixed-point weights: 32 - 8 - 2
_SMALL = 9  # up to this box size the fixed-point weights round like exact ones


def box_resize(images: Tensor, height: int, width: int) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, height, width) uint8.

    Each output pixel is the mean of the input pixels whose centres are in its box; first along the rows, then along the
    columns, each pass rounded to 8 bits. When enlarging, this is the nearest neighbour.
    """
    if host.on_host(images):
        return _box_resize_numpy(images, height, width)
    return _box_resize_tensor(images, height, width)


def _box_resize_numpy(images: Tensor, height: int, width: int) -> Tensor:
    """Sums of whole rows; between the passes OpenCV transposes, which costs less than adding up columns."""
    out = np.empty((len(images), 3, height, width), dtype=np.uint8)
    turned = np.empty((images.shape[3], 3, images.shape[2]), dtype=np.uint8)
    narrow = np.empty((images.shape[2], 3, width), dtype=np.uint8)
    for planes, result in zip(images.numpy(), out, strict=True):
        for channel in range(3):
            cv2.transpose(planes[channel], dst=turned[:, channel])
        averaged = _average_rows(turned, width)
        for channel in range(3):
            cv2.transpose(averaged[:, channel], dst=narrow[:, channel])
        result[:] = _average_rows(narrow, height).transpose(1, 0, 2)
    return torch.from_numpy(out)


def _average_rows(x: UInt8Array, length: int) -> UInt8Array:
    """(L, ...) -> (length, ...), one group of equally large boxes after another."""
    first, _, weight = _boxes(len(x), length)
    out = x.take(first, axis=0)
    for size, rows in _groups(len(x), length):
        if size == 1:
            continue
        at = first[rows]
        total: npt.NDArray[Any] = x[at].astype(np.uint16 if size <= _SMALL else np.int32)
        for j in range(1, size):
            total += x[at + j]
        if size <= _SMALL:  # round half up, which equals the fixed-point weights for small boxes
            total += np.uint16(size // 2)
            total //= np.uint16(size)
        else:
            total = (total * weight[rows[0]] + (1 << (_PRECISION - 1))) >> _PRECISION
        if len(rows) == length:
            return total.astype(np.uint8)
        out[rows] = total
    return out


@functools.lru_cache(maxsize=256)
def _groups(length: int, parts: int) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """The output pixels of each size of box."""
    count = _boxes(length, parts)[1]
    return [(int(size), np.flatnonzero(count == size)) for size in np.unique(count)]


def _box_resize_tensor(images: Tensor, height: int, width: int) -> Tensor:
    for dim, length in ((-1, width), (-2, height)):
        first, count, weight = _boxes(images.shape[dim], length)
        shape = [1] * images.ndim
        shape[dim] = length
        size = torch.from_numpy(count).to(images.device)
        total: Tensor | int = 0
        for j in range(int(count.max())):
            index = torch.from_numpy(np.minimum(first + j, images.shape[dim] - 1)).to(images.device)
            total = total + images.index_select(dim, index).to(torch.int32) * (size > j).reshape(shape)
        scaled = total * torch.from_numpy(weight).to(images.device).reshape(shape)
        images = ((scaled + (1 << (_PRECISION - 1))) >> _PRECISION).to(torch.uint8)
    return images


@functools.lru_cache(maxsize=256)
def _boxes(length: int, parts: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(parts,) each: the first input pixel of an output pixel, their number, and the weight of each in fixed point.

    The floating-point steps follow Pillow's order, which decides ties when a pixel's centre is on the edge between two
    boxes. A box excludes its lower edge and includes its upper one.
    """
    scale = length / parts
    spread = max(scale, 1.0)
    centre = (np.arange(parts) + 0.5) * scale
    least = np.maximum(np.floor(centre - 0.5 * spread + 0.5), 0).astype(np.int64)
    beyond = np.minimum(np.floor(centre + 0.5 * spread + 0.5), length).astype(np.int64)
    candidates = least[:, None] + np.arange(int((beyond - least).max()))
    position = (candidates - centre[:, None] + 0.5) * (1 / spread)
    inside = (position > -0.5) & (position <= 0.5) & (candidates < beyond[:, None])
    count = inside.sum(axis=1)
    return least + inside.argmax(axis=1), count, ((1 << _PRECISION) / count + 0.5).astype(np.int32)
