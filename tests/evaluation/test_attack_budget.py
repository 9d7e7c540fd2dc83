"""The norm and the radii that an evaluation asks for, in the place of those of its suites."""

from __future__ import annotations

import json
from typing import Any

import pytest

import robustcore as rc
from robustcore import cli
from robustcore.errors import RobustcoreError
from robustcore.evaluation import Condition, Store, api, suites
from robustcore.evaluation.attack_budget import Budget
from robustcore.evaluation.request import EvaluationRequest
from robustcore.reports.attacks import union

MODEL = "scenes/resnet-standard"


def budgets(names: Any, **fields: Any) -> list[tuple[str, str, object]]:
    """(attack, norm, eps) of the attacks that the names stand for."""
    conditions = suites.resolve(names, budget=Budget.of(**fields))
    return [(c.name, c.norm, c.parameters.get("eps")) for c in conditions if c.kind == "attack"]


def test_all_attacks_are_within_the_budget() -> None:
    assert budgets("autoattack", norm="l2", eps="0.5") == [("autoattack", "l2", 0.5)]
    assert budgets("robust-accuracy", eps=["1/255", 2 / 255]) == [
        (name, "linf", eps) for name in ("fgsm", "pgd") for eps in (1 / 255, 2 / 255)
    ]
    assert budgets(["apgd", "fab", "contrast"], norm="l1", eps=12) == [("apgd", "l1", 12.0), ("fab", "l1", 12.0)]
    # Attacks for the nearest image need no radius, in whichever norm.
    assert budgets("nearest", norm="l2") == [("fmn", "l2", None)]


def test_a_norm_that_the_attacks_have_anyway_changes_nothing() -> None:
    assert suites.resolve("autoattack", budget=Budget.of("linf")) == suites.resolve("autoattack")


@pytest.mark.parametrize(
    ("names", "fields", "sentence"),
    [
        ("autoattack", {"norm": "l1", "eps": 12}, "autoattack has the norm linf or l2, not l1"),
        ("autoattack", {"norm": "l2"}, "The eps of autoattack is in L-inf"),
        ("attacks", {"norm": "l2"}, "norm and the eps of its document"),
        ("imagenet-c", {"norm": "l2"}, "none is among the conditions"),
        ("pgd", {"eps": 8}, "write 8/255, not 8"),
        ("pgd", {"eps": "8/256"}, "An eps is a number"),
        ("pgd", {"eps": -1}, "An eps is a number"),
        ("pgd", {"norm": "l3"}, "Did you mean 'l2'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(names: str, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RobustcoreError, match=sentence):
        budgets(names, **fields)


def test_a_request_keeps_its_budget_on_every_way() -> None:
    request = EvaluationRequest.of(MODEL, "scenes", "autoattack", norm="l2", eps=["0.5", 1 / 3], limit=4)
    assert EvaluationRequest.from_json(request.to_json()) == request
    assert f"--norm l2 --eps 0.5 {1 / 3!r}" in request.line()
    resolved = request.resolved()
    assert [c.parameters["eps"] for c in resolved.conditions if isinstance(c, Condition) and c.kind == "attack"] == [
        0.5,
        1 / 3,
    ]
    assert not resolved.budget


def test_a_radius_beyond_the_box_has_no_result_and_says_why(own_cache: object) -> None:
    row = rc.evaluate(MODEL, "scenes", "fgsm", norm="l2", eps=1000, limit=2).set_index("kind").loc["attack"]
    assert row["n"] == 0
    assert "at most" in row["reason"]


def test_results_of_two_norms_are_two_results(own_cache: object, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["evaluate", "--model", MODEL, "--suite", "fgsm", "--limit", "4", "--format", "csv"]
    assert cli.main([*argv, "--eps", "3/255"]) == 0
    assert cli.main([*argv, "--norm", "l2", "--eps", "0.5"]) == 0
    assert "0.5" in capsys.readouterr().out
    with Store(shipped=False) as store:
        data = rc.load_dataset("scenes")
        table = union.unions(api.stored_subjects(data, store), data, store=store)
    assert table[["norm", "eps"]].drop_duplicates().to_numpy().tolist() == [["linf", 3 / 255], ["l2", 0.5]]
    assert json.loads(table["attacks"].to_json(orient="values")) == [1, 1, 1, 1]
