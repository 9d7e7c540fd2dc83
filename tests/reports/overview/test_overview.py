"""The overview: what stands in a model's row, what breaks it first, and what is found in all of them."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from robustcore import datasets
from robustcore.datasets.scenes import filtered_shift
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, evaluate, tables
from robustcore.reports.overview import advice, findings, headlines, model_profile, overview
from robustcore.reports.overview.overview import EPS, Overview
from robustcore.reports.provenance import Provenance
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


def test_attacks_and_natural_shifts_have_columns_of_their_own(world: World, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    attack = Condition("attack", "pgd", params=(("eps", EPS[0]),))
    shifts = [
        Condition("shift", f"scenes/{name}", params=(("clean", "scenes"),)) for name in ("replication", "unknown")
    ]
    table = evaluate([world.one], world.dataset, [attack, *shifts], limit=3, store=store)
    row = overview.gather([world.one], world.dataset, store=store).table.iloc[0]
    assert row["attack_1"] == table.loc[table["kind"] == "attack", "accuracy"].item()
    assert math.isnan(row["attack_2"])  # another radius, which was not evaluated
    assert math.isnan(row["mean"])
    assert math.isnan(row["balance"])
    assert row["shifted"] == table.loc[table["name"] == "scenes/replication", "accuracy"].item()
    assert row["shifts"] == 1  # unknown shapes have no right answer
    assert row["n"] == row["attack_images"] == 3
    assert row["labelled"] == 3


def test_two_suites_with_one_plain_name_stay_two_corruptions(world: World, tmp_path: Path) -> None:
    store, suites = tmp_path / "results.sqlite", ("imagenet-c", "imagenet-c-scenes")
    names = ["contrast", "imagenet_c_scenes_contrast"]
    table = evaluate([world.one], world.dataset, names, severities=[1, 5], limit=3, store=store)
    gathered = overview.gather([world.one], world.dataset, suites, store=store)
    means = table[table["kind"] == "corruption"].groupby("name")["accuracy"].mean()
    found = gathered.by_condition.set_index("name")["accuracy"]
    assert {name: found[name] for name in names} == {name: pytest.approx(means[name]) for name in names}
    assert (gathered.table.iloc[0]["conditions"], gathered.corruptions) == (2, 30)


def test_the_set_chosen_against_one_model_is_in_no_mean_and_its_model_has_a_caution() -> None:
    name, _ = filtered_shift.chosen_against()
    gathered = overview.gather([name, "scenes/resnet-continued"], datasets.load_dataset("scenes"))
    sets = gathered.by_condition[gathered.by_condition["kind"] == "shift"].set_index(["model", "name"])["accuracy"]
    assert sets[name, "filtered"] == 0
    for row in gathered.table.to_dict("records"):
        others = sets[row["model"]].drop("filtered")
        assert row["shifts"] == len(others) == 4
        assert row["shifted"] == pytest.approx(others.mean())
        assert row["weakest_shift_name"] != "filtered"
    assert gathered.provenance.cautions == ((name, tables.chosen_against_it(name).text),)


def test_all_models_are_read_with_one_question(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = []
    totals = Store.totals
    monkeypatch.setattr(Store, "totals", lambda store, cells: requests.append(len(cells)) or totals(store, cells))
    gathered = overview.gather([world.one, world.two, world.never], world.dataset, store=world.store)
    assert len(requests) == 1
    assert list(gathered.table["model"]) == ["one", "two", "never"]


def test_what_breaks_a_model_first_is_at_the_lowest_severity_and_there_leaves_least() -> None:
    rows = pd.DataFrame(
        [
            ("a", "fog", 3, 0.10, 0.11),
            ("a", "snow", 2, 0.40, 0.44),
            ("a", "blur", 2, 0.30, 0.33),
            ("a", "jpeg", 1, 0.50, 0.55),
            ("b", "fog", 5, 0.60, 0.66),
            ("c", "rain", pd.NA, 0.01, 0.01),
        ],
        columns=["model", "label", "severity", "accuracy", "kept"],
    )
    broken = overview.broken_by(rows)
    assert list(broken.index) == ["a"]  # nothing halves b; a strength that is drawn is no severity
    assert (broken.loc["a", "label"], broken.loc["a", "severity"]) == ("blur", 2)


def test_a_model_under_part_of_the_suite_is_not_ranked(world: World) -> None:
    both = overview.gather([world.one, world.two], world.dataset, store=world.store)
    rows = both.table.set_index("model")
    assert both.corruptions == 15
    assert rows["conditions"].to_dict() == {"one": 3, "two": 3}
    assert rows["severities"].to_dict() == {"one": "", "two": "1 2"}
    assert not rows["whole"].any()
    assert not both.ranked("mean").any()
    assert "corruption" not in {finding.key for finding in findings.findings(both)}
    (note,) = (note for note in both.notes if note.kind == "models_at_different_severities")
    assert (note.subject, note["severities"]) == (("two",), "1 2")


def made(rows: list[dict[str, object]], by_condition: dict[tuple[str, str], float]) -> Overview:
    blank: dict[str, object] = dict.fromkeys(overview.COLUMNS, math.nan) | {
        "conditions": 15,
        "severities": "",
        "shifts": 0,
        "n": 2400,
        "labelled": 2400,
        "attack_images": 240,
    }
    means = pd.DataFrame(
        [(m, "corruption", c, a) for (m, c), a in by_condition.items()], columns=["model", "kind", "name", "accuracy"]
    )
    nothing = Provenance((), "scenes", "test", (0, 0), 0, (), "memory", "none", "")
    full = [blank | {"whole": row.get("conditions", 15) == 15} | row for row in rows]
    return Overview(pd.DataFrame(full), means, (), nothing)


def test_the_best_is_one_of_those_with_the_most_conditions_and_chance_is_said() -> None:
    result = made(
        [
            {"model": "a", "mean": 0.700, "clean": 0.9},
            {"model": "b", "mean": 0.695, "clean": 0.8},
            {"model": "c", "mean": 0.99, "conditions": 1, "clean": 0.8},
        ],
        {("a", "fog"): 0.9, ("b", "fog"): 0.8, ("a", "snow"): 0.5, ("b", "snow"): 0.6, ("c", "rain"): 0.1},
    )
    best, weakest = findings.findings(result)
    assert (best.key, best.model, best.second, best.conditions) == ("corruption", "a", "b", 15)
    assert best.too_close  # half a point on 2,400 images
    # Rain is worse, but only one of the models was evaluated under it.
    assert (weakest.condition, weakest.model, weakest.value) == ("snow", "b", 0.6)
    summary = findings.summary(result, {"a": "standard", "b": "mixup", "c": "mixup"})
    assert (summary["models"], summary["interventions"]) == (3, 2)
    assert (summary["clean"], summary["corrupted"]) == ((0.8, 0.9), (0.695, 0.7))
    assert summary["attacked"] is None
    assert summary["shifted"] is None


def test_a_clear_lead_is_no_chance() -> None:
    result = made([{"model": "a", "mean": 0.8, "clean": 0.9}, {"model": "b", "mean": 0.6, "clean": 0.9}], {})
    (best,) = findings.findings(result)
    assert (best.value, best.second, best.second_value, best.too_close) == (0.8, "b", 0.6, False)


def test_headlines_say_what_standard_training_loses_what_the_best_adds_and_what_is_hardest() -> None:
    result = made(
        [
            {"model": "a", "mean": 0.70, "clean": 0.9, "attack_1": 0.1, "broken_name": "contrast"},
            {"model": "b", "mean": 0.80, "clean": 0.88, "attack_1": 0.4, "broken_name": "contrast"},
            {"model": "c", "mean": 0.75, "clean": 0.85, "attack_1": 0.5, "broken_name": "fog"},
        ],
        {(m, c): a for m, a in (("a", 0.7), ("b", 0.9), ("c", 0.8)) for c in ("contrast", "fog")}
        | {("a", "snow"): 0.5, ("b", "snow"): 0.6, ("c", "snow"): 0.55},
    )
    trainings = {"a": "standard", "b": "mixup", "c": "pgd"}
    assert headlines.standard_model(result, trainings) == "a"
    loses, adds, hardest = headlines.headlines(result, "a", {"b": ("fog", "rotation")})
    assert adds.note["seen"] == ("fog",)
    assert dict(loses.bars) == {"clean": 0.9, "corrupted": 0.7, "attacked": 0.1}
    assert adds.bars == (("a", 0.7), ("b", 0.8))
    # Two different things: what breaks most models first, and where even the best model is worst.
    assert (hardest.note["first"], hardest.note["broken"], hardest.note["hardest"]) == ("contrast", 2, "snow")
    assert dict(hardest.bars) == {"contrast": 0.9, "snow": 0.6}
    # Where a model trained for as long has results, the gain is over it.
    _, fair, _ = headlines.headlines(result, "a", controls={"b": "c"})
    assert fair.bars == (("c", 0.75), ("b", 0.8))
    assert (fair.note["as_long"], adds.note["as_long"]) == (True, False)
    assert [each.note.kind for each in headlines.headlines(result, "")] == ["hardest_corruptions"]


def test_advice_has_an_interval_a_gain_and_a_price() -> None:
    result = made(
        [
            {"model": "a", "mean": 0.70, "clean": 0.90, "attack_1": 0.1},
            {"model": "b", "mean": 0.80, "clean": 0.88, "attack_1": 0.5},
            {"model": "c", "mean": 0.75, "clean": 0.85, "attack_1": 0.2, "conditions": 3},
        ],
        {("a", "fog"): 0.6, ("a", "snow"): 0.4, ("b", "fog"): 0.8, ("b", "snow"): 0.6, ("c", "fog"): 0.99},
    )
    assert advice.needs(result) == ["weather", "attack"]
    weather = advice.advise(result, "weather", "a", {"b": ("fog", "rotation")})
    assert weather is not None
    assert (weather.model, weather.second, weather.conditions, weather.seen) == ("b", "a", ("fog", "snow"), ("fog",))
    assert weather.value == pytest.approx(0.7)  # c, scored under part of the suite, is not ranked
    assert weather.price == pytest.approx(0.02)
    attack = advice.advise(result, "attack", "a")
    assert attack is not None
    assert (attack.images, attack.gain) == (240, pytest.approx(0.4))
    fair = advice.advise(result, "attack", "a", controls={"b": "c"})
    assert fair is not None
    assert (fair.standard, fair.as_long, attack.as_long) == ("c", True, False)
    assert (fair.gain, fair.price) == (pytest.approx(0.3), pytest.approx(-0.03))
    low, high = attack.gain_interval
    # By hand: Wilson's intervals at n = 240 are 0.437 .. 0.563 and 0.068 .. 0.144.
    assert (low, high) == (pytest.approx(0.4 - math.hypot(0.063, 0.0444), abs=2e-3), pytest.approx(0.471, abs=2e-3))
    assert not attack.too_close
    assert advice.advise(result, "all", "a") is None


def test_a_profile_compares_a_family_only_over_the_same_corruptions() -> None:
    result = made(
        [{"model": "a", "mean": 0.7, "clean": 0.9}, {"model": "b", "mean": 0.8, "clean": 0.88}],
        {("a", "fog"): 0.6, ("a", "snow"): 0.4, ("a", "contrast"): 0.2, ("b", "fog"): 0.8, ("b", "contrast"): 0.5},
    )
    rows = model_profile.profile(result, "a", "b").set_index("part")
    assert rows.loc["weather", ["conditions", "value"]].tolist() == [2, 0.5]
    assert math.isnan(rows["other"]["weather"])  # b has no result under snow
    assert rows["difference"]["digital"] == pytest.approx(-0.3)
    assert rows["difference"]["clean"] == pytest.approx(0.02)
    assert "blur" not in rows.index
    assert model_profile.hardest(result, "a", 2) == [("contrast", 0.2), ("snow", 0.4)]
    with pytest.raises(InvalidArgumentError, match="Nothing is stored of c"):
        model_profile.profile(result, "c")
