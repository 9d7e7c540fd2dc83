"""The images behind a bar: chosen from stored answers, and to the bit those that were scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.evaluation import Condition
from robustcore.evaluation.store.correctness import Answered
from robustcore.reports.compare import example_images
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN

FOG = Condition.corruption("fog", 3).canonical()


def answered(classes: list[int]) -> Answered:
    return Answered(np.zeros(len(classes), np.int32), np.array(classes, np.int32))


def test_lost_and_kept_by_hand() -> None:
    """Label 0 five times; clean right on the first three, under fog on the second and the last."""
    read = Answers({("m", CLEAN): answered([0, 0, 0, 1, 1]), ("m", FOG): answered([2, 0, 3, 1, 0])})
    gathered = example_images.outcome(read, "m", FOG)
    assert gathered is not None
    assert [(s.place, s.answer) for s in gathered.lost] == [(0, 2), (2, 3)]
    assert [s.place for s in gathered.kept] == [1]
    assert gathered.counts == {(True, True): 1, (True, False): 2, (False, True): 1, (False, False): 1}
    assert example_images.outcome(read, "nobody", FOG) is None


def test_images_without_a_label_leave_the_others_their_places() -> None:
    """The first and third of five have no label; clean right on the second and fourth, under fog on the fourth and fifth."""
    labels = np.array([-1, 0, -1, 0, 0], np.int32)

    def partly(classes: list[int]) -> Answered:
        return Answered(labels, np.array(classes, np.int32))

    shift = Condition("shift", "scenes/sketch", params=(("clean", "scenes"),)).canonical()
    cells = {
        ("m", CLEAN): partly([3, 0, 3, 0, 1]),
        ("m", FOG): partly([3, 2, 3, 0, 0]),
        ("m", shift): partly([3, 2, 3, 0, 0]),
    }
    read = Answers({**cells, ("other", FOG): partly([3, 0, 0, 1, 0])})
    gathered = example_images.outcome(read, "m", FOG)
    assert gathered is not None
    assert ([s.place for s in gathered.lost], [s.place for s in gathered.kept]) == ([1], [3])
    assert gathered.counts == {(True, True): 1, (True, False): 1, (False, True): 1, (False, False): 0}
    shifted = example_images.outcome(read, "m", shift)
    assert shifted is not None
    assert ([s.place for s in shifted.lost], [s.place for s in shifted.kept]) == ([1], [3, 4])
    assert sum(shifted.counts.values()) == 3
    pair = example_images.differing(read, "m", "other", FOG)
    assert pair is not None
    assert ([s.place for s in pair.first_holds], [s.place for s in pair.second_holds]) == ([3], [1])


def test_images_of_a_shift_have_no_clean_form() -> None:
    shift = Condition("shift", "scenes/sketch", params=(("clean", "scenes"),)).canonical()
    read = Answers({("m", CLEAN): answered([1, 1]), ("m", shift): answered([2, 0, 0])})
    gathered = example_images.outcome(read, "m", shift)
    assert gathered is not None
    assert not gathered.paired
    assert ([s.place for s in gathered.lost], [s.place for s in gathered.kept]) == ([0], [1, 2])
    assert example_images.can_be_shown(shift)
    images = example_images.images(rc.load_dataset("scenes"), [1], shift, seed=0)
    assert torch.equal(images[0], rc.load_dataset("scenes/sketch")[1][0])


@pytest.mark.parametrize("storage", ["memory", "jpeg85"])
def test_the_images_are_those_that_robustcore_makes(storage: str) -> None:
    dataset = rc.load_dataset("scenes")
    condition = Condition.corruption("gaussian_noise", 4, storage=storage).canonical()
    images = example_images.images(dataset, [5, 2], condition, seed=3)
    clean = example_images.images(dataset, [5, 2], CLEAN, seed=3)
    assert torch.equal(clean, torch.stack([dataset[5][0], dataset[2][0]]))
    ids = [int(dataset.ids[5]), int(dataset.ids[2])]
    assert torch.equal(images, rc.corrupt(clean, "gaussian_noise", 4, seed=3, ids=ids, storage=storage))


def test_an_attack_cannot_be_shown_without_its_model() -> None:
    assert example_images.can_be_shown(FOG)
    assert not example_images.can_be_shown(Condition("attack", "pgd", params=(("eps", 0.1),)).canonical())
