"""Moving, turning, and low frequencies: what an image becomes is known on paper."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.attacks.low_frequency import low_pass
from robustcore.attacks.steps.placement import placed


@pytest.fixture
def picture() -> Tensor:
    """(1, 3, 8, 8) float in [0, 1]."""
    return torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def numbers(*values: float) -> tuple[Tensor, ...]:
    return tuple(torch.tensor([float(value)]) for value in values)


def test_whole_pixels_move_and_black_moves_in(picture: Tensor) -> None:
    moved = placed(picture, *numbers(2 / 8, -1 / 8, 0))
    torch.testing.assert_close(moved[..., :7, 2:], picture[..., 1:, :6])
    assert (moved[..., :2] == 0).all()
    assert (moved[..., 7, :] == 0).all()


def test_a_quarter_turn_is_counterclockwise_and_comes_before_the_movement(picture: Tensor) -> None:
    turned = picture.rot90(1, (2, 3))
    torch.testing.assert_close(placed(picture, *numbers(0, 0, 90)), turned, atol=1e-5, rtol=0)
    moved = placed(picture, *numbers(1 / 8, 0, 90))
    torch.testing.assert_close(moved[..., 1:], turned[..., :7], atol=1e-5, rtol=0)


def test_a_turn_keeps_lengths_in_an_oblong_image() -> None:
    oblong = torch.zeros(1, 3, 9, 17)
    oblong[..., 4, 5:12] = 1  # seven pixels in a row, through the middle
    upright = placed(oblong, *numbers(0, 0, 90))
    assert (upright[0, 0, 1:8, 8] > 0.99).all()
    assert upright.sum() == pytest.approx(21, rel=1e-3)


class Middle(nn.Module):
    """Class 0 while the upper left quarter is the brightest, else the class of the quarter that is."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(x.mean(1, keepdim=True), x.shape[-1] // 2).flatten(1)


def test_the_grid_finds_the_position_that_the_model_errs_at() -> None:
    images = torch.zeros(2, 3, 16, 16)
    images[0, :, 4:8, 4:8] = 1  # four pixels to the right it is in another quarter
    images[1, :, 0:4, 0:4] = 1
    labels = torch.zeros(2, dtype=torch.int64)
    found = rc.attack(Middle().eval(), images, labels, "spatial", shift=0.25, degrees=0.0, places=5, turns=1)
    assert found.success.tolist() == [True, False]  # at most four pixels: the other one stays where it was
    assert found.images[0].sum() == pytest.approx(3 * 16)
    turned = rc.attack(Middle().eval(), images, labels, "spatial", shift=0.0, degrees=90.0, places=1, turns=3)
    assert turned.success.all()
    assert int(turned.forwards.max()) <= 4


def test_the_default_grid_is_that_of_the_source() -> None:
    assert rc.attacks.get("spatial").passes(rc.attacks.get("spatial").check_options({})) == 5 * 5 * 31 + 1
    assert rc.attacks.get("worst_of").passes(rc.attacks.get("worst_of").check_options({})) == 10 + 1


def test_more_positions_are_never_better_for_the_model(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        labels = network(images).argmax(1)

    def margins(queries: int) -> Tensor:
        result = rc.attack(network, images, labels, "worst_of", queries=queries, early_stop=False)
        return rc.attacks.goals.Goal(labels).margin(result.logits)

    few, many = margins(2), margins(20)
    assert (many <= few).all()
    assert (many < few).any()


def test_a_low_pass_is_a_projection_on_cosines() -> None:
    projection = low_pass(8, 0.25, torch.device("cpu"))
    torch.testing.assert_close(projection @ projection, projection)
    assert torch.linalg.matrix_rank(projection) == 2
    wave = torch.cos((torch.arange(8) + 0.5) * math.pi / 8)
    torch.testing.assert_close(projection @ wave, wave)
    torch.testing.assert_close(projection @ torch.cos((torch.arange(8) + 0.5) * math.pi * 2 / 8), torch.zeros(8))


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_best_low_frequency_change_of_a_linear_model_is_its_low_passed_gradient(  # type: ignore[no-untyped-def]
    linear, images: Tensor, labels: Tensor, norm: str
) -> None:
    eps = {"linf": 0.03, "l2": 0.3}[norm]
    result = rc.attack(linear, images, labels, "low_frequency", norm=norm, eps=eps, ratio=0.5, early_stop=False)
    projection = low_pass(8, 0.5, torch.device("cpu"))
    direction = -(projection @ linear.w.detach().view(3, 8, 8) @ projection)
    length = direction.abs().amax() if norm == "linf" else direction.norm()
    expected = images + eps * direction / length
    torch.testing.assert_close(result.images, expected, atol=1e-5, rtol=0)
    rest = result.images - images
    torch.testing.assert_close(projection @ rest @ projection, rest, atol=1e-5, rtol=0)


def test_all_frequencies_in_l2_are_plain_pgd(network: nn.Module, images: Tensor) -> None:
    labels = torch.zeros(len(images), dtype=torch.int64)
    options = {"norm": "l2", "eps": 0.5, "steps": 4, "relative_step": 1.0, "early_stop": False}
    low = rc.attack(network, images, labels, "low_frequency", ratio=1.0, **options)
    plain = rc.attack(network, images, labels, "pgd", random_start=False, **options)
    torch.testing.assert_close(low.images, plain.images, atol=1e-5, rtol=0)
