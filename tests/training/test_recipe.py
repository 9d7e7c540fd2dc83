"""Recipes are values: checked, complete, and the same after a trip through a card."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.training import Recipe


def test_a_recipe_survives_the_way_through_json() -> None:
    recipe = Recipe("scenes/vgg", intervention="augmentation", settings=(("corruption", "contrast"),), seed=3)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_settings_are_written_out_in_full() -> None:
    short = Recipe("scenes/vgg", intervention="augmentation", settings=(("corruption", "contrast"),))
    long = Recipe("scenes/vgg", intervention="augmentation", settings=(("severity", 0), ("corruption", "contrast")))
    assert short == long
    assert short.key() == long.key()
    assert short.to_dict()["settings"] == {"corruption": "contrast", "severity": 0}


def test_folders_are_kept_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "birds").mkdir()
    monkeypatch.chdir(tmp_path)
    recipe = Recipe("scenes/vgg", dataset="birds")
    assert recipe.dataset == str(tmp_path / "birds")
    monkeypatch.chdir("/")
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert Recipe("scenes/vgg", start="scenes/vgg-standard").start == "scenes/vgg-standard"  # a name, no path


def test_every_difference_makes_another_key() -> None:
    base = Recipe("scenes/vgg")
    others = [Recipe("scenes/resnet"), Recipe("scenes/vgg", seed=1), Recipe("scenes/vgg", flip=False)]
    assert len({recipe.key() for recipe in [base, *others]}) == 4


def test_the_name_says_what_was_trained() -> None:
    assert Recipe("scenes/resnet").name() == "scenes/resnet-standard"
    assert Recipe("scenes/resnet", seed=2).name() == "scenes/resnet-standard-seed2"
    augmented = Recipe("torchvision/resnet18", "/data/cats", "augmentation", (("corruption", "contrast"),))
    assert augmented.name() == "cats/torchvision/resnet18-augmentation-contrast"


@pytest.mark.parametrize(
    "fields",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"batch": 1},
        {"learning_rate": 0},
        {"learning_rate": -1.0},
        {"learning_rate": math.nan},
        {"momentum": 1.0},
        {"weight_decay": -1e-4},
        {"shift": -1},
        {"seed": -1},
        {"limit": 0},
        {"epochs": True},
    ],
    ids=str,
)
def test_impossible_values_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError, match="not"):
        Recipe("scenes/vgg", **fields)  # type: ignore[arg-type]


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="standard"):
        Recipe("scenes/vgg", intervention="standart")
    with pytest.raises(UnknownNameError, match="one-cycle"):
        Recipe("scenes/vgg", schedule="one_cycle")
    with pytest.raises(UnknownNameError, match="epochs"):
        Recipe.from_dict({"model": "scenes/vgg", "epoch": 3})
    with pytest.raises(InvalidArgumentError, match="needs a model"):
        Recipe.from_dict({})


def test_one_cycle_is_torchs() -> None:
    recipe, steps = Recipe("scenes/vgg", learning_rate=0.2), 97
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.2)
    reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps, cycle_momentum=False)
    for step in range(steps):
        assert recipe.learning_rate_at(step, steps) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:
            reference.step()


def test_steps_divide_by_ten_after_half_and_three_quarters() -> None:
    recipe = Recipe("scenes/vgg", schedule="steps")
    assert [recipe.learning_rate_at(s, 8) for s in range(8)] == pytest.approx([0.1] * 4 + [0.01] * 2 + [0.001] * 2)


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_even_the_shortest_training_has_a_learning_rate(steps: int) -> None:
    rates = [Recipe("scenes/vgg").learning_rate_at(step, steps) for step in range(steps)]
    assert all(0 < rate <= 0.1 for rate in rates)


def test_milestones_and_factor_are_free() -> None:
    recipe = Recipe("scenes/vgg", schedule="steps", milestones=(0.25, 0.5), factor=0.5)
    assert [recipe.learning_rate_at(s, 4) for s in range(4)] == pytest.approx([0.1, 0.05, 0.025, 0.025])
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert "--milestones 0.25 0.5" in recipe.command()


@pytest.mark.parametrize("milestones", [(0.5, 0.5), (0.7, 0.3), (0.0,), (1.0,), 0.5, ("half",)], ids=str)
def test_milestones_rise_within_the_training(milestones: object) -> None:
    with pytest.raises(InvalidArgumentError, match="ilestone"):
        Recipe("scenes/vgg", milestones=milestones)  # type: ignore[arg-type]


def test_a_plateau_lowers_the_rate_and_begins_anew() -> None:
    recipe = Recipe("scenes/vgg", schedule="plateau", patience=2)
    rising, flat = [0.1, 0.2, 0.3], [0.3, 0.3]
    rates = [recipe.learning_rate_at(0, 9, accuracies) for accuracies in (rising, rising + flat, rising + 2 * flat)]
    assert rates == pytest.approx([0.1, 0.01, 0.001])
    assert recipe.learning_rate_at(0, 9, [0.3, 0.2, 0.4, 0.3]) == pytest.approx(0.1), "never two epochs in a row"


def test_a_training_ends_early_when_it_gets_no_better() -> None:
    recipe = Recipe("scenes/vgg", stop=2)
    assert not recipe.ends_early([0.5, 0.4])
    assert recipe.ends_early([0.5, 0.4, 0.5])
    assert not recipe.ends_early([0.5, 0.4, 0.6])
    assert not Recipe("scenes/vgg").ends_early([0.5] * 50)


def test_the_command_line_and_the_name_say_the_optimiser() -> None:
    recipe = Recipe("scenes/vgg", optimizer="adam", nesterov=False, stop=3)
    assert recipe.name() == "scenes/vgg-standard-adam"
    for words in ("--optimizer adam", "--plain-momentum", "--stop 3"):
        assert words in recipe.command()
    with pytest.raises(UnknownNameError, match="adam"):
        Recipe("scenes/vgg", optimizer="adams")
