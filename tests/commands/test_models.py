"""`robustcore models`: short names for files of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustcore import cli, models
from robustcore.errors import ModelError
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
