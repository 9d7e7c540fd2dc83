"""Claims: a rule holds where the figures are as it asks and nowhere else; what is missing is undecided."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, Store, Subject, plan, suites
from robustcore.evaluation.provenance import Run
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Result
from robustcore.metrics import bootstrap
from robustcore.reports import claims
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim, contrasts, interventions, rules
from robustcore.reports.claims.contrasts import ACCURACY, APP, COLUMNS, Contrast, Evidence, Gains, Group
from robustcore.reports.claims.questions import Judge, Question, answered

RUN = Run("2026-01-01T00:00:00+00:00", "cpu", {}, "test")
CONTROL = interventions.CONTROL
FOG = Group("fog", (Condition.corruption("fog"),))
FEW = 120


# Rules, on figures made up


def gains(*rows: tuple[str, str, str, float], measure: str = APP, spread: float = 0.01, n: int = 2400) -> Gains:
    """(model, against, condition, difference), each with an interval of about twice the spread to either side."""
    generator = np.random.default_rng(0)
    values = np.array([row[3] for row in rows])
    draws = values + spread * generator.standard_normal((500, len(rows)))
    low, high = bootstrap.interval(draws)
    table = pd.DataFrame(
        [
            (m, a, c, measure, n, 0.5 + v, 0.5, np.nan, v, lo, hi)
            for (m, a, c, v), lo, hi in zip(rows, low, high, strict=True)
        ],
        columns=COLUMNS,
    )
    return Gains(table, draws)


def several(*values: float, model: str = "m", against: str = "c", **more: float) -> Gains:
    return gains(*((model, against, f"c{i}", v) for i, v in enumerate(values)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "figures", "holds"),
    [
        (rules.mean_above, several(0.2, -0.05), True),
        (rules.mean_above, several(0.2, -0.25), False),
        (rules.mean_above, several(0.01, spread=0.05), False),
        (rules.mean_below, several(-0.2), True),
        (rules.mean_below, several(-0.01, spread=0.05), False),
        (rules.no_gain, several(-0.1), True),
        (rules.no_gain, several(0.01, spread=0.01), False),
        (rules.nothing_either_way, several(0.01), True),
        (rules.nothing_either_way, several(0.1), False),
        (rules.nothing_either_way, several(-0.1), False),
        (rules.nothing_either_way, several(0.0, spread=0.1), None),
        (rules.all_above, several(0.2, 0.01), True),
        (rules.all_above, several(0.2, -0.01), False),
        (rules.all_below, several(-0.2, -0.01), True),
        (rules.all_below, several(-0.2, 0.01), False),
        (rules.kept, several(0.0, spread=0.002), True),
        (rules.kept, several(0.0, -0.02, spread=0.002), False),
        (rules.nearly_all_above, several(*[0.1] * 9, -0.2), True),
        (rules.nearly_all_above, several(*[0.1] * 8, -0.2, -0.2), False),
        (rules.nearly_all_above, several(*[0.01] * 9, -0.2), False),
    ],
)
def test_a_rule_is_met_by_what_it_asks_for_and_by_nothing_else(rule: Judge, figures: Gains, holds: bool | None) -> None:
    assert rule(figures).holds is holds


def test_rules_over_several_parts_ask_for_all_of_them() -> None:
    rows = (("a", "x", "fog", 0.1), ("b", "x", "fog", 0.1), ("a", "x", "snow", 0.2), ("b", "x", "snow", -0.1))
    figures = gains(*rows)
    assert rules.each_model(rules.mean_above)(figures).holds is False
    assert rules.each_model(rules.mean_above)(gains(*rows[:3])).holds is True
    snow = Group("snow", ())
    assert rules.each_of([[FOG], [snow]], rules.mean_above)(figures).holds is True
    assert rules.each_of([[FOG], [snow]], rules.all_above)(figures).holds is False
    rivals = gains(("a", "x", "fog", 0.1), ("a", "y", "fog", -0.1))
    assert rules.each_rival(rules.mean_above)(rivals).holds is False
    labels = [label for label, _ in rules.each_rival(rules.mean_above)(rivals).figures["of"]]
    assert labels == ["over x", "over y"]


def test_what_is_too_uncertain_in_one_part_is_so_in_all_unless_another_part_fails() -> None:
    rule = rules.each_model(rules.nothing_either_way)
    rows = {name: (name, "x", "fog", 0.0) for name in "ab"}
    wide, narrow, far = gains(rows["a"], spread=0.1), gains(rows["b"]), gains(("b", "x", "fog", 0.3))

    def joined(*parts: Gains) -> Gains:
        return Gains(pd.concat([each.table for each in parts]), np.hstack([each.draws for each in parts]))

    assert rule(joined(wide, narrow)).holds is None
    assert rule(joined(wide, far)).holds is False
    assert rule(narrow).holds is True


@pytest.mark.parametrize("undefined", ["value", "draws", "mean"])
def test_a_difference_that_is_undefined_is_no_refutation(undefined: str) -> None:
    """NaN of a model, of more drawings than an interval bears, and of a mean over contrasts whose intervals bear it."""
    figures = several(*[0.1] * 5)
    table, draws = figures.table.copy(), figures.draws.copy()
    if undefined == "value":
        table.loc[0, ["value", "low", "high"]] = np.nan
    elif undefined == "draws":
        draws[:200, 0] = np.nan
        table.loc[0, ["low", "high"]] = np.nan
    else:
        for place in range(5):
            draws[5 * place : 5 * place + 5, place] = np.nan

    class Stored(Evidence):
        def __init__(self) -> None: ...

        def missing(self, contrasts: Sequence[Contrast]) -> None:
            return None

        def gains(self, contrasts: Sequence[Contrast]) -> Gains:
            return Gains(table, draws)

    claim = Question("It helps.", "a document", "a rule", (), rules.mean_above).claim("topic", Stored())
    assert claim.verdict == UNDECIDED
    assert claim.figures[0].kind == "no_difference_defined"


def test_two_models_complement_each_other_where_one_lowers_and_the_other_raises() -> None:
    def of(mixup: Sequence[float], tlat: Sequence[float]) -> bool | None:
        rows = [(m, "c", f"c{i}", v) for m, values in (("m", mixup), ("t", tlat)) for i, v in enumerate(values)]
        return rules.complementary("m", "t")(gains(*rows)).holds

    assert of([0.2, -0.2, 0.1], [-0.2, 0.2, 0.1])
    assert not of([0.2, -0.2, -0.2], [-0.2, -0.2, -0.2])  # mostly both at once
    assert not of([0.2, 0.2, 0.2], [-0.2, 0.2, 0.1])  # one of them lowers nothing


def test_opposite_effects_and_whose_merit_it_is() -> None:
    clean = gains(("m", "c", "clean", 0.1), ("t", "c", "clean", -0.1), measure=ACCURACY)
    assert rules.opposite("m", "t")(clean).holds is True
    assert rules.opposite("t", "m")(clean).holds is False
    attacked = gains(("t", "c", "fgsm", 0.3), ("m", "c", "fgsm", 0.0), ("t", "m", "fgsm", 0.3))
    assert rules.owed_to("t", "m", "c")(attacked).holds is True
    attacked = gains(("t", "c", "fgsm", 0.3), ("m", "c", "fgsm", 0.3), ("t", "m", "fgsm", 0.0))
    assert rules.owed_to("t", "m", "c")(attacked).holds is False


# Evidence, from stored results

Right = Callable[[str, Condition], float]


def fill(path: Path, models: Sequence[str], conditions: Sequence[Condition], right: Right) -> Store:
    """A store in which each model answers that share of the first images rightly."""
    dataset = load_dataset("scenes")
    store = Store(path, shipped=False)
    subjects = [Subject(name, name, dataset.classes) for name in models]
    labels = np.asarray(dataset.labels[:FEW], np.int32)
    results = []
    for cell in plan.make(subjects, dataset, conditions, limit=FEW):
        wrong = np.arange(FEW) >= round(FEW * right(cell.model.name, cell.condition))
        classes = np.where(wrong, (labels + 1) % len(dataset.classes), labels)[:, None]
        results.append(Result(cell.units()[0], Predictions(None, labels, classes.astype(np.int32)), 0.1))
    store.save(results, RUN)
    store.close()
    return store


def shares(of: Mapping[str, float]) -> Right:
    """A share under fog for each model; all are clean at 0.9, and 0.6 elsewhere."""
    return lambda model, condition: 0.9 if condition.kind == "clean" else of[model] if condition.name == "fog" else 0.6


def fog(model: str = "a", against: str = "b", **more: str) -> Question:
    return Question("Fog.", "A book", "Above 0.", (Contrast(model, against, FOG, **more),), rules.mean_above)


def test_a_claim_follows_the_stored_results(tmp_path: Path) -> None:
    conditions = suites.resolve([Condition.corruption("fog")])
    store = fill(tmp_path / "r.sqlite", "ab", conditions, shares({"a": 0.8, "b": 0.5}))
    dataset = load_dataset("scenes")
    seen, other = answered("t", [fog("a", "b", baseline="c"), fog("b", "a")], dataset, store=store, limit=FEW)
    assert (seen.verdict, other.verdict) == (REPRODUCED, NOT_REPRODUCED)
    assert seen.table is not None
    row = seen.table.iloc[0]
    assert row["value"] == pytest.approx(0.8 / 0.9 - 0.5 / 0.9, abs=1e-3)
    assert row["low"] < row["value"] < row["high"]
    assert (row["n"], row["accuracy"], row["accuracy_against"]) == (FEW, pytest.approx(0.8), pytest.approx(0.5))
    assert np.isnan(row["accuracy_baseline"])  # nothing is stored of it, and the claim needs it not
    assert [note["fewest_images"] for note in seen.figures if note.kind == "sample"] == [FEW]
    assert (seen.rule, seen.source) == ("Above 0.", "A book")


def test_what_is_missing_cannot_be_said_and_is_named(tmp_path: Path) -> None:
    conditions = suites.resolve([Condition.corruption("fog")])
    store = fill(tmp_path / "r.sqlite", "ab", conditions[:-1], shares({"a": 0.8, "b": 0.5}))  # one severity is missing
    dataset = load_dataset("scenes")
    absent, partial = answered("t", [fog("a", "x"), fog()], dataset, store=store, limit=FEW)
    assert (absent.verdict, absent.figures) == (UNDECIDED, (contrasts.nothing_stored(("x",)),))
    assert (partial.verdict, partial.figures) == (UNDECIDED, (contrasts.not_all_images_stored(("a", "b"), ("fog",)),))
    with Store(store.path, shipped=False) as again:  # what arrives later is seen without another word
        fill(again.path, "ab", conditions[-1:], shares({"a": 0.8, "b": 0.5}))
    (then,) = answered("t", [fog()], dataset, store=store, limit=FEW)
    assert then.verdict == REPRODUCED


def test_a_question_about_whatever_is_stored_says_how_many_models_it_is_over(tmp_path: Path) -> None:
    conditions = suites.resolve([Condition.corruption("fog")])
    store = fill(tmp_path / "r.sqlite", "abc", conditions, shares({"a": 0.8, "b": 0.5, "c": 0.7}))
    pairs = tuple(Contrast(model, "b", FOG) for model in ("a", "c", "x"))
    asked = Question("Fog.", "A book", "Above 0.", pairs, rules.mean_above, where_stored=True)
    (claim,) = answered("t", [asked], load_dataset("scenes"), store=store, limit=FEW)
    assert claim.verdict == REPRODUCED
    (over,) = (note for note in claim.figures if note.kind == "models_judged")
    assert (over["models"], over["left_out"]) == (2, ("x",))
    nothing = dataclasses.replace(asked, contrasts=pairs[2:])
    (claim,) = answered("t", [nothing], load_dataset("scenes"), store=store, limit=FEW)
    assert claim.verdict == UNDECIDED


def test_an_attack_on_a_surrogate_is_found_by_the_fingerprint_that_its_name_has_there(tmp_path: Path) -> None:
    crafted = Condition("attack", "laugros/fgsm", params=(("surrogate", "vgg"),))  # `fill` gives names as fingerprints
    shares_of = {"a": 0.8, "b": 0.4, "vgg": 0.4}
    conditions = suites.resolve([crafted])
    store = fill(
        tmp_path / "r.sqlite", list(shares_of), conditions, lambda m, c: 0.9 if c.kind == "clean" else shares_of[m]
    )
    black = Group("black", (Condition("attack", "laugros/fgsm"),), surrogate="vgg")
    white = dataclasses.replace(black, label="white", surrogate="")
    dataset = load_dataset("scenes")
    evidence = Evidence([Contrast("a", "b", group) for group in (black, white)], dataset, store=store, limit=FEW)
    assert evidence.missing([Contrast("a", "b", black)]) is None
    assert evidence.missing([Contrast("a", "b", white)]) is not None
    assert evidence.gains([Contrast("a", "b", black)]).mean().value == pytest.approx(0.4 / 0.9, abs=0.01)


def test_clean_accuracies_that_lie_apart_are_said_and_a_model_without_any_has_no_app(tmp_path: Path) -> None:
    def right(model: str, condition: Condition) -> float:
        return {"a": 0.9, "b": 0.8, "zero": 0.0}[model] if condition.kind == "clean" else 0.5

    store = fill(tmp_path / "r.sqlite", ["a", "b", "zero"], suites.resolve([Condition.corruption("fog")]), right)
    dataset = load_dataset("scenes")
    apart, undefined = answered("t", [fog(), fog("a", "zero")], dataset, store=store, limit=FEW)
    (warning,) = apart.warnings
    assert (warning.kind, warning["difference"]) == ("clean_accuracies_apart", pytest.approx(0.1))
    assert undefined.verdict == UNDECIDED
    plain = dataclasses.replace(FOG, measure=ACCURACY)
    evidence = Evidence([Contrast("a", "zero", plain)], dataset, store=store, limit=FEW)
    assert evidence.gains([Contrast("a", "zero", plain)]).table["value"].tolist() == [0.0]
    assert evidence.clean_difference([Contrast("a", "zero", plain)]) == 0.0


# The claims themselves


def test_every_question_can_be_asked_and_nothing_stored_says_nothing(tmp_path: Path) -> None:
    questions = interventions.questions()
    assert len({question.text for question in questions}) == len(questions) >= 20
    for question in questions:
        for contrast in question.contrasts:
            assert contrast.group.resolved({}), question.text
            assert contrast.baseline.endswith("-standard"), question.text
    result = interventions.judge(Store(tmp_path / "none.sqlite", shipped=False))
    assert {claim.verdict for claim in result} == {UNDECIDED}
    assert {note.kind for claim in result for note in claim.figures} == {"nothing_stored"}
    stylised = next(claim for claim in result if claim.text.startswith("Stylised"))
    assert stylised.limits  # also before there are figures


def test_the_models_that_are_asked_about_can_be_trained() -> None:
    from robustcore.training import interventions as known

    names = {"continued", *known.names()}
    for question in interventions.questions():
        for contrast in question.contrasts:
            for model in contrast.models:
                name = model.partition("-")[2]
                assert name in names or name.startswith(("no_", "fooling-", "augmentation-")), model


@pytest.mark.parametrize(("costs", "verdict"), [(True, REPRODUCED), (False, NOT_REPRODUCED)])
def test_adversarial_training_and_contrast(tmp_path: Path, costs: bool, verdict: str) -> None:
    """A world in which adversarial training loses contrast and translation, and one in which it gains them."""
    models = [CONTROL, *(f"scenes/resnet-{name}" for name in interventions.ADVERSARIAL)]

    def right(model: str, condition: Condition) -> float:
        return 0.9 if condition.kind == "clean" else 0.6 if (model == CONTROL) == costs else 0.4

    conditions = suites.resolve([c for g in interventions.TEN_CALIBRATED.values() for c in g.conditions])
    store = fill(tmp_path / "r.sqlite", models, conditions, right)
    result = interventions.judge(store, limit=FEW)
    verdicts = [claim for claim in result if claim.verdict != UNDECIDED]
    about = {frozenset(claim.table["condition"]) for claim in verdicts if claim.table is not None}
    assert {
        frozenset({"contrast", "translation"}),
        frozenset(group.label for group in interventions.TEN_CALIBRATED.values()),
    } <= about
    costs_something = [
        c for c in verdicts if c.table is not None and {"contrast", "translation"} <= set(c.table["condition"])
    ]
    assert len(costs_something) == 3  # no transfer, less robust, not more robust on average
    assert {claim.verdict for claim in costs_something} == {verdict}


def test_topics_and_verdicts() -> None:
    with pytest.raises(UnknownNameError, match="interventions"):
        claims.load("intervention")
    with pytest.raises(InvalidArgumentError, match="verdict"):
        Claim("t", "A.", "B", "maybe", "C.", ())
    several = tuple(Claim("t", "A.", "B", v, "C.", ()) for v in (REPRODUCED, REPRODUCED, NOT_REPRODUCED, UNDECIDED))
    assert claims.count(several) == {REPRODUCED: 2, NOT_REPRODUCED: 1, UNDECIDED: 1}


@pytest.mark.parametrize(("gains", "verdict"), [(True, REPRODUCED), (False, NOT_REPRODUCED)])
def test_adversarial_training_and_autoattack(tmp_path: Path, gains: bool, verdict: str) -> None:
    def right(model: str, condition: Condition) -> float:
        return 0.9 if condition.kind == "clean" else 0.6 if model.endswith("-pgd") == gains else 0.2

    models = [CONTROL, "scenes/resnet-pgd"]
    store = fill(tmp_path / "r.sqlite", models, [Condition.clean(), *interventions.AUTOATTACK.conditions], right)
    (judged,) = [
        claim
        for claim in interventions.judge(store, limit=FEW)
        if claim.verdict != UNDECIDED and "AutoAttack" in claim.text
    ]
    assert judged.verdict == verdict
    # RobustBench's figures are next to ours, each of its own norm and radius.
    printed = [note for note in judged.figures if note.kind == "printed_leaderboard"]
    assert [note["board"] for note in printed] == ["ImageNet, L-inf 4/255", "CIFAR-10, L-inf 8/255"]
    assert all(note["standard"] == 0 and note["lowest"] <= note["median"] <= note["highest"] for note in printed)
