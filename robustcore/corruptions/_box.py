"""Pillow's box resize: on the CPU Pillow itself, elsewhere the same integers from tensor operations."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from robustcore.corruptions import _host

_PRECISION = 22  # bits of Pillow's fixed-point weights: 32 - 8 - 2


def box_resize(images: Tensor, height: int, width: int) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, height, width) uint8.

    An input pixel belongs to the output pixel whose box its centre lies in, all with equal weights; along the rows first,
    then along the columns, each pass rounded to 8 bits. Enlarged, that is the nearest neighbour.
    """
    if _host.on_host(images):
        return _box_resize_pillow(images, height, width)
    return _box_resize_tensor(images, height, width)


def _box_resize_pillow(images: Tensor, height: int, width: int) -> Tensor:
    out = np.empty((len(images), 3, height, width), dtype=np.uint8)
    grows = height >= images.shape[-2] and width >= images.shape[-1]
    rows, columns = _boxes(images.shape[-2], height)[0], _boxes(images.shape[-1], width)[0]
    for planes, result in zip(images.numpy(), out, strict=True):
        pixels = cv2.merge(list(planes))
        if grows:  # one input pixel each: whole rows are copied, then whole columns as rows
            resized = cv2.transpose(cv2.transpose(pixels[rows])[columns])
        else:
            # In two calls: newer versions of Pillow choose the order of the passes themselves.
            along = Image.fromarray(pixels).resize((width, images.shape[-2]), Image.Resampling.BOX)
            resized = np.asarray(along.resize((width, height), Image.Resampling.BOX))
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
    """(parts,) first input pixel and number of input pixels of each output pixel.

    In the order of Pillow's own floating-point steps: where a pixel's centre lies on the edge between two boxes, they
    decide. Of a box's edges the lower one is open and the upper one closed.
    """
    scale = length / parts
    spread = max(scale, 1.0)
    centre = (np.arange(parts) + 0.5) * scale
    least = np.maximum(np.floor(centre - 0.5 * spread + 0.5), 0).astype(np.int64)
    beyond = np.minimum(np.floor(centre + 0.5 * spread + 0.5), length).astype(np.int64)
    candidates = least[:, None] + np.arange(int((beyond - least).max()))
    place = (candidates - centre[:, None] + 0.5) * (1 / spread)
    inside = (place > -0.5) & (place <= 0.5) & (candidates < beyond[:, None])
    return least + inside.argmax(axis=1), inside.sum(axis=1)
