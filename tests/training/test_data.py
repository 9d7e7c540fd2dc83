"""Batches, flips and shifts: functions of seed, epoch and image, and of nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from robustcore.errors import TrainingError
from robustcore.randomness import Draws
from robustcore.training import image_memory
from robustcore.training.data import TrainingSet, flip_and_shift
from robustcore.training.interventions.generated._sets import joined


def draws(n: int, epoch: int = 1) -> Draws:
    return Draws(0, "test", range(n), epoch=epoch)


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own(data: TrainingSet) -> None:
    first, second = ([*data.batches(48, seed=0, epoch=epoch)] for epoch in (1, 2))
    assert [len(batch) for batch in first] == [48] * 5
    assert torch.cat(first).sort().values.equal(torch.arange(240))
    assert not torch.cat(first).equal(torch.cat(second))
    assert torch.cat(first).equal(torch.cat([*data.batches(48, seed=0, epoch=1)]))


def test_what_fills_no_batch_is_left_for_another_epoch(data: TrainingSet) -> None:
    assert len([*data.batches(100, seed=0, epoch=1)]) == 2
    assert [len(batch) for batch in data.batches(1000, seed=0, epoch=1)] == [240]


def test_shifts_reach_every_offset_and_mirror_what_moves_in() -> None:
    image = torch.arange(9 * 9, dtype=torch.float32).reshape(1, 1, 9, 9).repeat(1, 3, 1, 1)
    padded = F.pad(image, (2, 2, 2, 2), mode="reflect")
    windows = {padded[0, 0, y : y + 9, x : x + 9].numpy().tobytes() for y in range(5) for x in range(5)}
    moved = flip_and_shift(image.expand(600, -1, -1, -1), draws(600), flip=False, shift=2)
    assert {each[0].contiguous().numpy().tobytes() for each in moved} == windows


def test_half_of_the_images_are_flipped_whole() -> None:
    images = torch.randint(0, 256, (400, 3, 16, 16), dtype=torch.uint8)
    result = flip_and_shift(images, draws(400), flip=True, shift=0)
    same = (result == images).flatten(1).all(1)
    mirrored = (result == images.flip(-1)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert mirrored.sum() == pytest.approx(200, abs=60)  # six standard deviations


def test_neither_means_untouched() -> None:
    images = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    assert flip_and_shift(images, draws(4), flip=False, shift=0) is images


def test_an_image_moves_alike_alone_and_in_a_batch_and_anew_in_each_epoch() -> None:
    images = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    together = flip_and_shift(images, draws(8), flip=True, shift=4)
    alone = flip_and_shift(images[3:4], Draws(0, "test", [3], epoch=1), flip=True, shift=4)
    assert together[3].equal(alone[0])
    assert not together.equal(flip_and_shift(images, draws(8, epoch=2), flip=True, shift=4))


def test_images_that_memory_has_no_room_for_are_in_a_file(
    data: TrainingSet, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_memory, "available", lambda: data.images.nbytes)
    mapped = image_memory.images(len(data), 32, "made up")
    mapped.copy_(data.images)
    assert any(
        "training" in line for line in Path("/proc/self/maps").read_text().splitlines() if str(own_cache) in line
    )
    assert not any((own_cache / "training").iterdir())  # gone with the process, however it ends
    assert mapped[torch.tensor([7, 3])].equal(data.images[[7, 3]])
    twice = joined([dataclasses.replace(data, images=mapped), data])
    assert twice.images.equal(torch.cat([data.images, data.images]))


def test_no_room_anywhere_is_said(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_memory, "available", lambda: 1000)
    with pytest.raises(TrainingError, match=r"take 12582912.0 GiB at 2048 pixels a side.*--limit.*--cache"):
        image_memory.images(1 << 30, 2048, "made up")


def test_memory_that_only_keeps_files_counts_as_free(tmp_path: Path) -> None:
    for name, text in {
        "memory.max": "1000",
        "memory.current": "900",
        "memory.stat": "anon 300\ninactive_file 600",
    }.items():
        (tmp_path / name).write_text(text)
    assert image_memory.left_in_container(tmp_path) == 700
    (tmp_path / "memory.max").write_text("max")
    assert image_memory.left_in_container(tmp_path) is None
    assert image_memory.available() > 1 << 20
