"""Which models are shown first, and the medians of their families."""

from __future__ import annotations

import pandas as pd

from robustcore.reports import emphasis

VALUES = pd.DataFrame({"model": [f"m{i:02d}" for i in range(20)], "value": [0.5 + 0.01 * i for i in range(20)]})
FAMILIES = {model: "odd" if int(model[1:]) % 2 else "even" for model in VALUES["model"]}


def test_few_models_are_all_first_and_pinned_ones_on_top() -> None:
    chosen = emphasis.choose(VALUES.head(3), FAMILIES, pinned=["m00", "gone"])
    assert chosen.first == ("m00", "m02", "m01")
    assert chosen.pinned == ("m00",)
    assert not chosen.is_partial
    assert list(chosen.rows(VALUES.head(3))["model"]) == ["m00", "m01", "m02"]


def test_of_many_the_baseline_the_best_of_each_family_and_the_pinned_ones_are_first() -> None:
    chosen = emphasis.choose(VALUES, FAMILIES, baseline="m00", pinned=["m05"])
    assert chosen.first == ("m05", "m19", "m18", "m17", "m16", "m00")
    assert chosen.others == 14
    assert set(chosen.rows(VALUES)["model"]) == set(chosen.first)


def test_the_best_of_a_metric_of_errors_are_the_lowest() -> None:
    assert emphasis.choose(VALUES, FAMILIES, better="lower").first[:2] == ("m00", "m01")


def test_on_demand_all_are_first() -> None:
    chosen = emphasis.choose(VALUES, FAMILIES, everything=True)
    assert len(chosen.first) == 20
    assert not chosen.is_partial


def test_medians_are_taken_within_a_family() -> None:
    table = VALUES.head(5).assign(name="fog")  # even: 0.50, 0.52, 0.54; odd: 0.51, 0.53
    found = emphasis.medians(table, FAMILIES, ["name"]).set_index("training")
    assert found["value"].round(6).to_dict() == {"even": 0.52, "odd": 0.52}
    assert found["models"].to_dict() == {"even": 3, "odd": 2}
