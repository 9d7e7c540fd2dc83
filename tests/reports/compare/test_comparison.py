"""Compare: what is shared, what is missing, which notes are made; on a dataset and networks small enough for a test."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustcore import metrics
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, evaluate
from robustcore.notes import kinds
from robustcore.reports import compare
from robustcore.reports.compare import measures, references
from robustcore.reports.overview import overview
from tests.reports import worlds
from tests.reports.worlds import NAMES, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


def test_one_model_is_compared_on_all_of_its_images(world: World) -> None:
    gathered = world.gather(world.one)
    assert set(gathered.rows["n"]) == {12}
    assert set(gathered.corrupted["label"]) == set(NAMES)
    assert len(gathered.corrupted) == 15
    assert len(gathered.missing) == 12
    assert "snow" in gathered.missing
    assert gathered.provenance.images == (12, 12)
    assert "12 images" in gathered.provenance.sentence()


def test_models_are_compared_on_the_images_that_they_share(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    shared = gathered.rows.groupby("label")["n"].agg(lambda n: sorted(set(n)))
    assert shared["gaussian_noise"] == [8]
    assert shared["fog"] == [4]
    # What the smaller number gives is what an evaluation of that many images gives.
    again = evaluate(world.one, world.dataset, "gaussian_noise", severities=[1, 2], limit=8, store=world.store)
    mine = gathered.rows[(gathered.rows["model"] == "one") & (gathered.rows["label"] == "gaussian_noise")]
    assert list(mine["accuracy"]) == list(again.loc[again["kind"] == "corruption", "accuracy"])
    (note,) = (note for note in gathered.notes if note.kind == "different_numbers_of_images")
    assert (note["fewest"], note["most"], note["conditions"]) == (4, 8, ("fog",))


def test_a_model_with_fewer_severities_does_not_narrow_the_others(world: World) -> None:
    gathered = world.gather(world.one, world.two)
    fog = gathered.rows[gathered.rows["label"] == "fog"].set_index("model")
    assert sorted(fog.loc["one", "severity"]) == [1, 2, 3, 4, 5]
    assert set(fog.loc["one", "n"]) == {12}
    assert fog.loc["two", "accuracy"].isna().all()
    assert gathered.partial == ("two",)
    (note,) = (note for note in gathered.notes if note.kind == "models_at_fewer_severities")
    assert (note.subject, note["conditions"], note["severities"]) == (("two",), ("fog",), (1, 2))
    means = measures.bars(gathered, "accuracy").means.set_index("model")["value"]
    assert means.notna().to_dict() == {"one": True, "two": False}


def test_models_that_all_lack_something_are_compared_at_what_they_share(world: World, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    for model, severities in ((world.one, (2, 3)), (world.two, (1, 2))):
        evaluate(model, world.dataset, [Condition.corruption("fog", s) for s in severities], limit=2, store=store)
    gathered = compare.gather([world.one, world.two], world.dataset, ["imagenet-c"], store=store)
    assert set(gathered.rows.loc[gathered.rows["label"] == "fog", "severity"]) == {2}
    (note,) = (note for note in gathered.notes if note.kind == "compared_at_severities")
    assert (note.subject, note["severities"]) == ("fog", (2,))


def test_a_model_without_any_result_is_left_out_and_said(world: World, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    evaluate(world.one, world.dataset, "fog", limit=2, store=store)
    evaluate(world.two, world.dataset, "clean", limit=2, store=store)
    gathered = compare.gather([world.one, world.two], world.dataset, ["imagenet-c"], store=store)
    assert gathered.models == ["one"] == list(gathered.clean["model"])
    assert gathered.partial == ("two",)
    (note,) = (note for note in gathered.notes if note.kind == "models_without_results")
    assert note.subject == ("two",)


def test_a_ratio_takes_the_clean_accuracy_of_the_same_images(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    table = measures.bars(gathered, "residual").table
    clean4 = evaluate(world.one, world.dataset, "clean", limit=4, store=world.store)["accuracy"].item()
    fog = table[(table["model"] == "one") & (table["name"] == "fog")]
    assert fog["clean"].item() == clean4


def test_a_model_without_a_condition_is_undefined_there(world: World) -> None:
    table = measures.bars(world.gather(world.one, world.never), "accuracy").table
    assert len(table) == 6
    fog = table[(table["model"] == "never") & (table["name"] == "fog")]
    assert fog["value"].isna().item()
    assert "not evaluated" in fog["reason"].item()
    assert fog["clean"].item() == 0  # of the images that the model has
    assert "incomplete_results" not in kinds(world.gather(world.one, world.never).notes)


def test_a_ratio_over_nothing_is_undefined_with_its_reason(world: World) -> None:
    result = measures.bars(world.gather(world.never), "app")
    assert math.isnan(result.table["value"].item())
    assert result.table["reason"].item() == "the clean accuracy is 0"
    assert "the clean accuracy is 0" in result.means["reason"].item()


def test_every_metric_has_a_row_for_each_model_and_condition_and_says_its_formula(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    for metric in metrics.of_input("accuracies"):
        result = measures.bars(gathered, metric.name, reference="one")
        assert list(result.table.columns) == measures.COLUMNS
        assert len(result.table) == 6
        assert result.footer.formula.startswith(metric.formula)
        assert result.footer.reference == ("one" if metric.reference else "")
        assert metric.formula in result.footer.text
        assert result.table["clean"].notna().all()


def test_a_model_against_itself_has_a_corruption_error_of_100(world: World) -> None:
    gathered = world.gather(world.one)
    result = measures.bars(gathered, "ce", reference="one")
    assert np.allclose(result.table["value"], 100)
    assert result.means["value"].item() == pytest.approx(100)
    note = references.mean_note(gathered, metrics.get("ce"), "one")
    assert (note["corruptions"], note["of_imagenet_c"], note["reference"]) == (3, 3, "one")
    assert note["images"] == "12 images"


def test_a_corruption_error_without_all_its_severities_is_undefined(world: World) -> None:
    result = measures.bars(world.gather(world.one, world.two), "ce", reference="one", models=["two"])
    fog = result.table[result.table["name"] == "fog"]
    assert fog["value"].isna().item()
    assert "only severity 1, 2 was" in fog["reason"].item()
    assert math.isnan(result.means["value"].item())
    assert "fog among them" in result.means["reason"].item()


def test_corruptions_and_conditions_without_severities_can_be_chosen_together(world: World, tmp_path: Path) -> None:
    """On numbers of images of their own, too."""
    store = tmp_path / "results.sqlite"
    evaluate(world.one, world.dataset, ["fog"], limit=4, store=store)
    evaluate(world.one, world.dataset, ["laugros_flip"], limit=2, store=store)
    gathered = compare.gather([world.one], world.dataset, ["imagenet-c", "laugros"], store=store)
    table = measures.bars(gathered, "ce", reference="one").table.set_index("name")["value"]
    assert table["fog"] == pytest.approx(100)
    assert math.isnan(table["flip"])


def test_published_errors_of_imagenet_are_refused_for_other_data(world: World) -> None:
    gathered = world.gather(world.one)
    with pytest.raises(InvalidArgumentError, match="12 classes at 64 pixels"):
        measures.bars(gathered, "ce", reference=references.ALEXNET)
    like_imagenet = dataclasses.replace(gathered, classes=1000, side=224)
    assert references.refused(like_imagenet, references.ALEXNET) == ""
    with pytest.raises(InvalidArgumentError, match="none of the evaluated models"):
        measures.bars(gathered, "ce", reference="nobody")


def test_clean_accuracies_that_differ_much_are_said(world: World) -> None:
    gathered = world.gather(world.one, world.never)
    assert list(gathered.clean["model"]) == ["one", "never"]
    rows = gathered.rows.copy()
    rows.loc[(rows["model"] == "one") & (rows["kind"] == "clean"), "accuracy"] = 0.9
    far = dataclasses.replace(gathered, rows=rows)
    # Once, whatever the numbers of images under the conditions.
    (note,) = (note for note in measures.bars(far, "app").notes if note.kind == "models_not_comparable")
    assert (note["lowest"], note["low"], note["highest"], note["high"]) == ("never", 0.0, "one", 0.9)
    assert "models_not_comparable" not in kinds(measures.bars(far, "app", models=["one"]).notes)
    assert "models_not_comparable" not in kinds(measures.bars(far, "accuracy").notes)


def test_curves_begin_with_the_clean_images(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    table = measures.curves(gathered, ["fog"])
    assert table.groupby("model")["severity"].agg(list).to_dict() == {"one": [0, 1, 2], "two": [0, 1, 2]}
    assert set(table["n"]) == {4}
    assert next(iter(measures.mean_curve(gathered).groupby("model")["severity"].agg(list))) == [0, 1, 2]


def test_the_mean_curve_leaves_out_a_model_that_lacks_conditions(world: World) -> None:
    gathered = world.gather(world.one, world.never)
    table = measures.mean_curve(gathered)
    assert set(table["model"]) == {"one"}
    assert set(table["conditions"]) == {3}
    (note,) = (note for note in gathered.notes if note.kind == "models_under_fewer_conditions")
    assert (note.subject, note["conditions"], note["of"]) == (("never",), 1, 3)


def test_a_ranged_corruption_is_called_by_its_plain_name(world: World, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    evaluate(world.one, world.dataset, ["laugros_shear", "laugros_flip"], limit=2, store=store)
    gathered = compare.gather([world.one], world.dataset, ["laugros"], store=store)
    assert sorted(gathered.corrupted["label"]) == ["flip", "shear"]
    assert len(gathered.missing) == 14
    assert "rotation" in gathered.missing
    ce = measures.bars(gathered, "ce", reference="one").table
    assert ce["value"].isna().all()
    assert (ce["reason"] != "").all()
    evaluate(world.one, world.dataset, "laugros_shear", severities=[1, 2], limit=2, store=store)
    both = compare.gather([world.one], world.dataset, ["laugros"], store=store)
    assert sorted(set(both.corrupted["label"])) == ["flip", "shear", "shear (strength uniform)"]


def test_a_severity_can_be_chosen(world: World) -> None:
    gathered = world.gather(world.one, severities=(3,))
    assert list(gathered.corrupted["severity"]) == [3, 3, 3]
    assert measures.bars(gathered, "accuracy").footer.formula.endswith("severity 3")


@pytest.mark.parametrize("metric", [metric.name for metric in metrics.of_input("accuracies")])
def test_bars_can_be_ordered(world: World, metric: str) -> None:
    result = measures.bars(world.gather(world.one), metric, reference="one")
    assert list(measures.ordered(result, "name")["name"]) == sorted(NAMES)
    assert list(measures.ordered(result, "family")["group"]) == ["noise", "weather", "digital"]
    values = list(measures.ordered(result, "value")["value"])
    assert values == sorted(values, reverse=result.definition.better == "lower")


def test_the_extremes_are_named(world: World) -> None:
    result = measures.bars(world.gather(world.one), "accuracy")
    by_value = measures.ordered(result, "value")["name"]
    assert measures.extremes(result) == (by_value.iloc[0], by_value.iloc[-1])
    single = dataclasses.replace(result, table=result.table[:1])
    assert measures.extremes(single) is None


def test_values_as_people_read_them() -> None:
    texts = {metric.name: metric.text(0.5) for metric in metrics.of_input("accuracies")}
    assert texts == {"accuracy": "50.0 %", "app": "0.500", "residual": "50.0 points", "ce": "0.5", "relative_ce": "0.5"}
    assert metrics.get("app").text(math.nan) == "undefined"


def test_nothing_stored_is_empty_and_no_error(world: World, tmp_path: Path) -> None:
    gathered = compare.gather([world.one], world.dataset, ["imagenet-c"], store=tmp_path / "none.sqlite")
    assert gathered.empty
    assert len(gathered.missing) == 15
    assert gathered.provenance.images == (0, 0)


def test_bad_questions_get_a_sentence(world: World) -> None:
    with pytest.raises(InvalidArgumentError, match="no model to compare"):
        world.gather()
    with pytest.raises(UnknownNameError, match="imagenet-c"):
        compare.gather([world.one], world.dataset, ["imagenet-x"], store=world.store)
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        measures.bars(world.gather(world.one), "acuracy")
    with pytest.raises(InvalidArgumentError, match="flip"):
        measures.bars(world.gather(world.one), "flip_probability")


def test_the_overview_has_a_row_for_each_model(world: World) -> None:
    gathered = overview.gather([world.one, world.two, world.never], world.dataset, store=world.store)
    table = gathered.table.set_index("model")
    rows = world.gather(world.one).corrupted
    means = rows.groupby("label")["accuracy"].mean()
    assert table.loc["one", "mean"] == pytest.approx(means.mean())
    assert table.loc["one", "weakest"] == pytest.approx(means.min())
    assert table.loc["one", "worst"] == rows["accuracy"].min()
    assert table.loc["one", "clean_low"] < table.loc["one", "clean"] < table.loc["one", "clean_high"]
    assert table["n"].is_unique
    assert set(kinds(gathered.notes)) == {
        "models_under_different_conditions",
        "models_at_different_severities",
        "models_on_different_images",
    }


def test_the_overview_of_a_model_that_was_only_scored_clean(world: World, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    evaluate(world.one, world.dataset, "clean", limit=4, store=store)
    row = overview.gather([world.one], world.dataset, store=store).table.iloc[0]
    assert row["n"] == 4
    assert pd.isna(row["mean"])
    assert row["weakest_name"] == ""
