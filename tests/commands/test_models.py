"""`robustcore models`: short names for files of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustcore import cli, models
from robustcore.commands import _arguments
from robustcore.errors import ModelError
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import added, load_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(added, "_named_here", {})
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A bare state dict of five classes."""
    torch.save(load_model("scenes/resnet?weights=none&classes=5").network.state_dict(), tmp_path / "m.pth")
    (tmp_path / "classes.txt").write_text("cat\ndog\nfox\nowl\nant\n")
    return tmp_path / "m.pth"


def run(*words: str) -> int:
    return cli.main([str(word) for word in words])


def test_an_added_model_is_one_like_the_others(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add = ("models", "add", "m.pth", "--architecture", "scenes/resnet", "--classes", "classes.txt", "--name")
    assert run(*add, "mine") == 0
    assert "own/mine" in models.names(offline=True)
    model = load_model("own/mine")
    assert model.card.name == "own/mine"
    assert model.card.classes == models.card("own/mine").classes == ("cat", "dog", "fox", "owl", "ant")
    assert models.file_of("own/mine") == weights
    assert load_model("own/mine?mean=0,0,0").fingerprint() != model.fingerprint()

    assert run(*add, "mine") == 1  # taken
    assert run("models", "rename", "mine", "yours") == 0
    assert run("models", "list") == 0
    assert "own/yours" in capsys.readouterr().out
    assert load_model("own/yours").fingerprint() == model.fingerprint()
    assert run("models", "remove", "own/yours") == 0
    assert "own/yours" not in models.names(offline=True)
    assert run("models", "remove", "yours") == 1
    assert weights.exists()


def test_a_model_that_does_not_load_is_not_added(weights: Path) -> None:
    assert run("models", "add", "m.pth", "--name", "mine", "--architecture", "scenes/vgg") == 1
    assert run("models", "add", "m.pth", "--name", "a b", "--architecture", "scenes/resnet") == 1
    assert (
        run("models", "add", "m.pth", "--name", "mine", "--architecture", "scenes/resnet", "--classes", "imagenet") == 1
    )
    assert added.models() == {}


def test_a_damaged_list_is_named(weights: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "models.toml").write_text("mine = 3")
    with pytest.raises(ModelError, match=r"models\.toml"):
        load_model("own/mine")


def test_a_short_name_for_one_run_is_what_tables_say(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--dataset", "scenes", "--suite", "clean", "--limit", "4")
    file = "m.pth?architecture=scenes/resnet"
    (weights.parent / "twelve.txt").write_text("\n".join(load_model("scenes/resnet-standard").card.classes))
    torch.save(load_model("scenes/resnet?weights=none&classes=12").network.state_dict(), weights)
    assert run("evaluate", "--model", f"short={file}&classes=twelve.txt", *flags, "--format", "csv") == 0
    assert "\nshort," in capsys.readouterr().out


def test_a_short_name_is_written_out_for_other_processes(weights: Path) -> None:
    assert _arguments.model("short=m.pth?architecture=scenes/resnet") == "short"
    request = EvaluationRequest.of("short", "scenes", "clean")
    assert "short=" in request.line()
    (name,) = request.self_contained().model_names
    assert name == f"{weights}?architecture=scenes/resnet&name=short"
    added._named_here.clear()
    assert load_model(name).card.name == "short"


def test_paths_within_names_become_absolute(weights: Path) -> None:
    request = EvaluationRequest.of("m.pth?architecture=scenes/resnet&classes=classes.txt", "scenes", "clean")
    assert request.self_contained().model_names == (
        f"{weights}?architecture=scenes/resnet&classes={weights.parent / 'classes.txt'}",
    )


@pytest.mark.parametrize(
    ("name", "content", "classes"),
    [
        ("c.txt", "a\n\n b \n", ("a", "b")),
        ("c.json", '["a", "b"]', ("a", "b")),
        ("c.json", '{"1": ["n01440764", "b"], "0": "a"}', ("a", "b")),
    ],
)
def test_files_of_class_names(name: str, content: str, classes: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert load_model(f"scenes/resnet?weights=none&classes={tmp_path / name}").card.classes == classes


@pytest.mark.parametrize(
    ("name", "content"),
    [("c.txt", "a"), ("c.txt", "a\na"), ("c.json", "{"), ("c.json", '{"2": "a"}'), ("c.json", "[1, 2]")],
)
def test_files_that_name_no_classes_are_refused(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError):
        load_model(f"scenes/resnet?weights=none&classes={tmp_path / name}")
    with pytest.raises(ModelError):
        load_model("scenes/resnet?weights=none&classes=gone.txt")
