"""What an atlas says of itself, and an overlap worked with its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustcore import overlap
from robustcore.evaluation import Condition
from robustcore.overlap import categories
from robustcore.reports.overlap import atlas, origin
from tests.overlap import tables

NAMES = ["gaussian_noise", "shot_noise", "fog"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return tables.atlas(NAMES, further=["scenes_sketch"])


def wide() -> pd.DataFrame:
    """Accuracies whose overlaps are read off: noise and grain share a half each way, 0.25 and 0.75."""
    rows = [[0.9, 0.5, 0.5], [0.9, 0.9, 0.6], [0.9, 0.8, 0.9]]
    return pd.DataFrame(rows, index=["standard", "noise", "grain"], columns=["clean", "noise", "grain"])


def test_the_formula_has_the_numbers_of_the_cell() -> None:
    pair = overlap.measure(wide(), metric="residual").pair("noise", "grain")
    first, second, mean = atlas.worked_formula(pair)
    assert r"\frac{-0.300 + 0.400}{0.000 + 0.400} = 0.25" in first
    assert r"\frac{-0.100 + 0.400}{0.000 + 0.400} = 0.75" in second
    assert r"\tfrac{1}{2}\,(0.25 + 0.75)" in mean
    assert r"\mathbf{0.50}" in mean


@pytest.mark.parametrize("metric", ["app", "residual"])
def test_the_accuracies_of_a_cell_are_those_of_the_table(metric: str) -> None:
    overlaps = overlap.measure(wide(), metric=metric)
    rows = atlas.accuracies_of_pair(overlaps, overlaps.pair("noise", "grain"))
    assert rows.set_index("trained_on").to_numpy() == pytest.approx(wide().to_numpy())


def test_an_entry_knows_suite_architecture_and_seeds(table: pd.DataFrame) -> None:
    (entry,) = atlas.entries("imagenet-c-scenes-resnet", Path("x/imagenet-c-scenes-resnet.csv"), table)
    assert (entry.suite, entry.architecture, entry.seeds) == ("imagenet-c", "scenes/resnet", ("0", "1"))
    assert not entry.shipped


def test_one_seed_is_a_part_of_the_table(table: pd.DataFrame) -> None:
    part = atlas.accuracies(table, "scenes/resnet", "1")
    assert set(part["seed"]) == {1}
    assert len(part) == len(table) / 2


def test_the_condition_is_the_one_that_was_scored(table: pd.DataFrame) -> None:
    assert atlas.condition(table, "fog") == Condition("corruption", "fog", strength="uniform")
    assert atlas.condition(table, "scenes_sketch") == Condition("shift", "scenes_sketch", params=(("clean", "scenes"),))
    listed = table.assign(severities="1 3 5", strength="")
    assert atlas.condition(listed, "fog") == Condition("corruption", "fog", 3)
    assert atlas.condition(table.assign(kind="attack"), "fog") is None
    bare = pd.DataFrame({"trained_on": ["standard"] * 2, "tested_on": ["fog", "smoke"], "accuracy": [0.8, 0.7]})
    assert atlas.condition(bare, "fog") == Condition("corruption", "fog", strength="uniform")
    assert atlas.condition(bare, "smoke") is None  # no corruption of this registry


def test_the_pair_that_overlaps_most(table: pd.DataFrame) -> None:
    assert set(atlas.most_overlapping(overlap.measure(table, draws=0))) == {"gaussian_noise", "shot_noise"}


def test_clean_accuracies_are_comparable_within_three_points() -> None:
    near = overlap.measure(wide(), metric="residual")
    assert atlas.clean_comparison(near).kind == "clean_comparable"
    far = wide()
    far.loc["noise", "clean"] = 0.94
    overlaps = atlas.clean_comparison(overlap.measure(far, metric="residual"))
    assert overlaps == atlas.clean_not_comparable(None, 3, 0.9, 0.94)


def test_pairs_that_both_define_are_compared_once() -> None:
    names = ["a", "b", "c"]
    first = pd.DataFrame(np.eye(3), names, names)
    second = first.copy()
    second.loc["a", "b"] = second.loc["b", "a"] = np.nan
    assert atlas.shared_pairs(first, second)[["first", "second"]].to_numpy().tolist() == [["a", "c"], ["b", "c"]]


def test_categories_are_named_by_their_families() -> None:
    families = {"a": "noise", "b": "noise", "c": "blur", "d": "weather", "e": "colour", "f": "noise", "g": "noise"}
    members = {1: ("a", "b"), 2: ("c", "d"), 3: ("e",), 4: ("f", "g"), 5: ("a", "b", "c")}
    assert atlas.category_names(members, families, {"e": "Solarize"}) == {
        1: "Noise",
        2: "Blur and weather",
        3: "Solarize",
        4: "Noise 2",
        5: "Mostly noise",
    }


def test_a_given_name_follows_most_of_its_corruptions() -> None:
    inputs = {("a", "b", "c"): "Grain"}
    named = atlas.category_names({1: ("a", "b", "c", "d"), 2: ("e", "f")}, {}, {}, inputs)
    assert named[1] == "Grain"
    assert named[2] != "Grain"
    assert atlas.category_names({1: ("a", "d", "e")}, {}, {}, inputs)[1] != "Grain"


def test_the_rule_takes_what_a_sweep_takes() -> None:
    scores = overlap.measure(tables.atlas([*NAMES, "snow", "zoom_blur", "defocus_blur"]), draws=0).scores
    swept = categories.sweep(scores, repeats=2)
    assert swept.chosen is not None
    assert categories.by_rule(scores).labels.equals(swept.categories[swept.chosen].labels)
    impossible = categories.by_rule(scores, rule=2.0)
    assert impossible.scc == pytest.approx(swept.table["scc"].max())


def test_gains_on_shifts_are_those_over_the_standard_model(table: pd.DataFrame) -> None:
    overlaps = overlap.measure(table, metric="residual", draws=0)
    rows = atlas.gains_on_shifts(overlaps, table)
    assert rows[["model", "name"]].to_numpy().tolist() == [[name, "scenes_sketch"] for name in NAMES]
    means = table.groupby(["trained_on", "tested_on"])["accuracy"].mean()
    lost = means["fog", "scenes_sketch"] - means["fog", "clean"]
    expected = lost - (means["standard", "scenes_sketch"] - means["standard", "clean"])
    row = rows.set_index("model").loc["fog"]
    assert row["value"] == pytest.approx(expected)
    assert row["low"] < row["value"] < row["high"]
    assert atlas.gains_on_shifts(overlaps, table[table["kind"] != "shift"]).empty


def test_the_footer_has_models_data_and_seeds_as_fields(table: pd.DataFrame) -> None:
    (entry,) = atlas.entries("imagenet-c-scenes-resnet", Path("x/imagenet-c-scenes-resnet.csv"), table)
    measured = overlap.measure(table, draws=0)
    footer = origin.footer(entry, table, measured)
    source = footer.source
    assert (source.architecture, source.dataset, source.models) == ("scenes/resnet", "scenes", len(NAMES))
    assert source.seeds == ("0", "1")
    assert source.images == (int(table["n"].min()), int(table["n"].max()))
    assert (footer.seeds, footer.shipped, footer.metric) == (2, False, measured.metric)
    assert origin.source(table, measured, "1").seeds == ("1",)
