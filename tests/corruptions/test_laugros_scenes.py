"""The thesis' ten corruptions with ranges calibrated for scenes."""

from __future__ import annotations

import csv

import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.corruptions import _calibrated
from robustcore.corruptions.laugros_scenes import PREFIX, SUITE
from robustcore.datasets import load_dataset
from robustcore.metrics.distance import mean_absolute_difference
from robustcore.training.interventions.augmentation.syn_rob import CORRUPTIONS, SynRob

RANGED = [name for name in corruptions.names(SUITE) if corruptions.get(name).ranged]


@pytest.fixture(scope="module")
def images() -> Tensor:
    """uint8 (16, 3, 64, 64)."""
    return load_dataset("scenes", split="test").images(0, 16)


def test_the_suite_has_the_ten_of_figure_3_2() -> None:
    plain = {corruptions.get(name).plain_name for name in corruptions.names(SUITE)}
    assert plain == {corruptions.get(name).plain_name for name in CORRUPTIONS}
    assert "laugros_flip" in corruptions.names(SUITE), "it has no range"
    assert "laugros_flip" in corruptions.names("laugros")


def test_every_range_is_calibrated_and_the_printed_one_is_kept() -> None:
    shipped = _calibrated.ranges(_calibrated.table(SUITE))
    assert set(shipped) == set(RANGED)
    for name in RANGED:
        result, printed = corruptions.get(name), corruptions.get(name.replace(PREFIX, "laugros_"))
        assert result.strengths == shipped[name]
        assert result.published == printed.strengths
        assert result.calibrated


def test_the_lower_end_loses_a_point_and_the_upper_one_half_of_the_accuracy() -> None:
    with _calibrated.table(SUITE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert float(row["lower_loss"]) == pytest.approx(0.01, abs=0.003)
        if row["upper_loss"]:
            assert float(row["upper_loss"]) / float(row["clean_accuracy"]) == pytest.approx(0.5, abs=0.07)
        else:
            assert float(row["range_high"]) == float(row["limit_high"]), "half is never lost"


@pytest.mark.parametrize("name", RANGED)
def test_at_an_equal_strength_it_is_the_printed_operation(name: str, images: Tensor) -> None:
    printed = name.replace(PREFIX, "laugros_")
    ours = mean_absolute_difference(images, corrupt(images, name, strength=0.5))
    theirs = mean_absolute_difference(images, corrupt(images, printed, strength=0.5))
    if corruptions.get(name).plain_name == "blur":
        assert float(ours.mean()) > 2 * float(theirs.mean()), "in the image's own pixels"
    elif corruptions.get(name).deterministic:
        assert torch.equal(ours, theirs)
    else:
        assert float(ours.mean()) == pytest.approx(float(theirs.mean()), rel=0.25, abs=0.5)


def test_a_stronger_blur_goes_on_beyond_a_weight_of_1(images: Tensor) -> None:
    name = f"{PREFIX}blur"
    distances = [
        float(mean_absolute_difference(images, corrupt(images, name, strength=s)).mean()) for s in (0, 0.5, 1, 1.5, 3)
    ]
    assert distances == sorted(set(distances))
    assert distances[0] == 0
    each = corrupt(images, name, strength=torch.linspace(0, 6, len(images)))
    assert torch.equal(each[-1:], corrupt(images[-1:], name, strength=6.0))


def test_a_training_can_draw_the_calibrated_ones() -> None:
    names = SynRob(ranges="scenes").corruptions
    assert set(names) == set(corruptions.names(SUITE))
    assert SynRob(ranges="scenes").label == "syn_rob-scenes"
    assert SynRob().label == "syn_rob"
    assert set(SynRob(without="laugros_blur", ranges="scenes").corruptions) == set(names) - {f"{PREFIX}blur"}
