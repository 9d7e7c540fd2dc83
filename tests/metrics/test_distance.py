"""Distances between images against scikit-image and against hand-worked numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from robustcore.errors import InvalidArgumentError
from robustcore.metrics.distance import mean_absolute_difference, mean_squared_error, psnr, ssim


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Two uint8 (5, 3, 40, 56) batches: smooth fields against noisy, blurred, inverted, constant and equal ones."""
    rng = np.random.default_rng(0)
    fields = np.stack([cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (56, 40)) for _ in range(5)])
    others = fields.copy()
    others[0] = np.clip(fields[0] + rng.normal(0, 30, fields[0].shape), 0, 255)
    others[1] = cv2.blur(fields[1], (9, 9))
    others[2] = 255 - fields[2]
    others[3] = 200
    as_tensor = lambda a: torch.from_numpy(a).permute(0, 3, 1, 2).contiguous()  # noqa: E731
    return as_tensor(fields), as_tensor(others)


def test_ssim_and_psnr_are_scikit_images(pairs: tuple[Tensor, Tensor]) -> None:
    a, b = pairs
    for i, (value, ratio) in enumerate(zip(ssim(a, b).tolist(), psnr(a, b).tolist(), strict=True)):
        first, second = a[i].numpy(), b[i].numpy()
        assert value == pytest.approx(structural_similarity(first, second, channel_axis=0, data_range=255), abs=1e-6)
        if i < 4:
            assert ratio == pytest.approx(peak_signal_noise_ratio(first, second, data_range=255), abs=1e-9)
    assert float(psnr(a, b)[4]) == float("inf")
    assert float(ssim(a, b)[4]) == pytest.approx(1, abs=1e-7)


def test_hand_worked() -> None:
    a = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    b = a.clone()
    b[:, 0] = 30  # a third of the values differ by 30
    assert float(mean_absolute_difference(a, b)) == 10
    assert float(mean_squared_error(a, b)) == 300
    assert float(psnr(a, b)) == pytest.approx(10 * np.log10(255**2 / 300))


def test_a_value_does_not_depend_on_the_batch(pairs: tuple[Tensor, Tensor]) -> None:
    a, b = pairs
    for distance in (mean_absolute_difference, mean_squared_error, ssim):
        alone = torch.cat([distance(a[i : i + 1], b[i : i + 1]) for i in range(len(a))])
        assert torch.allclose(distance(a, b), alone, rtol=0, atol=1e-12)


def test_what_cannot_be_compared_is_refused() -> None:
    a = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(InvalidArgumentError, match="one shape"):
        psnr(a, a[..., :16])
    with pytest.raises(InvalidArgumentError, match="uint8"):
        ssim(a.float(), a)
    with pytest.raises(InvalidArgumentError, match="7 pixels"):
        ssim(a[..., :5], a[..., :5])
