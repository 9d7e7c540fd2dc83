"""Rendered scenes in the cache: written once, whole or not at all, and never needed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from robustcore.datasets.scenes import Scenes, dataset, render_cache


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_cache, "BLOCK", 8)


@pytest.fixture
def no_rendering(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def refuse(*_: object) -> None:
        raise AssertionError("rendered again")

    monkeypatch.setattr(dataset, "render", refuse)
    return monkeypatch


def files(cache: Path) -> list[Path]:
    return sorted((cache / "scenes").iterdir())


def test_blocks_are_rendered_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Scenes().images(6, 18)
    assert len(files(own_cache)) == 3  # and no scratch file beside them

    def refuse(*_: object) -> None:
        raise AssertionError("rendered again")

    monkeypatch.setattr(dataset, "render", refuse)
    assert torch.equal(Scenes().images(6, 18), first)
    assert torch.equal(Scenes()[7][0], first[1])
    assert torch.equal(Scenes(size=4_800).images(6, 18), first)


def test_a_single_image_renders_no_block(own_cache: Path) -> None:
    Scenes()[3]
    assert not own_cache.exists()


def test_other_sides_are_not_kept(own_cache: Path) -> None:
    assert Scenes(side=96).images(0, 2).shape == (2, 3, 96, 96)
    assert not own_cache.exists()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "no array"])
def test_a_damaged_block_is_rendered_again(damage: str, own_cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = Scenes().images(0, 8)
    (path,) = files(own_cache)
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[5_000] ^= 1
    elif damage == "empty":
        data = bytearray()
    else:
        data[:6] = b"GIF89a"
    path.write_bytes(bytes(data))
    with caplog.at_level(logging.WARNING):
        assert torch.equal(Scenes().images(0, 8), good)
    assert "rendered again" in caplog.text
    caplog.clear()
    assert torch.equal(Scenes().images(0, 8), good)
    assert not caplog.records, "the file should have been mended"


def test_a_cache_that_cannot_be_written_costs_time_and_not_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = Scenes().images(0, 8)
    obstacle = tmp_path / "file"
    obstacle.write_text("a file where the cache should be")
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(obstacle / "cache"))
    with caplog.at_level(logging.WARNING):
        scenes = Scenes()
        assert torch.equal(scenes.images(0, 8), good)
        assert torch.equal(scenes.images(0, 8), good)
        assert torch.equal(scenes[2][0], good[2])
    assert len(caplog.records) == 1, "said once, since the block stays in memory"
    assert "ROBUSTCORE_CACHE" in caplog.text


def test_a_write_that_fails_leaves_nothing_behind(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(np, "save", full)
    assert Scenes().images(0, 2).shape == (2, 3, 64, 64)
    assert files(own_cache) == []


def test_images_can_be_changed_without_harm(own_cache: Path) -> None:
    good = Scenes().images(0, 8)
    Scenes().images(0, 8).zero_()
    Scenes()[0][0].zero_()
    assert torch.equal(Scenes().images(0, 8), good)
