"""The bootstrap: the product of weights and right answers is what drawing images one by one gives."""

from __future__ import annotations

import numpy as np
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.metrics import bootstrap


def test_a_drawing_has_as_many_images_as_there_are() -> None:
    drawn = bootstrap.weights(50, draws=20)
    assert drawn.shape == (20, 50)
    assert (drawn.sum(axis=1) == 50).all()
    assert (drawn == bootstrap.weights(50, draws=20)).all()
    assert (drawn != bootstrap.weights(50, draws=20, seed=1)).any()
    assert drawn.mean(axis=0).std() < 0.5  # every image is as likely as any other


def test_accuracies_are_those_of_a_loop_over_drawn_images() -> None:
    right = np.random.default_rng(0).integers(0, 2, (40, 3, 2)).astype(float)
    drawn = bootstrap.weights(40, draws=30)
    slow = np.empty((30, 3, 2))
    for b in range(30):
        images = [i for i in range(40) for _ in range(int(drawn[b, i]))]
        for model in range(3):
            for condition in range(2):
                slow[b, model, condition] = sum(right[i, model, condition] for i in images) / len(images)
    assert np.allclose(bootstrap.accuracies(drawn, right), slow, atol=1e-6)


def test_fewer_images_are_the_first_ones() -> None:
    drawn = np.array([[2, 0, 1], [0, 0, 3]], np.float32)
    measured = bootstrap.accuracies(drawn, np.array([1.0, 0.0]))
    assert measured[0] == 1  # the first image twice, the second never
    assert np.isnan(measured[1])  # neither of them


def test_the_interval_is_the_middle_of_the_drawings() -> None:
    low, high = bootstrap.interval(np.arange(101.0)[:, None] / 100)
    assert (low[0], high[0]) == pytest.approx((0.025, 0.975))


def test_an_interval_over_undefined_drawings_is_undefined() -> None:
    values = np.zeros((100, 2))
    values[:1, 0], values[:2, 1] = np.inf, np.nan
    low, high = bootstrap.interval(values)
    assert low[0] == high[0] == 0  # one in a hundred is left out
    assert np.isnan([low[1], high[1]]).all()


def test_the_interval_of_an_accuracy_is_near_wilsons() -> None:
    """0.6 of 2,400 images: Wilson has 0.6 -+ 0.0196, by hand 1.96 * sqrt(0.24 / 2400)."""
    right = np.arange(2400) % 5 < 3
    low, high = bootstrap.interval(bootstrap.accuracies(bootstrap.weights(2400), right[:, None]))
    assert low[0] == pytest.approx(0.6 - 0.0196, abs=0.002)
    assert high[0] == pytest.approx(0.6 + 0.0196, abs=0.002)


def test_nothing_to_draw_is_a_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="1 image or more"):
        bootstrap.weights(0)
    with pytest.raises(InvalidArgumentError, match="between 0 and 1"):
        bootstrap.interval(np.zeros((2, 1)), 1.0)
