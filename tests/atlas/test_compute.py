"""An atlas of two corruptions on a folder of shades, from the command to the table and its overlaps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from robustcore import overlap, paths
from robustcore.atlas import compute, plan
from robustcore.cli import main
from robustcore.errors import InvalidArgumentError
from robustcore.models import load_model
from robustcore.training import Recipe, runs

CLASSES = ("none", "some", "much")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Classes that differ in the brightness of the red channel: 24 training images and 12 test images."""
    draw = np.random.default_rng(0)
    for index in range(36):
        image = draw.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        image[..., 0] = 30 + 100 * (index % 3)
        place = tmp_path / "shades" / ("train" if index < 24 else "test") / CLASSES[index % 3] / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place)
    return tmp_path / "shades"


def tiny(folder: Path, **more: object) -> plan.Plan:
    base = Recipe("scenes/resnet", str(folder), epochs=1, batch=12, side=32)
    return plan.Plan(("brightness", "contrast"), base, **{"further": 0, "severities": (3,), **more})  # type: ignore[arg-type]


def test_one_standard_model_and_one_for_each_corruption_with_one_budget(folder: Path) -> None:
    members = tiny(folder, seeds=(0, 1)).members()
    assert [(m.trained_on, m.recipe.seed) for m in members] == [
        ("standard", 0),
        ("brightness", 0),
        ("contrast", 0),
        ("standard", 1),
        ("brightness", 1),
        ("contrast", 1),
    ]
    assert dict(members[1].recipe.settings) == {"corruption": "brightness", "severity": 0}
    plain = {dataclasses.replace(m.recipe, intervention="standard", settings=(), seed=0) for m in members}
    assert len(plain) == 1
    assert len({m.path for m in members}) == 6


def test_all_members_of_a_seed_go_on_from_its_own_standard_model(folder: Path) -> None:
    what = tiny(folder, seeds=(0, 1), further=2)
    starts, members = what.starts(), what.members()
    assert [(m.trained_on, m.recipe.seed, m.recipe.epochs, m.recipe.start) for m in starts] == [
        ("standard", 0, 1, None),
        ("standard", 1, 1, None),
    ]
    assert {(m.recipe.seed, m.recipe.start, m.recipe.epochs, m.recipe.learning_rate) for m in members} == {
        (0, str(starts[0].path), 2, 0.05),
        (1, str(starts[1].path), 2, 0.05),
    }


def test_a_standard_model_that_ships_is_not_trained_again() -> None:
    what = plan.Plan(("fog",), seeds=(0, 1))
    assert [m.recipe.seed for m in what.starts()] == [1]
    assert [m.recipe.start for m in what.members()][:2] == ["scenes/resnet-standard"] * 2


def test_testing_draws_a_severity_for_each_image_unless_some_are_named() -> None:
    drawn, named = plan.Plan(("fog", "laugros_blur")), plan.Plan(("fog", "laugros_blur"), severities=(2, 4))
    assert [(c.name, c.severity, c.strength) for c in drawn.conditions()[1:]] == [
        ("fog", None, "uniform"),
        ("laugros_blur", None, "uniform"),
    ]
    assert [(c.name, c.severity) for c in named.conditions()[1:]] == [
        ("fog", 2),
        ("fog", 4),
        ("laugros_blur", 2),
        ("laugros_blur", 4),
    ]


def test_attacks_and_shifts_are_tested_on_and_attacks_with_a_training_are_trained_on(tmp_path: Path) -> None:
    file = tmp_path / "mixed.toml"
    file.write_text(
        '[[condition]]\nname = "fog"\n[[condition]]\nkind = "attack"\nname = "fgsm"\nparams = { eps = 0.02 }\n'
    )
    what = plan.Plan((str(file),))
    assert [m.trained_on for m in what.members()] == ["standard", "fog", "fgsm"]
    assert what.members()[2].recipe.intervention == "fgsm"
    assert what.output().name == "mixed-scenes-resnet.csv"


def test_four_thousand_eight_hundred_images_of_scenes_unless_said_otherwise() -> None:
    assert len(plan.Plan(("fog",)).dataset()) == 4800
    assert len(plan.Plan(("fog",), images=30).dataset()) == 30


def test_the_command_trains_tests_writes_and_does_nothing_twice(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "table.csv"
    words = ["overlap", "--suite", "brightness", "contrast", "--dataset", str(folder), "--epochs", "1", "--batch", "12"]
    words += ["--side", "32", "--severity", "3", "--further", "1", "--device", "cpu", "--output", str(output)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "3 models (1 of each kind), each tested on 3 conditions." in out
    assert f"Accuracies: {output}" in out
    assert "training: 1/1 models  standard" in err  # what the three go on from
    assert "training: 3/3 models  contrast" in err
    assert "tested are severities 3, or drawn strengths" in out
    table = plan.read(output)
    assert sorted(zip(table["trained_on"], table["tested_on"], strict=True)) == sorted(
        (row, column)
        for row in ("standard", "brightness", "contrast")
        for column in ("clean", "brightness", "contrast")
    )
    assert set(table["n"]) == {12}
    assert set(table["severities"].dropna()) == {"3"}
    assert overlap.measure(table, metric="residual").names == ("brightness", "contrast")

    def never(*given: object, **more: object) -> None:
        raise AssertionError("trained twice")

    monkeypatch.setattr(runs, "fit", never)
    again = compute.run(tiny(folder, further=1), device="cpu")
    assert again.attrs["summary"]["computed"] == 0
    pd.testing.assert_series_equal(again["accuracy"], table["accuracy"])


def test_an_interruption_keeps_the_models_that_were_finished(folder: Path) -> None:
    what = tiny(folder)
    seen: list[compute.Progress] = []

    def stop(now: compute.Progress) -> None:
        seen.append(now)
        if now.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute.train(what.members(), device="cpu", progress=stop)
    assert [m.is_there() for m in what.members()] == [True, True, False]
    assert seen[-1].seconds_left is not None
    seen.clear()
    compute.train(what.members(), device="cpu", progress=seen.append)
    assert seen[-1].done == seen[-1].total == 3
    assert min(now.done for now in seen) > 2


@pytest.mark.slow
def test_trainings_run_in_processes_of_their_own(folder: Path) -> None:
    members = tiny(folder).members()
    compute.train(members[:2], device="cpu")
    seen: list[compute.Progress] = []
    compute.train(members, devices=("cpu", "cpu"), progress=seen.append)
    assert [now.done for now in seen] == [3]
    alone = runs.fit(members[2].recipe, output=folder / "alone.safetensors", device="cpu").model
    assert load_model(members[2].path).fingerprint() == alone.fingerprint()


def test_tables_that_ship_and_those_computed_here_are_found_by_name(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "assets", lambda: tmp_path / "assets")
    table = pd.DataFrame({"trained_on": ["standard"], "tested_on": ["clean"], "accuracy": [0.9]})
    plan.write(table, tmp_path / "assets" / "overlap" / "a.csv")
    plan.write(table, tmp_path / "assets" / "overlap" / "b.csv")
    plan.write(table.assign(accuracy=0.8), own_cache / "overlap" / "b.csv")
    assert list(plan.tables()) == ["a", "b"]
    assert plan.read(plan.tables()["b"])["accuracy"].tolist() == [0.8]


def test_bad_plans(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="all different"):
        tiny(folder, seeds=(0, 0))
    with pytest.raises(InvalidArgumentError, match="standard training"):
        plan.Plan(("fog",), Recipe("scenes/resnet", intervention="mixup"))
    with pytest.raises(InvalidArgumentError, match="can be trained on"):
        plan.Plan(("clean",)).conditions()
    file = tmp_path / "twice.toml"
    file.write_text('[[condition]]\nname = "fog"\n[[condition]]\nname = "fog"\nstorage = "jpeg85"\n')
    with pytest.raises(InvalidArgumentError, match="fog in two forms"):
        plan.Plan((str(file),)).conditions()
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        plan.read(tmp_path / "nothing.csv")
