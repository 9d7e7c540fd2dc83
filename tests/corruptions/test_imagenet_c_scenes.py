"""ImageNet-C with severities calibrated for scenes: a second set, labelled as such."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.corruptions import _calibrated
from robustcore.corruptions.imagenet_c_scenes import MOST, PREFIX, SUITE
from robustcore.datasets import load_dataset
from robustcore.metrics.distance import mean_absolute_difference

NAMES = corruptions.names(SUITE)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """uint8 (8, 3, 64, 64)."""
    return load_dataset("scenes", split="test").images(0, 8)


def test_the_suite_is_imagenet_c_with_calibrated_ranges() -> None:
    plain = [corruptions.get(name).plain_name for name in NAMES]
    assert plain == corruptions.names("imagenet-c")
    shipped = _calibrated.ranges(_calibrated.table(SUITE))
    assert {name: corruptions.get(name).strengths for name in NAMES} == shipped
    for name in NAMES:
        assert "not the published severities" in corruptions.get(name).summary


@pytest.mark.parametrize("plain", ["brightness", "contrast", "defocus_blur", "pixelate", "zoom_blur"])
def test_at_whole_strengths_it_is_the_published_severity(plain: str, images: Tensor) -> None:
    for severity in (1, 3, 5):
        ours = corrupt(images, f"{PREFIX}{plain}", strength=float(severity))
        assert torch.equal(ours, corrupt(images, plain, severity))


def test_beyond_5_the_image_is_corrupted_once_more(images: Tensor) -> None:
    twice = corrupt(corrupt(images, "contrast", 5), "contrast", 2)
    assert torch.equal(corrupt(images, f"{PREFIX}contrast", strength=7.0), twice)


@pytest.mark.parametrize(
    "name", [f"{PREFIX}{plain}" for plain in ("gaussian_noise", "fog", "glass_blur", "motion_blur")]
)
def test_an_image_is_the_same_alone_and_between_others(name: str, images: Tensor) -> None:
    strengths = torch.linspace(0, MOST, len(images))
    together = corrupt(images, name, strength=strengths)
    assert torch.equal(together[:1], images[:1])
    assert torch.equal(together[5:6], corrupt(images[5:6], name, strength=float(strengths[5]), ids=[5]))
    distances = mean_absolute_difference(images, together)
    assert float(distances[-1]) > float(distances[1])
