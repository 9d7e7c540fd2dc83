"""Conditions are values: equal ones have one canonical form, and what cannot be is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition


def test_the_canonical_form_holds_only_what_differs_from_the_defaults() -> None:
    assert Condition.clean().canonical() == '{"kind":"clean","name":"clean"}'
    fog = Condition.corruption("fog", 3, storage="jpeg85")
    assert fog.canonical() == '{"kind":"corruption","name":"fog","severity":3,"storage":"jpeg85"}'


def test_the_order_of_parameters_and_the_type_of_a_strength_make_no_other_condition() -> None:
    one = Condition("attack", "pgd", params=(("steps", 10), ("eps", 0.03)))
    two = Condition("attack", "pgd", params=(("eps", 0.03), ("steps", 10)))
    assert one == two
    assert hash(one) == hash(two)
    assert Condition.corruption("x", strength=1) == Condition.corruption("x", strength=1.0)
    assert Condition.corruption("x", strength=1).canonical() == Condition.corruption("x", strength=1.0).canonical()


def test_lists_among_the_parameters_are_kept_and_hashable() -> None:
    condition = Condition.from_dict({"kind": "attack", "name": "pgd", "params": {"levels": [1, [2, 3]]}})
    assert condition.parameters == {"levels": (1, (2, 3))}
    assert hash(condition)


@pytest.mark.parametrize(
    "condition",
    [
        Condition.clean(),
        Condition.corruption("fog", 5, variant="tiny"),
        Condition.corruption("laugros_blur", strength="uniform"),
        Condition("attack", "pgd", params=(("eps", 0.03), ("norm", "linf"), ("levels", (1, 2)))),
    ],
    ids=str,
)
def test_a_condition_survives_json(condition: Condition) -> None:
    assert Condition.from_dict(json.loads(condition.canonical())) == condition


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "corrupt"}, "kind is one of"),
        ({"severity": 0}, "A severity is 1, 2, 3, 4 or 5, not 0"),
        ({"severity": 6}, "not 6"),
        ({"severity": True}, "not True"),
        ({"severity": 1, "strength": 0.5}, "not both"),
        ({"strength": "strong"}, "a number or 'uniform'"),
        ({"strength": float("nan")}, "a number or 'uniform'"),
        ({"storage": "png"}, "storage is one of"),
        ({"params": (("model", object()),)}, "numbers, texts, booleans"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        Condition(**{"kind": "corruption", "name": "fog", **fields})


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="no field 'level'"):
        Condition.from_dict({"kind": "corruption", "name": "fog", "level": 3})


@pytest.mark.parametrize(
    ("kind", "name", "key", "values"),
    [
        ("attack", "pgd", "eps", (1, 1.0, True + 0)),
        ("attack", "pgd", "relative_step", (2, 2.0)),
        ("attack", "pgd", "steps", (10, 10.0)),
        ("attack", "laugros/cw_l2", "confidence", (0, 0.0, -0.0)),
        ("attack", "fgsm", "target", (3, 3.0)),
        ("attack", "of-a-plug-in-that-is-not-loaded", "eps", (1, 1.0)),
        ("sequence", "brightness", "difficulty", (2, 2.0)),
    ],
)
def test_a_whole_number_is_one_condition_however_it_is_written(
    kind: str, name: str, key: str, values: tuple[float, ...]
) -> None:
    conditions = [Condition(kind, name, params=((key, value),)) for value in values]
    assert len({condition.canonical() for condition in conditions}) == 1
    assert len(set(conditions)) == 1


def test_shipped_radii_keep_their_form() -> None:
    assert Condition("attack", "pgd", params=(("eps", 1.0),)).canonical().endswith('{"eps":1.0}}')
    assert Condition("attack", "pgd", params=(("steps", 0.5),)).parameters == {
        "steps": 0.5
    }  # refused where it is checked


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("pgd", {"eps": 2 / 255}, "2/255"),
        ("pgd", {"eps": 1.0}, "1"),
        ("pgd", {"eps": 0.5, "norm": "l2"}, "0.5"),
        ("nosuch", {"eps": 0.5}, "0.5"),
    ],
)
def test_a_radius_is_written_as_people_write_it(name: str, params: dict[str, Any], text: str) -> None:
    condition = Condition("attack", name, params=tuple(params.items()))
    assert condition.written()["eps"] == text
    assert f"eps {text}" in str(condition)
