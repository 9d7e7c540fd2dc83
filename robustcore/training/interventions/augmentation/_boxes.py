"""Rectangles, one for each image of a batch."""

from __future__ import annotations

import torch
from torch import Tensor


def inside(top: Tensor, left: Tensor, bottom: Tensor, right: Tensor, side: int) -> Tensor:
    """bool (N, 1, S, S): whether a pixel is inside its image's rectangle.

    Args:
        top, left, bottom, right: int64 (N,) pixels; the first two are inside the rectangle, the last two outside.
            Rectangles are clipped to the image.
        side: S.
    """
    at = torch.arange(side, device=top.device)
    rows = (at >= top[:, None]) & (at < bottom[:, None])  # (N, S)
    columns = (at >= left[:, None]) & (at < right[:, None])
    return rows[:, None, :, None] & columns[:, None, None, :]
