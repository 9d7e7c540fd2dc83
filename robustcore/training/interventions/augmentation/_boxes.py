"""Rectangles, one for each image of a batch."""

from __future__ import annotations

import torch
from torch import Tensor


def inside(top: Tensor, left: Tensor, bottom: Tensor, right: Tensor, side: int) -> Tensor:
    """bool (N, 1, S, S): whether a pixel lies in its image's rectangle.

    Args:
        top, left, bottom, right: int64 (N,) pixels; the first two are in the rectangle, the last two are not any more.
            What lies outside the image is cut off.
        side: S.
    """
    at = torch.arange(side, device=top.device)
    rows = (at >= top[:, None]) & (at < bottom[:, None])  # (N, S)
    columns = (at >= left[:, None]) & (at < right[:, None])
    return rows[:, None, :, None] & columns[:, None, None, :]
