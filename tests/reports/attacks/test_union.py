"""The union of attacks: an image holds if every evaluated attack within the budget leaves it right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import robustcore as rc
from robustcore.evaluation import Condition, Store, api, tables
from robustcore.evaluation.request import EvaluationRequest
from robustcore.figures import under_attack
from robustcore.notes import kinds
from robustcore.reports import metric_columns
from robustcore.reports.attacks import union
from robustcore.reports.emphasis import Emphasis

MODELS = ["scenes/resnet-pgd", "scenes/resnet-standard"]
EPS = 3 / 255
ATTACKS = [
    Condition("attack", "fgsm", params=(("eps", EPS),)),
    Condition("attack", "fgsm", params=(("eps", 1 / 255),)),
    Condition("attack", "apgd", params=(("eps", EPS), ("steps", 3))),
    Condition("attack", "fmn", params=(("steps", 12),)),
]
QUICK = (("directions", 1), ("eps", EPS), ("queries", 5), ("steps", 2))


def test_the_union_holds_where_every_attack_fails(own_cache: object) -> None:
    with Store(shipped=False) as store:
        rc.evaluate(MODELS[0], "scenes", ATTACKS, limit=12, store=store)
        rc.evaluate(MODELS[1], "scenes", ATTACKS[:1], limit=6, store=store)
        data = rc.load_dataset("scenes")
        table = union.unions(api.stored_subjects(data, store), data, store=store)
        assert list(table.columns) == union.COLUMNS
        at = table[(table["eps"] == EPS) & (table["model"] == MODELS[0])].set_index("attack")
        assert list(at.index) == [union.EVERY, "APGD", "FGSM", "FMN"]
        assert at["attacks"].tolist() == [4, 1, 1, 1]
        assert at["condition"].tolist()[1:] == [ATTACKS[2].canonical(), ATTACKS[0].canonical(), ATTACKS[3].canonical()]
        every = at.loc[union.EVERY]
        assert every["condition"] == at.iloc[1:].sort_values("value", kind="stable")["condition"].iloc[0]
        assert every["value"] <= at["value"].min()
        assert every["low"] <= every["value"] <= every["high"]
        small = table[(table["eps"] < EPS) & (table["attack"] == union.EVERY)].iloc[0]
        assert small["value"] >= every["value"]  # a larger budget holds the smaller one
        other = table[table["model"] == MODELS[1]].iloc[0]
        assert (other["n"], other["attacks"]) == (6, 1)
        assert kinds(union.unequal(table[table["eps"] == EPS])) == ["attacked_less", "attacked_on_fewer"]
        assert "1" in union.footer(table[table["eps"] == EPS].copy().pipe(_with_origin, table)).text


def _with_origin(part, whole):  # type: ignore[no-untyped-def]
    part.attrs |= whole.attrs
    return part


def test_the_distance_decides_for_an_attack_without_a_budget() -> None:
    near = union.Evaluated("FMN", True, "linf", None, np.array([False, False, True]), np.array([0.01, 0.03, 0.0]))
    assert near.within(0.02).tolist() == [False, True, True]  # type: ignore[union-attr]
    assert near.within(0.03).tolist() == [False, False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("condition", "budget"),
    [
        (Condition("attack", "pgd"), ("linf", 8 / 255)),
        (Condition("attack", "pgd", params=(("eps", 1.0),)), None),
        (Condition("attack", "laugros/pgd"), ("linf", 0.04)),
        (Condition("attack", "laugros/pgd_range"), None),
        (Condition("attack", "fmn", params=(("norm", "l2"),)), ("l2", None)),
    ],
)
def test_budgets(condition: Condition, budget: object) -> None:
    assert union.budget_of(condition, 64) == budget


def test_a_result_says_who_broke_the_images_and_what_to_be_cautious_of(own_cache: object) -> None:
    condition = Condition("attack", "autoattack", params=QUICK)
    with Store(shipped=False) as store:
        table = rc.evaluate(MODELS[1], "scenes", condition, limit=6, store=store)
        row = table[table["kind"] == "attack"].iloc[0]
        parts = [name for name in table.columns if name.startswith("broken_by_")]
        clean_wrong = 1 - table[table["kind"] == "clean"].iloc[0]["accuracy"]
        assert np.isclose(row[parts].sum() + clean_wrong, row["success"])
        assert row["caution_random"] == 0


def test_the_cautions_of_an_attack_are_those_of_its_row(own_cache: object, monkeypatch: pytest.MonkeyPatch) -> None:
    condition = Condition("attack", "autoattack", params=QUICK)
    with Store(shipped=False) as store:
        rc.evaluate(MODELS[1], "scenes", condition, limit=4, store=store)
        data = rc.load_dataset("scenes")
        monkeypatch.setattr(
            tables.attack_cautions, "of_shares", lambda model, shares, **more: [union.attacked_less(model, 1, 2)]
        )
        row = api.lookup(MODELS[1], data, condition, limit=4, store=store)
        cautions = row.set_index("kind")["caution"]
        assert union.attacked_less(MODELS[1], 1, 2).text in cautions["attack"]
        assert union.attacked_less(MODELS[1], 1, 2).text not in cautions["clean"]


def test_the_median_of_the_smallest_changes(own_cache: object) -> None:
    nearest = Condition("attack", "fmn", params=(("steps", 10),))
    request = EvaluationRequest.of([rc.load_model(MODELS[1])], rc.load_dataset("scenes"), [nearest], limit=6)
    table = rc.evaluate(MODELS[1], "scenes", nearest, limit=6)
    row = metric_columns.add(table, ["median_change"], "", request).set_index("kind")
    assert 0 <= row.loc["attack", "median_change"] < 0.1
    assert np.isnan(row.loc["clean", "median_change"])
    assert row.loc["clean", "median_change_reason"]


def test_of_many_models_those_attacked_otherwise_are_named() -> None:
    few = union.attacks_of_each((("a", 3), ("b", 4))).text
    assert "a 3" in few
    assert "b 4" in few
    many = union.attacks_of_each((("odd", 3), *((f"model{i}", 18) for i in range(40)))).text
    assert "odd 3" in many
    assert "18" in many
    assert "model7" not in many


def test_several_models_that_were_attacked_less_are_counted() -> None:
    every = {"attack": union.EVERY, "n": 48}
    rows = [every | {"model": name, "white_box": count} for name, count in (("a", 4), ("b", 3), ("c", 2))]
    (note,) = union.unequal(pd.DataFrame(rows))
    assert (note["model"], note["attacks"], note["most"], note["models"]) == ("c", 2, 4, 2)
    assert kinds(union.unequal(pd.DataFrame(rows[:1]))) == []


def test_of_many_models_every_one_is_in_the_ranking() -> None:
    models = [f"model{i}" for i in range(15)]
    rows = [
        {"model": m, "norm": "l2", "eps": 0.5, "attack": a, "value": i / 20, "low": 0.0, "high": 1.0, "n": 48}
        for i, m in enumerate(models)
        for a in (union.EVERY, "PGD")
    ]
    table = union.at_budget(pd.DataFrame(rows).assign(condition="{}"), "l2", 0.5)
    every = union.together(table)
    assert every["model"].tolist() == models[::-1]  # the best first, once each
    figure = under_attack.ranked(every, footer="f", emphasis=Emphasis(tuple(models[-6:]), (), 9))
    marks = {m for trace in figure.data if trace.customdata is not None for m, _ in trace.customdata}
    assert marks == set(models)
