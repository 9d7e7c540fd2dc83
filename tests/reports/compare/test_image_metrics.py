"""Compare's metrics of single images: answers, confidences and anomaly scores, where they are stored, else a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustcore import metrics
from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, plan
from robustcore.evaluation.store.predictions import Predictions
from robustcore.figures import compared
from robustcore.metrics import Metric, detection, metric
from robustcore.reports.compare import baseline, image_metrics, measures
from robustcore.reports.compare.comparison import Comparison, gather
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


@pytest.fixture
def least(request: pytest.FixtureRequest) -> Iterator[Metric]:
    """The least confidence of all answers; registered for one test."""
    with metrics.registry.restored():

        @metric("least", input="confidences", title="Least", formula="the least", better="higher", unit="%")
        def least(confidence: Any) -> Any:
            return confidence.min()

        yield least


def predictions(world: World, comparison: Comparison, name: str, model: str, severity: int, images: int) -> Predictions:
    subject = next(each for each in comparison.subjects if each.name == model)
    conditions = [Condition.corruption(name, severity)]
    (cell,) = plan.make([subject], world.dataset, conditions, limit=images)
    with Store(world.store) as store:
        stored = store.predictions(cell)
    assert stored is not None
    return stored


def test_a_metric_of_confidences_is_the_mean_over_the_severities_of_the_shared_images(
    world: World, least: Metric
) -> None:
    gathered = world.gather(world.one, world.two)
    measured = image_metrics.measured(gathered, world.dataset, "least", store=world.store)
    result = measures.bars(measured, "least")
    values = result.table.set_index(["model", "name"])["value"]
    each = [predictions(world, gathered, "contrast", "one", s, 8).confidence for s in range(1, 6)]
    assert values["one", "contrast"] == pytest.approx(np.mean([np.min(c) for c in each if c is not None]))
    assert np.isnan(values["two", "fog"])  # of which it lacks severities
    assert result.table["low"].isna().all()
    assert "no_intervals_of_single_images" in [note.kind for note in result.notes]
    assert result.footer.interval == ""
    assert result.footer.formula.startswith(least.formula)
    differences = baseline.differences(measured, "least", "one").table.set_index("name")["value"]
    assert differences["contrast"] == pytest.approx(values["two", "contrast"] - values["one", "contrast"])
    for draw in (compared.conditions, compared.models, compared.table):
        assert draw(result).data  # type: ignore[operator]


@pytest.mark.parametrize("name", ["consistency", "confidence_change", "rms_calibration", "aurra"])
def test_the_metrics_of_the_library_are_offered_and_have_values(world: World, name: str) -> None:
    assert name in [each.name for each in measures.offered()]
    gathered = world.gather(world.one)
    result = measures.bars(image_metrics.measured(gathered, world.dataset, name, store=world.store), name)
    assert result.table["value"].notna().all()
    low, high = metrics.get(name).limits
    assert result.table["value"].between(-1 if low is None else low, 1 if high is None else high).all()


def test_what_ships_has_one_class_for_each_image_so_consistency_and_no_calibration() -> None:
    gathered = gather(["scenes/resnet-standard"], load_dataset("scenes"), ["imagenet-c"], severities=[3])
    consistency = measures.bars(image_metrics.measured(gathered, load_dataset("scenes"), "consistency"), "consistency")
    assert consistency.table["value"].between(0, 1).all()
    ece = measures.bars(image_metrics.measured(gathered, load_dataset("scenes"), "ece"), "ece").table
    assert ece["value"].isna().all()
    assert (ece["reason"] != "").all()


def test_a_metric_of_scores_is_of_the_images_of_unknown_classes() -> None:
    scenes = load_dataset("scenes")
    gathered = gather(["scenes/resnet-standard", "scenes/vgg-standard"], scenes, ["scenes-shifts"])
    measured = image_metrics.measured(gathered, scenes, "auroc")
    table = measures.bars(measured, "auroc").table
    assert [note.kind for note in measured.notes] == ["anomaly_score_is_softmax"]
    assert measured.provenance.images == (2400, 2400)
    assert set(table["name"]) == {"unknown"}
    cells = plan.make(
        gathered.subjects[:1],
        scenes,
        [Condition.clean(), Condition("shift", "scenes/unknown", params=(("clean", "scenes"),))],
    )
    with Store() as store:
        parts = [store.predictions(cell) for cell in cells]
    known, unknown = (
        detection.maximum_softmax(part.logits[:, 0], part.log_sum_exp)
        for part in parts
        if part is not None and part.logits is not None and part.log_sum_exp is not None
    )
    assert table["value"].iloc[0] == pytest.approx(float(detection.auroc(known=known, unknown=unknown)))
    assert table["n"].min() > 0


def test_without_unknown_classes_or_the_columns_it_is_refused(world: World) -> None:
    gathered = world.gather(world.one)
    assert image_metrics.refused(gathered, "auroc")
    assert image_metrics.refused(gathered, "ece") == ""
    with pytest.raises(InvalidArgumentError):
        image_metrics.measured(gathered, world.dataset, "auroc", store=world.store)
    with pytest.raises(InvalidArgumentError, match="measured"):
        measures.bars(gathered, "ece")


def test_a_metric_of_nothing_that_is_stored_image_by_image_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="accuracies"):
        image_metrics.measured(world.gather(world.one), world.dataset, "app", store=tmp_path / "none.sqlite")
