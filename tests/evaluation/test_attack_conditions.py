"""Attacks as conditions: what is crafted on a surrogate is made once, and every model judges it for itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

import robustcore as rc
from robustcore.evaluation import Condition
from robustcore.evaluation.operations.attack import crafted_on

Make = Callable[..., Any]
ATTACK = Condition("attack", "pgd", params=(("eps", 0.1), ("steps", 3)))


def test_one_surrogate_serves_all_judges(make_dataset: Make, make_model: Make) -> None:
    dataset = make_dataset(40)
    surrogate, judges = make_model("surrogate", 0.02).eval(), [make_model("a").eval(), make_model("b", 0.3).eval()]
    requests: list[int] = []
    surrogate.register_forward_pre_hook(lambda module, inputs: requests.append(len(inputs[0])))
    black = crafted_on([ATTACK], surrogate.fingerprint())
    table = rc.evaluate(judges, dataset, black, surrogates=[surrogate])
    rows = table[table["kind"] == "attack"].set_index("model")
    # Three steps and a last look, and the clean images for nobody: the steps start at random.
    assert sum(requests) == 40 * 4
    images, labels = dataset.images(0, 40), torch.as_tensor(dataset.labels)
    for judge in judges:
        direct = rc.attack(
            judge, images, labels, "pgd", eps=0.1, steps=3, ids=torch.as_tensor(dataset.ids), surrogate=surrogate
        )
        row = rows.loc[judge.card.name]
        assert row["success"] == pytest.approx(float(direct.success.double().mean()))
        assert row["accuracy"] == pytest.approx(1 - row["success"])
        assert row["l2"] == pytest.approx(float(direct.l2.double().mean()), rel=1e-4)
    assert rows["success"].nunique() == 2


def test_white_box_attacks_are_made_for_each_model(make_dataset: Make, make_model: Make) -> None:
    table = rc.evaluate([make_model("a"), make_model("b", 0.3)], make_dataset(40), [ATTACK])
    rows = table[table["kind"] == "attack"]
    assert rows["l2"].nunique() == 2
    assert (rows["linf"] <= 0.1 + 1e-6).all()
    assert rows["accuracy"].tolist() == pytest.approx((1 - rows["success"]).tolist())


def test_a_surrogate_with_other_classes_fails_in_a_sentence(make_dataset: Make, make_model: Make) -> None:
    other = make_model("other")
    other.card = type(other.card)("other", ("dark", "bright", "dim"), other.card.side, "squares")
    table = rc.evaluate(
        [make_model("a")], make_dataset(20), crafted_on([ATTACK], other.fingerprint()), surrogates=[other]
    )
    assert "the model's classes in the same order" in table[table["kind"] == "attack"]["reason"].item()


def test_a_surrogate_that_is_not_given_is_one_sentence(make_dataset: Make, make_model: Make) -> None:
    table = rc.evaluate([make_model("a")], make_dataset(20), crafted_on([ATTACK], "f" * 64))
    reason = table[table["kind"] == "attack"]["reason"].item()
    assert "The surrogate ffffffffffff of pgd is not among the models given" in reason


def test_where_every_image_is_wrong_when_clean_success_is_undefined_and_the_reason_is_there(
    make_dataset: Make, make_model: Make
) -> None:
    model = make_model("a", 0.9)  # all centres are far to the bright side
    with torch.no_grad():
        model.network.centres.copy_(torch.tensor([5.0, 6.0, 7.0]))  # every image is "dark"
    dataset = make_dataset(20)
    dataset.labels[:] = 1
    with pytest.warns(rc.notes.RobustcoreWarning, match="misclassifies every one of the images"):
        table = rc.evaluate(model, dataset, [ATTACK]).set_index("kind")
    assert (table.loc["clean", "accuracy"], table.loc["attack", "accuracy"]) == (0, 0)
    assert math.isnan(table.loc["attack", "success"])
    assert "when clean" in table.loc["attack", "reason"]
