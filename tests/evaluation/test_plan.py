"""The plan: units, and what of them is pending. Pure questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import Condition, Subject, operations, plan
from robustcore.evaluation.classes import matching

MODELS = [Subject("a", "fa", ("x", "y", "z")), Subject("b", "fb", ("x", "y", "z"))]
CONDITIONS = [Condition.clean(), Condition.corruption("fog", 1)]


def make(dataset: Any, **options: Any) -> list[plan.Cell]:
    return plan.make(MODELS, dataset, CONDITIONS, **options)


def test_every_model_meets_every_condition(make_dataset: Callable[..., Any]) -> None:
    cells = make(make_dataset(600))
    assert [(c.model.name, c.condition.name) for c in cells] == [
        ("a", "clean"),
        ("b", "clean"),
        ("a", "fog"),
        ("b", "fog"),
    ]


def test_a_cell_is_cut_into_shards_of_256(make_dataset: Callable[..., Any]) -> None:
    units = make(make_dataset(600))[0].units()
    assert [(u.shard, u.n) for u in units] == [(0, 256), (1, 256), (2, 88)]


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1]), (256, [256]), (300, [256, 44]), (9999, [256, 256, 88])])
def test_a_limit_is_a_prefix(make_dataset: Callable[..., Any], limit: int, sizes: list[int]) -> None:
    assert [u.n for u in make(make_dataset(600), limit=limit)[0].units()] == sizes


def test_what_is_stored_is_not_pending(make_dataset: Callable[..., Any]) -> None:
    cells = make(make_dataset(600))
    stored = {cells[0].key: {0: 256, 1: 100, 2: 88}}
    pending = plan.pending(cells[:1], stored).units
    assert [(u.shard, u.n) for u in pending] == [(1, 256)]  # 100 of its 256 are not enough


def test_a_larger_result_answers_a_smaller_question(make_dataset: Callable[..., Any]) -> None:
    cells = make(make_dataset(600), limit=300)
    assert plan.pending(cells[:1], {cells[0].key: {0: 256, 1: 256}}).units == ()


def test_a_model_named_twice_is_computed_once(make_dataset: Callable[..., Any]) -> None:
    cells = plan.make([MODELS[0], Subject("again", "fa", MODELS[0].classes)], make_dataset(10), CONDITIONS)
    assert len(cells) == 4
    assert len(plan.pending(cells, {}).units) == 2


def test_units_that_share_their_images_are_one_group_and_first_shards_come_first(
    make_dataset: Callable[..., Any],
) -> None:
    groups = plan.pending(make(make_dataset(300)), {}).groups
    assert [(g.condition.name, g.shard, len(g.units)) for g in groups] == [
        ("clean", 0, 2),
        ("fog", 0, 2),
        ("clean", 1, 2),
        ("fog", 1, 2),
    ]


def test_the_seed_is_part_of_the_key_only_where_it_matters(make_dataset: Callable[..., Any]) -> None:
    dataset = make_dataset(10)
    conditions = [Condition.clean(), Condition.corruption("contrast", 1), Condition.corruption("gaussian_noise", 1)]
    one, two = (plan.make(MODELS[:1], dataset, conditions, seed=seed) for seed in (1, 2))
    assert [a.key == b.key for a, b in zip(one, two, strict=True)] == [True, True, False]


def test_everything_that_determines_a_result_changes_its_key(
    make_dataset: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = [Condition.corruption("gaussian_noise", 1)]
    dataset = make_dataset(10)
    base = plan.make(MODELS[:1], dataset, noise)[0].key
    others = [
        plan.make(MODELS[1:], dataset, noise),
        plan.make(MODELS[:1], make_dataset(11), noise),
        plan.make(MODELS[:1], dataset, [Condition.corruption("gaussian_noise", 2)]),
        plan.make(MODELS[:1], dataset, [Condition.corruption("gaussian_noise", 1, storage="jpeg85")]),
        plan.make(MODELS[:1], dataset, noise, seed=1),
        plan.make(MODELS[:1], dataset, noise, precision="bf16"),
    ]
    operation = operations.of(noise[0])
    monkeypatch.setattr(operation, "identity", lambda condition: {"revision": 99})
    others.append(plan.make(MODELS[:1], dataset, noise))
    keys = {base, *(cells[0].key for cells in others)}
    assert len(keys) == 1 + len(others)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"limit": 0}, "1 or more, not 0"),
        ({"limit": -3}, "not -3"),
        ({"limit": 2.5}, "not 2.5"),
        ({"seed": -1}, "seed is an integer"),
        ({"precision": "fp8"}, "float32, bf16"),
    ],
)
def test_bad_questions_are_refused(make_dataset: Callable[..., Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        make(make_dataset(10), **options)


def test_labels_find_the_model_s_classes_by_name() -> None:
    assert matching("m", ["cat", "dog", "fox"], "d", ["fox", "cat"]).tolist() == [2, 0]


def test_wordnet_folders_and_numbered_classes_match_by_position() -> None:
    assert matching("m", ["tench", "goldfish"], "d", ["n01440764", "n01443537"]).tolist() == [0, 1]
    assert matching("m", ["0", "1"], "d", ["cat", "dog"]).tolist() == [0, 1]


def test_labels_that_the_model_does_not_know_are_an_error_and_never_a_low_accuracy() -> None:
    for dataset in (["cat", "wolf"], ["n01440764"], ["cats", "dogs", "foxes"]):
        with pytest.raises(DatasetError, match="does not know"):
            matching("m", ["cat", "dog", "fox"], "d", dataset)


def test_a_model_of_other_wordnet_classes_is_not_matched_by_position() -> None:
    with pytest.raises(DatasetError, match="does not know 2 of the 2"):
        matching("m", ["n01440764", "n01443537"], "d", ["n01498041", "n01514668"])


def test_more_images_than_there_are_is_said(make_dataset: Callable[..., Any]) -> None:
    (note,) = plan.beyond(make_dataset(64), 99_999)
    assert (note["limit"], note["images"]) == (99_999, 64)
    assert not plan.beyond(make_dataset(64), 64)
    assert not plan.beyond(make_dataset(64), None)
