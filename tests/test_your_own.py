"""docs/your-own.md: what it shows runs as written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch

from robustcore import cli
from robustcore.models import load_model

TEXT = (Path(__file__).parents[1] / "docs" / "your-own.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
MODELS = [shlex.split(line)[1:] for line in re.findall(r"^    (robustcore models .*)$", TEXT, flags=re.M)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", PYTHON)
def test_python_runs(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, "docs/your-own.md", "exec"), {})
    assert "Sequential" in capsys.readouterr().out


def test_a_model_is_added_listed_renamed_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [words[1] for words in MODELS] == ["add", "list", "rename", "remove"]
    network = load_model("torchvision/resnet18?weights=none&classes=3").network
    torch.save(network.state_dict(), tmp_path / "resnet.pth")
    (tmp_path / "classes.txt").write_text("cat\ndog\nfox\n")
    assert [cli.main(words) for words in MODELS] == [0, 0, 0, 0]
    assert "own/mine" in capsys.readouterr().out
