"""The local shuffle of glass blur, a chain of one-way copies, computed without a loop over pixels.

The reference visits pixels (h, w), rows N - d down to d + 1 and columns likewise, both descending, and copies into each
one the pixel at (h + dy, w + dx), dx and dy drawn from -d .. d - 1, in place. If a pixel's source was visited
earlier in the same pass, the pixel gets the source's new value, and so on along a chain, up to a source that was not yet
visited, whose old value is used. All chains are followed at once.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host

# Fixed number of pointer doublings, because testing for the end would stall the device. A chain continues with a
# probability below 1/2 at each step, so chains longer than 128 have a probability below 2**-128.
_DOUBLINGS = 7


def shuffle(images: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """One pass.

    Args:
        images: (N, C, H, W) uint8; C is 1 to 4.
        offsets: (N, 2, H - 2 reach, W - 2 reach) integers in -reach .. reach - 1: dx and dy of each visited pixel, in
            raster order.
        reach: d, the largest offset in pixels.

    Returns:
        (N, C, H, W) uint8.
    """
    if host.on_host(images):
        return _shuffle_cpu(images, offsets, reach)
    return _shuffle_tensor(images, offsets, reach)


def _shuffle_cpu(images: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """Follow the chains step by step; at each step fewer than half of them continue."""
    channels, height, width = images.shape[1:]
    block = np.s_[reach + 1 : height - reach + 1, reach + 1 : width - reach + 1]
    position = np.arange(height * width).reshape(height, width)
    source = position.copy()
    out = np.empty(images.shape, dtype=np.uint8)
    for planes, (dx, dy), result in zip(images.numpy(), offsets.numpy(), out, strict=True):
        np.add(position[block], dy * width + dx, out=source[block])
        earlier = np.zeros((height, width), dtype=bool)
        earlier[block] = _visited_before(dx, dy)
        flat, continues = source.reshape(-1), earlier.reshape(-1)
        final = flat.copy()
        chains = np.flatnonzero(continues)
        at = flat[chains]
        while chains.size:
            final[chains] = step = flat[at]
            open_ = continues[at]
            chains, at = chains[open_], step[open_]
        # Four bytes per pixel, so that one look-up moves all channels.
        pixels = cv2.merge([*planes, *[planes[0]] * (4 - channels)]).view(np.uint32)
        moved = pixels.reshape(-1)[final].view(np.uint8).reshape(height, width, 4)
        for channel in range(channels):
            cv2.extractChannel(moved, channel, dst=result[channel])
    return torch.from_numpy(out)


def _visited_before(dx: npt.NDArray[np.int64], dy: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(h, w): whether a pixel's source comes later in raster order and is inside the visited block."""
    h, w = dx.shape
    before: npt.NDArray[np.bool_] = (dy > 0) | ((dy == 0) & (dx > 0))
    before &= np.arange(h)[:, None] + dy < h
    column = np.arange(w) + dx
    before &= (column >= 0) & (column < w)
    return before


def _shuffle_tensor(images: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """Follow the chains by pointer doubling; old values are extra nodes after the pixels that point to themselves."""
    n, channels, height, width = images.shape
    count, device = height * width, images.device
    dx, dy = offsets[:, 0], offsets[:, 1]
    h, w = dx.shape[-2:]
    rows, columns = torch.arange(h, device=device)[:, None], torch.arange(w, device=device)
    before = ((dy > 0) | ((dy == 0) & (dx > 0))) & (rows + dy < h) & (columns + dx >= 0) & (columns + dx < w)
    node = torch.arange(2 * count, device=device).repeat(n, 1)
    pixel = node[:, :count].view(n, height, width)
    block = np.s_[:, reach + 1 : height - reach + 1, reach + 1 : width - reach + 1]
    target = pixel + count
    target[block] = pixel[block] + dy * width + dx + torch.where(before, 0, count)
    node[:, :count] = target.view(n, count)
    for _ in range(_DOUBLINGS):
        node[:, :count] = node.gather(1, node[:, :count])
    index = (node[:, None, :count] - count).expand(n, channels, count)
    return images.reshape(n, channels, count).gather(2, index).reshape(images.shape)
