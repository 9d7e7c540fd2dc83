"""Images moved and turned, each by its own numbers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Engstrom et al. 2019, section 4: 3 of 32 pixels and 30 degrees, either way.
SHIFT, DEGREES = 3 / 32, 30.0


def placed(images: Tensor, right: Tensor, down: Tensor, degrees: Tensor) -> Tensor:
    """Images turned about their middle and then moved; bilinear, black where nothing moves in.

    Args:
        images: float32 (N, 3, H, W) in [0, 1].
        right, down: (N,) by how much the picture moves, as shares of the width and of the height.
        degrees: (N,) by how much it turns, counterclockwise.

    Returns:
        float32 (N, 3, H, W) in [0, 1].
    """
    height, width = images.shape[-2:]
    angle = torch.deg2rad(degrees)
    cosine, sine = angle.cos(), angle.sin()
    # Where a pixel comes from: the inverse movement, in units of half a width and half a height.
    matrices = torch.stack(
        [
            torch.stack([cosine, -sine * height / width, torch.zeros_like(sine)], 1),
            torch.stack([sine * width / height, cosine, torch.zeros_like(sine)], 1),
        ],
        1,
    )
    moved = torch.stack([2 * right, 2 * down], 1)
    matrices[:, :, 2] = -(matrices[:, :, :2] @ moved[:, :, None])[:, :, 0]
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, "bilinear", "zeros", align_corners=False).clamp_(0, 1)
