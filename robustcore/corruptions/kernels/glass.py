"""The local shuffle of glass blur, a chain of one-way copies, computed without a loop over pixels.

The reference visits pixels (h, w), rows N - d down to d + 1 and columns likewise, both descending, and copies into each
one the pixel at (h + dy, w + dx), dx and dy drawn from -d .. d - 1, in place. If a pixel's source was visited
earlier in the same pass, the pixel gets the source's new value, and so on along a chain, up to a source that was not yet
visited, whose old value is used. All chains are followed at once: each pixel is a node that points to its source, and old values
are further nodes, after the pixels, that point to themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host

# Fixed number of pointer doublings, because testing for the end would stall the device. A chain continues with a
# probability below 1/2 at each step, so chains longer than 128 have a probability below 2**-128.
_DOUBLINGS = 7


def shuffle(images: Tensor, passes: Sequence[Tensor], reach: int) -> Tensor:
    """One pass after another.

    Args:
        images: (N, C, H, W) uint8; C is 1 to 4.
        passes: for each one (N, 2, H - 2 reach, W - 2 reach) int32 in -reach .. reach - 1: dx and dy of each visited pixel, in
            raster order.
        reach: d, the largest offset in pixels.

    Returns:
        (N, C, H, W) uint8.
    """
    if host.on_host(images):
        return _shuffle_cpu(images, passes, reach)
    for offsets in passes:
        images = _shuffle_tensor(images, offsets, reach)
    return images


def _shuffle_cpu(images: Tensor, passes: Sequence[Tensor], reach: int) -> Tensor:
    channels, height, width = images.shape[1:]
    count = height * width
    node = np.arange(2 * count)
    pixel = node[:count].reshape(height, width)
    pixel += count
    block = pixel[reach + 1 : height - reach + 1, reach + 1 : width - reach + 1]
    old = block.astype(np.int32)
    out = np.empty(images.shape, dtype=np.uint8)
    for place, (planes, result) in enumerate(zip(images.numpy(), out, strict=True)):
        # Four bytes per pixel, so that one look-up moves all channels.
        colours = cv2.merge([*planes, *[planes[0]] * (4 - channels)]).view(np.uint32)
        for offsets in passes:
            dx, dy = offsets[place].numpy()
            source = dy * np.int32(width)
            source += dx
            if reach == 1:  # no source comes later in raster order
                np.add(source, old, out=block)
            else:
                earlier = (source > 0) * np.int32(count)
                source += old
                np.subtract(source, earlier, out=block)
                _follow(node)
            colours = colours.reshape(-1).take(pixel - count)
        moved = colours.view(np.uint8).reshape(height, width, 4)
        for channel in range(channels):
            cv2.extractChannel(moved, channel, dst=result[channel])
    return torch.from_numpy(out)


def _follow(node: npt.NDArray[np.int64]) -> None:
    """Set the first half of the nodes, the pixels, to where their chains end, in place: all of them twice, which follows chains of
    four, and then the few that go on, step by step.

    Args:
        node: (2 H W,) where each node points; the second half, old values, point to themselves.
    """
    count = len(node) // 2
    pixel = node[:count]
    for _ in range(2):
        pixel[:] = node.take(pixel)
    chains = np.flatnonzero(pixel < count)
    at = pixel[chains]
    while chains.size:
        pixel[chains] = at = node.take(at)
        open_ = at < count
        chains, at = chains[open_], at[open_]


def _shuffle_tensor(images: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """Follow the chains by pointer doubling alone."""
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
