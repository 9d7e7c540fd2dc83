"""Controlled shifts as conditions: open ones, strengths, and where they can be asked for."""

from __future__ import annotations

import pytest

from robustcore.datasets import load_dataset
from robustcore.errors import DatasetError, InvalidArgumentError, RobustcoreError
from robustcore.evaluation import Condition, evaluate, operations, suites
from robustcore.evaluation.operations import shift
from robustcore.reports.specification import rows


def test_the_suite_has_every_factor_at_its_levels() -> None:
    conditions = suites.resolve("factors")[1:]
    assert len(conditions) == 16
    assert shift.controlled("size", -1.0) in conditions
    assert len({operations.fingerprint(each) for each in conditions}) == 16


def test_an_open_factor_stands_for_its_levels_and_a_strength_for_itself() -> None:
    open_ = Condition("shift", "factor/size")
    assert [each.strength for each in operations.of(open_).expand(open_, None)] == [-1.0, -0.5, 0.5, 1.0]
    chosen = Condition("shift", "factor/zoom", strength=0.25)
    assert operations.of(chosen).expand(chosen, None) == [shift.controlled("zoom", 0.25)]


@pytest.mark.parametrize("fields", [{"strength": 2.0}, {"strength": "uniform"}, {"severity": 3}, {}])
def test_what_is_no_strength_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError, match="strength"):
        operations.check(Condition("shift", "factor/zoom", params=(("clean", "scenes"),), **fields))  # type: ignore[arg-type]


def test_factors_are_of_the_test_images_of_scenes() -> None:
    condition = shift.controlled("year", 1.0)
    with pytest.raises(DatasetError, match="shift of scenes"):
        operations.of(condition).dataset(condition, load_dataset("scenes", split="val"))


def test_an_evaluation_and_a_specification_take_them() -> None:
    table = evaluate("scenes/resnet-standard", "scenes", [shift.controlled("camera", 1.0)], limit=12)
    assert set(table["kind"]) == {"clean", "shift"}
    assert table.loc[table["kind"] == "shift", "strength"].tolist() == ["1.0"]
    fields = {"metric": "accuracy", "shift": "factor/camera", "strength": 1.0, "at_least": 60}
    assert rows.row(fields, 1, 1, limit=None, storage="memory").conditions == [shift.controlled("camera", 1.0)]
    with pytest.raises(RobustcoreError, match="no severity, strength"):
        rows.row(fields | {"shift": "scenes/sketch"}, 1, 1, limit=None, storage="memory")
