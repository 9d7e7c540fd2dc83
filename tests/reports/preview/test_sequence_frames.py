from __future__ import annotations

import numpy as np
import pytest

from robustcore import sequences
from robustcore.datasets import photographs
from robustcore.reports.preview import sequence_frames


def test_the_frames_are_those_that_an_evaluation_scores() -> None:
    item = photographs.photograph("china", side=64)
    frames = sequence_frames.frames(item, "snow", seed=3)
    scored = sequences.frames(photographs.pixels("china"), "snow", side=64, seed=3, id=item.id)
    assert np.array_equal(frames.permute(0, 2, 3, 1).numpy(), scored)


def test_flips_stand_at_the_frame_that_changed() -> None:
    classes = np.array([[1, 0, 2, 3, 4]] * 3 + [[0, 1, 2, 3, 4]] * 2)
    temporal = sequence_frames.flips(classes, "rotate")
    assert temporal.flipped.tolist() == [False, False, False, True, False]
    assert (temporal.comparisons, temporal.flip_probability) == (4, 0.25)
    assert temporal.top5_distance == 2 / 4
    noise = sequence_frames.flips(classes, "gaussian_noise")
    assert noise.flipped.tolist() == [False, False, False, True, True]


def test_a_model_of_few_classes_has_no_top5_distance() -> None:
    assert sequence_frames.flips(np.zeros((4, 2), int), "rotate").top5_distance == pytest.approx(np.nan, nan_ok=True)
