"""The helper of the leak checks keeps every pixel and destroys every arrangement."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def test_patches_are_moved_whole_and_none_is_lost(shuffle_patches: Callable[..., Tensor]) -> None:
    # Every patch of 16 x 16 pixels carries its own number.
    numbers = torch.arange(16).reshape(4, 4).repeat_interleave(16, 0).repeat_interleave(16, 1)
    images = numbers.expand(50, 3, 64, 64).contiguous()
    shuffled = shuffle_patches(images, torch.arange(50))
    blocks = shuffled.reshape(50, 3, 4, 16, 4, 16)
    assert torch.equal(blocks.amax((3, 5)), blocks.amin((3, 5))), "a patch was cut"
    orders = blocks[:, 0, :, 0, :, 0].reshape(50, 16)
    assert torch.equal(orders.sort(dim=1).values, torch.arange(16).expand(50, 16))
    assert len({tuple(order.tolist()) for order in orders}) == 50


def test_an_image_is_shuffled_alike_alone_and_in_a_batch(shuffle_patches: Callable[..., Tensor]) -> None:
    images = torch.randint(0, 256, (5, 3, 64, 64), dtype=torch.uint8)
    ids = torch.arange(5) + 7
    together = shuffle_patches(images, ids)
    assert torch.equal(together[3:4], shuffle_patches(images[3:4], ids[3:4]))
