"""One image under attack: what the page shows of it."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch

from robustcore import load_dataset, load_model
from robustcore.datasets._base import Item
from robustcore.reports.preview import attack_anatomy
from robustcore.reports.preview.attack_anatomy import Outcome, Settings


@pytest.fixture(scope="module")
def done() -> attack_anatomy.Attacked:
    dataset = load_dataset("scenes")
    image, label = dataset[3]
    item = Item("three", image, int(dataset.ids[3]), label)
    return attack_anatomy.attack(load_model("scenes/resnet-standard"), item, label, Settings("pgd", eps=8 / 255))


def test_the_change_stays_within_the_budget_and_turns_the_answer(done: attack_anatomy.Attacked) -> None:
    assert float(done.perturbation.abs().max()) <= 8 / 255 + 1e-6
    assert int(done.before.classes[0, 0]) == done.label
    assert int(done.after.classes[0, 0]) != done.label
    assert attack_anatomy.reaches(done, int(done.after.classes[0, 0]))


def test_the_magnified_change_uses_the_whole_range(done: attack_anatomy.Attacked) -> None:
    assert done.magnification == pytest.approx(0.5 / (8 / 255), rel=1e-3)
    assert {int(done.magnified.min()), int(done.magnified.max())} == {0, 255}


def test_steps_follow_the_trace(done: attack_anatomy.Attacked) -> None:
    classes = load_dataset("scenes").classes
    table = attack_anatomy.steps(done, classes)
    first = table[table["query"] == 1]
    assert len(first) == 5
    assert table.groupby("query")["probability"].sum().between(0, 1 + 1e-5).all()
    assert table["query"].nunique() == len(done.result.trace.queries)  # type: ignore[union-attr]


def test_what_is_saved_is_what_was_found(done: attack_anatomy.Attacked) -> None:
    stored = np.load(io.BytesIO(attack_anatomy.npy(done)))
    assert stored.dtype == np.float32
    assert np.array_equal(stored, done.adversarial[0].numpy())
    assert attack_anatomy.png(done).startswith(b"\x89PNG")


def test_survivals_and_judges(done: attack_anatomy.Attacked) -> None:
    model = load_model("scenes/resnet-standard")
    assert [s.form for s in attack_anatomy.survivals(model, done)] == ["8-bit PNG", "JPEG 90", "JPEG 75"]
    table = attack_anatomy.judged({"resnet": model, "vgg": load_model("scenes/vgg-standard")}, done)
    assert table["fooled"].tolist()[0] is True


def test_a_sweep_starts_at_the_clean_answer_and_ends_in_success() -> None:
    dataset = load_dataset("scenes")
    image, label = dataset[3]
    item = Item("three", image, int(dataset.ids[3]), label)
    model = load_model("scenes/resnet-standard")
    table = attack_anatomy.sweep(model, item, label, Settings("pgd"), (0.0, 1 / 255, 16 / 255))
    with torch.no_grad():
        clean = model(image[None]).softmax(1)[0, label]
    assert table["probability"][0] == pytest.approx(float(clean), abs=1e-4)
    assert table["success"].tolist()[::2] == [False, True]


def test_what_a_sweep_costs_is_known_beforehand() -> None:
    assert (
        attack_anatomy.sweep_passes(Settings("laugros/pgd")) == 12 * 11
    )  # ten steps and the first look, at twelve radii
    assert attack_anatomy.sweep_passes(Settings("square", options=(("queries", 200),))) == 12 * 201


def test_attacks_without_a_budget_have_no_sweep() -> None:
    assert attack_anatomy.radii(Settings("cw")) is None
    assert attack_anatomy.sweep_passes(Settings("cw")) == 0
    assert attack_anatomy.radii(Settings("laugros/pgd")) == attack_anatomy.LINF_RADII
    assert attack_anatomy.radii(Settings("pgd", norm="l2")) == attack_anatomy.L2_RADII


@pytest.mark.parametrize(("number", "kind"), [(-1, "broken_by_none"), (0, "broken_when_clean"), (1, "broken_first")])
def test_which_of_several_attacks_broke_the_image(number: int, kind: str) -> None:
    image, label = load_dataset("scenes")[3]
    settings = Settings("autoattack", 8 / 255, options=(("directions", 1), ("queries", 2), ("steps", 2)))
    done = attack_anatomy.attack(load_model("scenes/resnet-standard"), Item("three", image, 3, label), label, settings)
    result = dataclasses.replace(done.result, broken_by=torch.tensor([number]))
    (message,) = attack_anatomy.breaking(dataclasses.replace(done, result=result), "autoattack")
    assert message.kind == kind
    if number == 1:
        assert message["stage"] == "APGD-CE"
    without = dataclasses.replace(done.result, broken_by=None)
    assert attack_anatomy.breaking(dataclasses.replace(done, result=without), "pgd") == []


def test_an_attack_that_failed_has_not_succeeded_because_the_model_was_wrong_anyway(
    done: attack_anatomy.Attacked,
) -> None:
    assert attack_anatomy.outcome(done) is Outcome.SUCCESS
    assert attack_anatomy.outcome(done, {done.label, int(done.after.classes[0, 0])}) is Outcome.ALSO_RIGHT
    held = dataclasses.replace(
        done, after=done.before, result=dataclasses.replace(done.result, success=torch.tensor([False]))
    )
    assert attack_anatomy.outcome(held) is Outcome.FAILURE
    wrong = dataclasses.replace(done, before=done.after)
    assert attack_anatomy.outcome(wrong, {done.label}) is Outcome.CLEAN_WRONG


def test_a_targeted_attack_fools_a_model_that_answers_the_target_and_no_other(done: attack_anatomy.Attacked) -> None:
    """The model's answer is wrong, but not the one that was wanted."""
    classes = load_dataset("scenes").classes
    answer = int(done.after.classes[0, 0])
    other = next(k for k in range(12) if k not in (answer, done.label))
    model = load_model("scenes/resnet-standard")
    for target, fooled in ((other, False), (answer, True)):
        targeted = dataclasses.replace(done, result=dataclasses.replace(done.result, targets=torch.tensor([target])))
        table = attack_anatomy.judged({"resnet": model}, targeted)
        assert table["fooled"].tolist() == [fooled]
        assert attack_anatomy.fooled_before(table, targeted, classes).tolist() == [False]
