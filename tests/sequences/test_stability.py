"""Flip probability and top-5 distance: the published functions' figures, and worked examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.sequences import stability

FIGURES = np.load(Path(__file__).parent.parent / "data" / "stability_metrics.npz")


@pytest.mark.parametrize("difficulty", [1, 2, 3])
@pytest.mark.parametrize("sequence", ["gaussian_noise", "rotate"])
def test_the_published_evaluation_is_met(sequence: str, difficulty: int) -> None:
    logits = FIGURES["logits"]
    top5 = stability.top_classes(logits)
    result = [
        stability.flip_probability(top5[..., 0], sequence, difficulty=difficulty).mean(),
        stability.top5_distance(top5, sequence, difficulty=difficulty).mean(),
        stability.zipf_distance(logits, sequence, difficulty=difficulty).mean(),
    ]
    np.testing.assert_allclose(result, FIGURES[f"{sequence}_d{difficulty}"], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("after", "distance"),
    [
        ([1, 2, 3, 4, 5], 0),
        ([2, 1, 3, 4, 5], 2),  # two neighbours change places
        ([1, 2, 3, 4, 6], 1),  # the fifth leaves
        ([2, 3, 4, 5, 6], 9),  # the first leaves, the others move up: 5 + 1 + 1 + 1 + 1
        ([6, 1, 2, 3, 4], 5),  # a newcomer on top moves everyone down by one
        ([5, 6, 7, 8, 9], 18),  # the largest: four leave and the fifth becomes the first
        ([6, 7, 8, 9, 10], 15),
    ],
)
def test_top5_distance_by_hand(after: list[int], distance: float) -> None:
    video = np.array([[[1, 2, 3, 4, 5], after]])
    assert stability.top5_distance(video, "rotate").tolist() == [distance]


def test_noise_is_compared_with_the_first_frame_and_motion_with_the_one_before() -> None:
    top1 = np.array([[7, 1, 1, 1, 7]])
    assert stability.flip_probability(top1, "shot_noise").tolist() == [3 / 4]
    assert stability.flip_probability(top1, "translate").tolist() == [2 / 4]
    # Stride 2 compares 0-2, 1-3 and 2-4.
    assert stability.flip_probability(top1, "translate", difficulty=2).tolist() == [2 / 3]


def test_ties_go_to_the_smaller_class() -> None:
    assert stability.top_classes(np.array([1.0, 3.0, 3.0, 0.0, 1.0, 1.0])).tolist() == [1, 2, 0, 4, 5]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="difficulty"):
        stability.flip_probability(np.zeros((1, 5), int), "rotate", difficulty=4)
    with pytest.raises(InvalidArgumentError, match="no comparison"):
        stability.flip_probability(np.zeros((1, 2), int), "rotate", difficulty=2)
    with pytest.raises(InvalidArgumentError, match="five classes"):
        stability.top5_distance(np.zeros((1, 5, 4), int), "rotate")
