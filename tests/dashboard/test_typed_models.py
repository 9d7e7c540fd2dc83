"""A checkpoint whose path is typed into the picker of models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dashboard.cache import models
from dashboard.session import roots
from robustcore.models import load_model
from tests.dashboard.conftest import OpenPage, sound


@pytest.fixture
def typed(tmp_path: Path) -> str:
    """The name of a checkpoint without a card."""
    model = load_model("scenes/resnet-standard")
    torch.save({"net": model.network.state_dict()}, tmp_path / "mine.pth")
    (tmp_path / "classes.txt").write_text("\n".join(model.card.classes))
    return f"{tmp_path / 'mine.pth'}?architecture=scenes/resnet&classes={tmp_path / 'classes.txt'}"


def test_a_typed_path_answers_like_a_model_of_the_list(
    open_page: OpenPage, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "any_path", lambda: True)
    at = open_page("corruptions", corruptions_model=typed, corruptions_from="scenes")
    assert sound(at)
    assert at.selectbox(key="corruptions_model").value == typed
    assert not at.warning


def test_a_path_is_refused_where_none_may_be_named(
    open_page: OpenPage, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "any_path", lambda: False)
    at = open_page("corruptions", corruptions_model=typed, corruptions_from="scenes")
    assert sound(at)
    assert at.selectbox(key="corruptions_model").value != typed
    assert at.warning


@pytest.mark.parametrize("name", ["/nowhere/gone.pth", "torchvision/resnet50", "net.py:make?classes=3"])
def test_what_is_no_model_here_is_said(open_page: OpenPage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "any_path", lambda: True)
    at = open_page("severity", severity_model=name)
    assert sound(at)
    assert at.selectbox(key="severity_model").value != name
    assert at.warning


def test_an_overwritten_file_is_another_model_at_once(typed: str, tmp_path: Path) -> None:
    before = models.fingerprint(typed)
    other = load_model("scenes/resnet?weights=none&classes=12&seed=5").network
    torch.save({"net": other.state_dict()}, tmp_path / "mine.pth")
    assert models.fingerprint(typed) != before
