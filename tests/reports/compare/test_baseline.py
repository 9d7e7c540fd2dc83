"""Against a baseline: signs, ratios of sums, and intervals that know that both models saw the same images."""

from __future__ import annotations

import numpy as np
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import answers, baseline, intervals, measures
from robustcore.reports.compare import grouping as groups
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


@pytest.mark.parametrize("metric", ["accuracy", "residual"])
def test_above_zero_is_better_whatever_the_metric(world: World, metric: str) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    both = measures.bars(gathered, metric).table.pivot(index="name", columns="model", values="value")
    gained = baseline.differences(gathered, metric, "one").table.set_index("name")["value"]
    sign = 1 if metric == "accuracy" else -1
    assert gained.to_dict() == pytest.approx((sign * (both["two"] - both["one"])).to_dict())


def test_a_difference_is_drawn_on_the_same_images(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    table = baseline.differences(gathered, "accuracy", "one", answers=read).table
    assert set(table["model"]) == {"two"}
    assert ((table["low"] <= table["value"] + 1e-6) & (table["value"] <= table["high"] + 1e-6)).all()
    same = world.gather(world.one)
    read = answers.read(same, world.dataset, store=world.store)
    assert baseline.differences(same, "accuracy", "one", answers=read).table.empty


def test_what_the_baseline_lacks_has_its_reason(world: World) -> None:
    gathered = world.gather(world.one, world.never)
    table = baseline.differences(gathered, "accuracy", "never").table.set_index("name")
    assert np.isnan(table.loc["fog", "value"])
    assert table.loc["fog", "reason"].startswith("never: ")


def test_error_ratios_are_quotients_of_sums(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    table = baseline.error_ratios(gathered, "one").set_index(["family", "severity"])
    rows = gathered.rows[gathered.rows["label"] == "gaussian_noise"]
    errors = {m: 1 - g.set_index("severity")["accuracy"] for m, g in rows.groupby("model")}
    for severity in (1, 2):
        expected = errors["two"][severity] / errors["one"][severity]
        assert table.loc[("noise", severity), "value"] == pytest.approx(expected)
    assert sorted({s for f, s in table.index if f == "weather"}) == [0, 1, 2]
    assert set(table["conditions"]) == {1}


def test_error_ratios_have_intervals(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    table = baseline.error_ratios(gathered, "one", answers=read)
    assert table["low"].notna().any()
    known = table.dropna(subset=["low"])
    assert ((known["low"] <= known["value"] + 1e-6) & (known["value"] <= known["high"] + 1e-6)).all()


def test_a_baseline_without_errors_is_undefined_with_its_reason(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    perfect = gathered.rows.assign(accuracy=gathered.rows["accuracy"].where(gathered.rows["model"] != "one", 1.0))
    table = baseline.error_ratios(type(gathered)(**(vars(gathered) | {"rows": perfect})), "one")
    assert table["value"].isna().all()
    assert set(table["reason"]) == {"one makes no error here"}


def test_without_a_common_severity_there_are_no_ratios(world: World) -> None:
    gathered = world.gather(world.one)
    none = type(gathered)(**(vars(gathered) | {"rows": gathered.rows[gathered.rows["kind"] == "clean"]}))
    assert baseline.error_ratios(none, "one").empty


def test_the_footer_says_how_differences_are_signed_and_drawn(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    (note,) = baseline.differences(gathered, "residual", "one", answers=read).footer.further
    assert (note["baseline"], note["better"]) == ("one", "lower")  # type: ignore[index]
    assert baseline.differences(gathered, "app", "one", answers=read).footer.interval == intervals.SENTENCE
    assert baseline.differences(gathered, "app", "one").footer.interval == ""


def test_an_unknown_baseline_is_a_sentence(world: World) -> None:
    with pytest.raises(InvalidArgumentError, match="none of the compared models"):
        baseline.differences(world.gather(world.one), "accuracy", "nobody")


def test_conditions_can_be_grouped_by_computed_categories(world: World) -> None:
    result = measures.bars(world.gather(world.one), "accuracy")
    grouping = groups.by_category({"fog": "low contrast", "contrast": "low contrast"}, ["low contrast"])
    table = measures.ordered(result, "family", grouping)
    assert dict(zip(table["name"], table["group"], strict=True)) == {
        "contrast": "low contrast",
        "fog": "low contrast",
        "gaussian_noise": "others",
    }
    assert list(table["group"])[-1] == "others"
