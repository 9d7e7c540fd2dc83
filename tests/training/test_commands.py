"""`robustcore train` and `robustcore demo`, as a person runs them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robustcore import paths
from robustcore.cli import main
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.models import card, load_model
from robustcore.training import Progress, Recipe, zoo


def train(folder: Path, *more: str) -> int:
    words = ["--model", "scenes/resnet", "--dataset", str(folder), "--side", "32", "--epochs", "2", "--batch", "12"]
    return main(["train", *words, "--device", "cpu", *more])


def test_training_prints_what_it_did_and_what_comes_next(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "mine.safetensors"
    assert train(folder, "--output", str(output)) == 0
    out, err = capsys.readouterr()
    lines = err.splitlines()  # no terminal: a line for each epoch and nothing else
    assert len(lines) == 2
    assert "epoch 1/2" in lines[0]
    assert "images/s" in lines[0]
    assert "Accuracy on the test images: " in out
    assert f"Checkpoint: {output}" in out
    assert f"robustcore evaluate --model {output} --dataset {folder}" in out
    assert load_model(output)(torch.zeros(1, 3, 32, 32)).shape == (1, 3)


def test_the_same_training_twice_is_done_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(folder) == 0
    assert "--model own/shades/scenes/resnet-standard" in capsys.readouterr().out
    assert train(folder) == 0
    assert "Already trained" in capsys.readouterr().out
    assert train(folder, "--lr", "0.05") == 1
    assert "made otherwise (learning_rate 0.1, not 0.05);" in capsys.readouterr().err
    assert train(folder, "--lr", "0.05", "--force") == 0
    assert card("own/shades/scenes/resnet-standard").recipe["training"]["learning_rate"] == 0.05


def test_an_intervention_with_settings(folder: Path) -> None:
    words = ["--intervention", "augmentation", "--set", "corruption=contrast", "--set", "severity=2"]
    assert train(folder, *words, "--precision", "float32") == 0
    cards = card("own/shades/scenes/resnet-augmentation-contrast-2")
    assert cards.recipe["training"]["settings"] == {"corruption": "contrast", "severity": 2}
    assert cards.recipe["made_with"].startswith("float32")


def test_a_network_of_torchvision(folder: Path) -> None:
    words = [
        "--model",
        "torchvision/resnet18",
        "--dataset",
        str(folder),
        "--side",
        "32",
        "--epochs",
        "1",
        "--batch",
        "12",
    ]
    assert main(["train", *words, "--device", "cpu"]) == 0
    assert load_model("own/shades/torchvision/resnet18-standard").card.architecture == "torchvision/resnet18"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--intervention", "mixpu"], "There is no intervention named 'mixpu'"),
        (["--set", "alpha"], "--set takes NAME=VALUE"),
        (["--set", "alpha=1"], "has no settings"),
        (["--intervention", "pgd", "--set", "steps=2.5"], "The setting steps of pgd is a whole number, not '2.5'"),
        (["--intervention", "mixup", "--set", "alpha=nan"], "The setting alpha of mixup is a number, not nan"),
        (["--epochs", "0"], "The number of epochs is a whole number from 1"),
        (["--lr", "0"], "The learning rate is more than 0"),
        (["--device", "tpu"], "A device is auto, cpu, cuda"),
        (["--precision", "half"], "There is no precision named 'half'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert train(folder, *words) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_the_demo_trains_what_is_missing_and_only_that(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = [Recipe(f"scenes/{name}", str(folder), epochs=1, batch=12, side=32) for name in ("resnet", "vgg")]
    monkeypatch.setattr(zoo, "ZOO", {recipe.name(): recipe for recipe in recipes})
    monkeypatch.setattr("robustcore.paths.assets", lambda: tmp_path / "assets")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})  # one process at a time
    # What is evaluated, judged and shown with the models has tests of its own.
    monkeypatch.setattr("robustcore.commands.demo.PARTS", ())
    assert main(["demo", "--device", "cpu"]) == 0
    assert "0 of 2 demo models" in capsys.readouterr().out
    name = "shades/scenes/vgg-standard"
    assert load_model(name).card.name == name
    assert zoo.path_of(name).stat().st_size < 1_200_000
    weights = load_model(name).state_dict()
    changed = os.stat(zoo.path_of("shades/scenes/resnet-standard")).st_mtime_ns
    zoo.path_of(name).unlink()
    assert main(["demo", "--device", "cpu"]) == 0
    assert "1 of 2 demo models" in capsys.readouterr().out
    again = load_model(name).state_dict()
    assert all(torch.equal(again[key], value) for key, value in weights.items())
    assert os.stat(zoo.path_of("shades/scenes/resnet-standard")).st_mtime_ns == changed


def interrupt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train up to the second epoch, as if killed there."""
    from robustcore.commands import train as command

    def kill(bar: object) -> Callable[[Progress], None]:
        def show(now: Progress) -> None:
            if now.epoch == 2:
                raise KeyboardInterrupt

        return show

    with monkeypatch.context() as patched:
        patched.setattr(command, "shown_on", kill)
        assert train(folder) == 130


def test_an_interrupted_training_is_not_lost_by_forgetting_to_resume_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(folder, monkeypatch)
    (kept,) = (paths.cache() / "training").glob("*.state")
    before = kept.read_bytes()
    capsys.readouterr()
    assert train(folder) == 1
    assert "with 1 of its 2 epochs done: --resume continues it, --force starts again" in capsys.readouterr().err
    assert kept.read_bytes() == before
    assert train(folder, "--resume") == 0
    assert "epoch 1/2" not in capsys.readouterr().err
    assert train(folder, "--force") == 0


def test_a_detached_training_starts_again_too_if_it_is_forced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(folder, monkeypatch)
    queued: list[TrainingRequest] = []
    monkeypatch.setattr(jobs, "submit", lambda request: queued.append(request) or len(queued))
    assert train(folder, "--detach") == 1
    assert train(folder, "--detach", "--resume") == 0
    assert list((paths.cache() / "training").glob("*.state"))
    assert train(folder, "--detach", "--force") == 0
    assert not list((paths.cache() / "training").glob("*.state"))  # which the job would go on with
    assert [request.replaces for request in queued] == [False, True]


def test_resuming_says_when_there_is_nothing_to_continue(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(folder, monkeypatch)
    next((folder / "train" / "none").iterdir()).unlink()
    capsys.readouterr()
    assert train(folder, "--resume") == 1
    assert "the training images have changed since" in capsys.readouterr().err
    assert train(folder) == 0
    capsys.readouterr()
    assert train(folder, "--seed", "5", "--resume") == 0
    assert "There is no interrupted training of this recipe; one begins." in capsys.readouterr().err


def test_the_card_shows_the_recipe_and_the_command_that_repeats_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, "--intervention", "mixup", "--set", "alpha=0.3", "--half") == 0
    capsys.readouterr()
    name = "own/shades/scenes/resnet-mixup-alpha0.3"
    assert main(["card", name]) == 0
    rows = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert rows["alpha"] == "0.3"
    assert rows["3"].split(None, 1)[1] == "much, none, some"
    first = load_model(name).fingerprint()
    assert main([*shlex.split(rows["command"])[1:], "--force", "--device", "cpu"]) == 0
    assert load_model(name).fingerprint() == first
    capsys.readouterr()
    assert main(["card", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["half"] is True


def test_interventions_are_listed_with_their_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "interventions"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "alpha=0.4, eps_max=0.025" in rows["mtlat"]
    assert rows["augmentation"].endswith("corruption=CORRUPTION, severity=0")


def test_what_comes_next_can_be_run_where_there_are_no_test_images(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folder / "test")  # as in ImageNet's folders
    assert train(folder) == 0
    assert "--split val --suite imagenet-c" in capsys.readouterr().out
