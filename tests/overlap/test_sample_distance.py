"""Minimal sample distance: worked by hand, and where overlaps say otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import robustcore as rc
from robustcore import cli
from robustcore.errors import InvalidArgumentError
from robustcore.overlap.sample_distance import disagreement, minimal_sample_distance
from robustcore.reports.overlap import without_training


def test_the_mean_of_one_to_the_nearest_of_the_other() -> None:
    table = minimal_sample_distance({"a": np.array([[0.0, 0.0], [2.0, 0.0]]), "b": np.array([[1.0, 3.0], [9.0, 0.0]])})
    assert table.at["a", "b"] == pytest.approx(3.0)  # from (1, 0) to (1, 3)
    assert table.at["b", "a"] == pytest.approx(np.hypot(5 - 2, 1.5))  # from (5, 1.5) to (2, 0)
    assert table.at["a", "a"] == pytest.approx(1.0)
    with pytest.raises(InvalidArgumentError, match="two corruptions"):
        minimal_sample_distance({"a": np.zeros((2, 2))})


def test_pairs_that_look_alike_and_do_not_overlap_come_first() -> None:
    names = ["a", "b", "c"]
    distance = pd.DataFrame([[0, 1, 5], [1, 0, 4], [5, 4, 0]], names, names, dtype=float)
    scores = pd.DataFrame([[1, 0.0, 0.5], [0.0, 1, 0.9], [0.5, 0.9, 1]], names, names)
    found = disagreement(distance, scores)
    assert found.pairs[["first", "second"]].iloc[0].tolist() == ["a", "b"]
    assert found.pairs["difference"].iloc[0] == 1
    assert found.r == pytest.approx(-0.5)
    assert np.isnan(disagreement(distance, scores.where(scores == 1)).r)


def test_a_network_finds_two_noises_more_alike_than_noise_and_fog() -> None:
    model = rc.load_model("scenes/resnet-standard")
    names = ["gaussian_noise", "shot_noise", "fog"]
    table = without_training.distances(model, rc.load_dataset("scenes"), names, images=48)
    assert table.at["gaussian_noise", "shot_noise"] < table.at["gaussian_noise", "fog"]
    again = without_training.distances(model, rc.load_dataset("scenes"), names[:2], images=48)
    assert again.at["gaussian_noise", "shot_noise"] == pytest.approx(table.at["gaussian_noise", "shot_noise"])


def test_the_command_takes_a_trained_model_by_default_and_says_nothing_of_pairs_on_few_images(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["overlap", "--without-training", "--suite", "gaussian_noise", "fog"]
    assert cli.main([*words, "--images", "4"]) == 0
    few = capsys.readouterr().out
    assert "4 images" in few
    assert "itself" not in few
    assert cli.main([*words, "--images", "20"]) == 0
    assert "fog: gaussian_noise" in capsys.readouterr().out


@pytest.mark.parametrize("suite", ["unknown", "fog", "no-such-suite"])
def test_a_suite_without_corruptions_is_refused_before_a_model_is_loaded(
    suite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["overlap", "--without-training", "--model", "no-such-model", "--suite", suite]) == 1
    err = capsys.readouterr().err
    assert suite in err
    assert "no-such-model" not in err
