"""One image under attack: what the page shows of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from robustcore import load_dataset, load_model
from robustcore.datasets._base import Item
from robustcore.images import to_array
from robustcore.reports import attacked
from robustcore.reports.attacked import Settings


@pytest.fixture(scope="module")
def done() -> attacked.Attacked:
    dataset = load_dataset("scenes")
    image, label = dataset[3]
    item = Item("three", to_array(image), int(dataset.ids[3]), label)
    return attacked.attack(load_model("scenes/resnet-standard"), item, label, Settings("pgd", eps=8 / 255))


def test_the_change_stays_within_the_budget_and_turns_the_answer(done: attacked.Attacked) -> None:
    assert float(done.perturbation.abs().max()) <= 8 / 255 + 1e-6
    assert int(done.before.classes[0, 0]) == done.label
    assert int(done.after.classes[0, 0]) != done.label
    assert attacked.reaches(done, int(done.after.classes[0, 0]))


def test_the_magnified_change_uses_the_whole_range(done: attacked.Attacked) -> None:
    assert done.magnification == pytest.approx(0.5 / (8 / 255), rel=1e-3)
    assert {int(done.magnified.min()), int(done.magnified.max())} == {0, 255}


def test_steps_follow_the_trace(done: attacked.Attacked) -> None:
    classes = load_dataset("scenes").classes
    table = attacked.steps(done, classes)
    first = table[table["query"] == 1]
    assert len(first) == 5
    assert table.groupby("query")["probability"].sum().between(0, 1 + 1e-5).all()
    assert table["query"].nunique() == len(done.result.trace.queries)  # type: ignore[union-attr]


def test_what_is_saved_is_what_was_found(done: attacked.Attacked) -> None:
    stored = np.load(io.BytesIO(attacked.npy(done)))
    assert stored.dtype == np.float32
    assert np.array_equal(stored, done.adversarial[0].numpy())
    assert attacked.png(done).startswith(b"\x89PNG")


def test_survivals_and_judges(done: attacked.Attacked) -> None:
    model = load_model("scenes/resnet-standard")
    assert [s.form for s in attacked.survivals(model, done)] == ["8-bit PNG", "JPEG 90", "JPEG 75"]
    table = attacked.judged({"resnet": model, "vgg": load_model("scenes/vgg-standard")}, done)
    assert table["fooled"].tolist()[0] is True


def test_a_sweep_starts_at_the_clean_answer_and_ends_in_success() -> None:
    dataset = load_dataset("scenes")
    image, label = dataset[3]
    item = Item("three", to_array(image), int(dataset.ids[3]), label)
    model = load_model("scenes/resnet-standard")
    table = attacked.sweep(model, item, label, Settings("pgd"), (0.0, 1 / 255, 16 / 255))
    with torch.no_grad():
        clean = model(image[None]).softmax(1)[0, label]
    assert table["probability"][0] == pytest.approx(float(clean), abs=1e-4)
    assert table["success"].tolist()[::2] == [False, True]


def test_what_a_sweep_costs_is_known_beforehand() -> None:
    assert attacked.sweep_passes(Settings("laugros/pgd")) == 12 * 11  # ten steps and the first look, at twelve radii
    assert attacked.sweep_passes(Settings("square", options=(("queries", 200),))) == 12 * 201


def test_attacks_without_a_budget_have_no_sweep() -> None:
    assert attacked.radii(Settings("cw")) is None
    assert attacked.sweep_passes(Settings("cw")) == 0
    assert attacked.radii(Settings("laugros/pgd")) == attacked.LINF_RADII
    assert attacked.radii(Settings("pgd", norm="l2")) == attacked.L2_RADII
