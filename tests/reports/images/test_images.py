"""Images chosen from answers: by hand, and from what ships."""

from __future__ import annotations

import numpy as np
import pytest

import robustcore as rc
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, api
from robustcore.evaluation.request import EvaluationRequest
from robustcore.reports import calibration, images
from robustcore.reports.compare import example_images
from robustcore.reports.images import Answered, embedding

FOG = [Condition("corruption", "fog", severity=severity) for severity in (1, 2)]
NAMES = ("cat", "dog", "mug")


def answered(classes: list[list[int]], labels: list[int], confidence: list[list[float]] | None = None) -> Answered:
    """Answers to clean images and to two severities of fog."""
    shape = np.shape(classes)
    return Answered(
        (Condition.clean(), *FOG),
        np.broadcast_to(np.array(labels, np.int32), shape).copy(),
        np.array(classes, np.int32),
        np.full(shape, np.nan, np.float32) if confidence is None else np.array(confidence, np.float32),
        (),
    )


def test_images_break_in_the_order_of_severity_and_those_without_a_label_by_a_change() -> None:
    answers = answered([[0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [1, 1, 1, 1, 2]], [0, 0, 0, 1, -1])
    found = images.breaking(answers, "fog")
    assert found.places.tolist() == [1, 3, 0, 4]
    assert found.severity.tolist() == [1, 1, 2, 0]
    assert found.lost.tolist() == [2, 1, 1, 0]
    assert (found.wrong_when_clean, found.never, found.conditions) == (1, 1, 2)
    assert images.breaking(answers).lost.tolist() == [2, 1, 1, 0]


def test_confusions_are_counted_and_lead_to_their_images() -> None:
    answers = answered([[0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [1, 1, 1, 1, 2]], [0, 0, 0, 1, -1])
    found = images.confusion(answers, answers.rows("fog"), 3)
    assert found is not None
    assert found.counts.tolist() == [[1, 5, 0], [0, 1, 1], [0, 0, 0]]
    assert (found.answers, found.wrong) == (8, 6)
    assert images.pictures_of(answers, answers.rows("fog"), 0, 1, 9) == [(1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]
    few = images.confusion(answers, answers.rows("fog"), 3, most=2)
    assert few is not None
    assert few.classes.tolist() == [0, 1]
    assert few.outside.tolist() == [0, 1]
    assert images.confusion(answered([[0]] * 3, [-1]), [0], 3) is None


def test_the_surest_mistakes_come_first_and_without_confidence_there_are_none() -> None:
    sure = [[0.9, 0.8, 0.7, 0.6]] * 2 + [[0.1, 0.95, 0.7, 0.6]]
    answers = answered([[0, 0, 1, 1], [0, 1, 1, 2], [1, 1, 1, 1]], [0, 0, 0, -1], sure)
    found = images.surest_mistakes(answers, answers.rows("fog"))
    assert [place for place, _ in found.pairs] == [1, 2, 0]
    assert found.pairs[0] == (1, 2)
    assert (found.wrong, found.answered) == (5, 6)
    assert images.surest_mistakes(answered([[0]] * 3, [0]), [0]).rows == ()


def test_models_disagree_by_the_names_of_their_classes() -> None:
    first = answered([[0, 0, 0, 0]] * 3, [0, 0, 1, -1])
    second = answered([[2, 1, 0, 1]] * 3, [2, 2, 1, -1])  # its classes are in another order
    found = images.disagreements(first, second, (NAMES, ("mug", "dog", "Cat")), "fog", 1)
    assert found.compared == 4
    assert found.counts == {"only first": 1, "only second": 0, "neither": 1, "unknown": 1}
    assert [pair.place for pair in found.pairs["only first"]] == [1]
    assert found.pairs["neither"][0] == images.Pair(2, 1, 1)


def test_what_ships_is_enough() -> None:
    cells = api.prepare(EvaluationRequest.of("scenes/resnet-standard", "scenes", "fog")).cells
    answers = images.read(calibration.as_stored(cells, Store()), Store())
    assert answers is not None
    assert answers.images == 2400
    assert answers.severities("fog") == [1, 2, 3, 4, 5]
    assert np.isfinite(answers.confidence[0]).all()
    assert answers.counts.sum() == 2400 - images.breaking(answers, "fog").wrong_when_clean
    table = api.lookup("scenes/resnet-standard", "scenes", "fog")
    for row, accuracy in enumerate(table.sort_values("severity", na_position="first")["accuracy"]):
        assert answers.held[row].mean() == pytest.approx(accuracy)


def test_features_of_clean_and_corrupted_images_are_mapped_together(own_cache: object) -> None:
    model, dataset = rc.load_model("scenes/resnet-standard"), rc.load_dataset("scenes")
    corrupted = embedding.UnderCondition(dataset, FOG[1], 0)
    wanted = example_images.images(dataset, [1, 2], FOG[1].canonical(), 0)
    assert corrupted.images(1, 3).equal(wanted)
    assert corrupted.fingerprint not in (dataset.fingerprint, embedding.UnderCondition(dataset, FOG[0], 0).fingerprint)
    found = embedding.embed(model, dataset, FOG[1], 0, 12)
    assert found.clean.shape == found.corrupted.shape == (12, 2)
    assert found.explained[0] >= found.explained[1] > 0
    assert np.isfinite(found.moved).all()
    points = np.concatenate([found.clean, found.corrupted])
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-9)
    same = embedding.embed(model, dataset, FOG[1], 0, 12)
    np.testing.assert_array_equal(same.clean, found.clean)
    with pytest.raises(InvalidArgumentError):
        embedding.embed(model, dataset, FOG[1], 0, 2)
