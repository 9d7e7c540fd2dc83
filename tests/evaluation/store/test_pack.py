"""Results as one file that is handed on and opened read-only elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import robustcore as rc
from robustcore import cli, paths
from robustcore.datasets import Dataset
from robustcore.datasets.scenes import Scenes
from robustcore.errors import StoreError
from robustcore.evaluation import Store
from robustcore.evaluation.store import inventory, pack
from robustcore.models import Card, Classifier, checkpoints
from robustcore.models.architectures import architecture


@pytest.fixture
def results(make_dataset: Callable[..., Dataset], make_model: Callable[..., Classifier]) -> Store:
    rc.evaluate(make_model(), make_dataset(300), "fog", severities=[1])
    return Store(shipped=False)


def test_opened_elsewhere(results: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "packed.sqlite"
    packed = pack.pack(results, file, {})
    assert (packed.units, packed.models, packed.damaged) == (4, 1, 0)
    assert [path.name for path in tmp_path.iterdir() if "packed" in path.name] == ["packed.sqlite"]
    before = inventory.listing(results)
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "colleague"))
    assert inventory.listing(Store(shipped=False)).empty
    monkeypatch.setenv(paths.RESULTS, str(file))
    content = file.read_bytes()
    file.chmod(0o444)
    assert inventory.listing(Store(shipped=False)).equals(before)
    with pytest.raises(StoreError, match="opened to be read"), Store().writing():
        pass
    assert file.read_bytes() == content
    assert not (tmp_path / "colleague").exists()


def test_nothing_is_overwritten(results: Store, tmp_path: Path) -> None:
    file = tmp_path / "packed.sqlite"
    file.write_text("mine")
    with pytest.raises(StoreError, match="exists"):
        pack.pack(results, file, {})
    assert file.read_text() == "mine"
    with pytest.raises(StoreError, match="No results"):
        pack.pack(Store(tmp_path / "none.sqlite"), tmp_path / "other.sqlite", {})


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    card = Card("scenes/own", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
    path = checkpoints.save(architecture("scenes/resnet").build(card, seed=0), tmp_path / "own.safetensors")
    rc.evaluate(str(path), "scenes", "clean", limit=4)
    file = tmp_path / "packed.sqlite"
    assert cli.main(["results", "pack", str(file)]) == 0
    assert "1 of them with a card" in capsys.readouterr().out
    assert cli.main(["card", str(path), "--results", str(file)]) == 0
    assert "scenes/resnet" in capsys.readouterr().out
    assert cli.main(["card", "other", "--results", str(file)]) == 1
    assert str(path) in capsys.readouterr().err

    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, command: started.append(command))
    monkeypatch.setenv(paths.RESULTS, "")
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "")
    assert cli.main(["dashboard", "--port", "8971", "--results", str(tmp_path / "absent.sqlite")]) == 1
    (tmp_path / "text.sqlite").write_text("no database at all")
    assert cli.main(["dashboard", "--port", "8971", "--results", str(tmp_path / "text.sqlite")]) == 1
    assert not started
    assert cli.main(["dashboard", "--port", "8971", "--results", str(file)]) == 0
    assert len(started) == 1
    assert (os.environ[paths.RESULTS], os.environ["ROBUSTCORE_READ_ONLY"]) == (str(file), "1")
