"""The answers to photographs that ship."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.datasets import photographs
from robustcore.models import card
from robustcore.reports.preview import attack_anatomy, gallery, sequence_frames, shipped, shipped_attack

CARD = card(shipped.MODEL)
ITEM = photographs.photograph(shipped.PHOTOGRAPH, preparation=CARD.preparation)
CELLS = gallery.cells("fog")


def test_what_ships_is_current_and_belongs_to_one_model_image_and_condition() -> None:
    answers = shipped.of_grid(CARD, ITEM, CELLS, "memory")
    assert answers is not None
    assert len(answers) == 1 + len(CELLS)
    frames = sequence_frames.frames(ITEM, shipped.SEQUENCE)
    assert shipped.of_sequence(CARD, ITEM, shipped.SEQUENCE, 1, 0, len(frames)) is not None
    assert shipped.of_grid(card("imagenet/efficientnet-lite1"), ITEM, CELLS, "memory") is None
    assert shipped.of_grid(card("scenes/resnet-standard"), ITEM, CELLS, "memory") is None
    assert shipped.of_grid(CARD, photographs.photograph("cat", preparation=CARD.preparation), CELLS, "memory") is None
    assert shipped.of_grid(CARD, photographs.photograph(shipped.PHOTOGRAPH), CELLS, "memory") is None
    assert shipped.of_grid(CARD, ITEM, CELLS, "jpeg85") is None
    assert shipped.of_grid(CARD, ITEM, gallery.cells("fog", seed=1), "memory") is None
    other = dataclasses.replace(CARD, recipe={**CARD.recipe, "sha256": "0" * 64})
    assert shipped.of_grid(other, ITEM, CELLS, "memory") is None
    assert shipped.is_current()


def test_the_network_says_what_ships() -> None:
    clean = shipped.of_grid(CARD, ITEM, [], "memory")
    assert clean is not None
    computed = gallery.answers(rc.load_model(shipped.MODEL), ITEM.image[None])
    assert np.array_equal(clean.classes, computed.classes)
    assert clean.probabilities == pytest.approx(computed.probabilities, abs=2e-3)
    assert {CARD.classes[k] for k in clean.classes[0]} & set(ITEM.right)


def test_consistency_needs_no_label() -> None:
    clean = gallery.Answers(np.array([[4, 1]]), np.array([[0.9, 0.1]], np.float32))
    answers = gallery.Answers(np.array([[4, 1], [2, 1], [1, 4], [4, 2]]), np.array([[0.8, 0.1]] * 4, np.float32))
    measured = gallery.consistency(answers, clean)
    assert measured.share == 0.5
    assert measured.confidence_change == pytest.approx(-0.1, abs=1e-6)
    assert np.isnan(gallery.consistency(answers[[]], clean).share)


def test_the_attack_that_ships_belongs_to_one_model_image_and_setting() -> None:
    label = int(shipped.of_grid(CARD, ITEM, [], "memory").classes[0, 0])  # type: ignore[union-attr]
    attack = shipped_attack.of_attack(CARD, ITEM, label, shipped_attack.SETTINGS)
    assert attack is not None
    assert shipped_attack.is_current()
    assert torch.equal(attack.done.clean[0], ITEM.image / 255)
    assert float(attack.done.perturbation.abs().max()) == pytest.approx(float(attack.done.result.linf[0]))
    assert attack.done.result.trace is not None
    assert len(attack.done.result.trace.images) == len(attack.done.result.trace.queries) == 11
    shown = (attack.done.adversarial[0] * 255).round().byte()
    assert any(torch.equal(image[0], shown) for image in attack.done.result.trace.images)
    longer = dataclasses.replace(shipped_attack.SETTINGS, options=(("steps", 11),))
    other = dataclasses.replace(CARD, recipe={**CARD.recipe, "sha256": "0" * 64})
    assert shipped_attack.of_attack(CARD, ITEM, label, longer) is None
    assert shipped_attack.of_attack(CARD, ITEM, label + 1, shipped_attack.SETTINGS) is None
    assert shipped_attack.of_attack(other, ITEM, label, shipped_attack.SETTINGS) is None
    assert shipped_attack.of_attack(card("scenes/resnet-standard"), ITEM, label, shipped_attack.SETTINGS) is None
    cat = photographs.photograph("cat", preparation=CARD.preparation)
    assert shipped_attack.of_attack(CARD, cat, label, shipped_attack.SETTINGS) is None


def test_the_network_answers_the_attack_that_ships_as_it_ships() -> None:
    attack = shipped_attack.of_attack(CARD, ITEM, 967, shipped_attack.SETTINGS)
    assert attack is not None
    model = rc.load_model(shipped.MODEL)
    after = gallery.answers(model, attack.done.adversarial)
    assert after.classes[0, 0] == attack.done.after.classes[0, 0] != attack.done.label
    assert after.probabilities[0, 0] == pytest.approx(attack.done.after.probabilities[0, 0], abs=2e-3)
    row = shipped_attack.judged(attack, [CARD, card("scenes/resnet-standard")])
    assert row["model"].tolist() == [shipped.MODEL]
    assert row["fooled"].tolist() == [True]
    assert [each.survives for each in attack.survivals] == [
        each.survives for each in attack_anatomy.survivals(model, attack.done)
    ]
