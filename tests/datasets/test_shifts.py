"""The shifted scenes: what every set promises about its images, and what is special about two of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.datasets.scenes import REVISION, SHIFTS, Scenes, ShiftedScenes, filtered_shift
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError

REFERENCE = Path(__file__).parent.parent / "data" / "shifts_reference.npz"


@pytest.fixture(params=SHIFTS)
def shift(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_is_a_dataset_by_name_with_one_split(shift: str) -> None:
    dataset = rc.load_dataset(f"scenes/{shift}", limit=3)
    assert (dataset.name, dataset.split, dataset.side, len(dataset)) == (f"scenes/{shift}", "test", 64, 3)
    assert rc.load_dataset(f"scenes/{shift}", side=96)[0][0].shape == (3, 96, 96)
    with pytest.raises(DatasetError, match="'test', not 'train'"):
        rc.load_dataset(f"scenes/{shift}", split="train")


def test_an_image_is_the_same_alone_and_twice_and_in_any_size(shift: str) -> None:
    small, usual = ShiftedScenes(shift, limit=4), ShiftedScenes(shift)
    assert [small[i][0].tolist() for i in (3, 0)] == [usual[i][0].tolist() for i in (3, 0)]
    assert small.fingerprint == usual.fingerprint
    assert np.array_equal(small.ids, usual.ids[:4])
    assert np.array_equal(small.labels, usual.labels[:4])


def test_a_block_has_the_images_that_are_painted_alone() -> None:
    alone = torch.stack([ShiftedScenes("filtered")[i][0] for i in range(3)])  # nothing is in the cache yet
    assert torch.equal(alone, ShiftedScenes("filtered").images(0, 3))
    assert torch.equal(alone, torch.stack([ShiftedScenes("filtered")[i][0] for i in range(3)]))


def test_every_prefix_is_balanced(shift: str) -> None:
    dataset = ShiftedScenes(shift)
    counts = np.eye(len(dataset.classes), dtype=int)[dataset.labels].cumsum(axis=0)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1
    assert len(dataset) == (len(filtered_shift.indices()[0]) if shift == "filtered" else 2_400)


def test_at_twice_the_side_it_is_the_same_picture(shift: str) -> None:
    for index in range(6):
        small, large = (ShiftedScenes(shift, side=side).source(index) for side in (64, 128))
        shrunk = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
        # Half-tone and threads are finer than a pixel of the small one: what is compared is what they add up to.
        a, b = (cv2.GaussianBlur(image.astype(np.float32), (0, 0), 3) for image in (small, shrunk))
        assert np.abs(a - b).mean() < 8


def test_the_painters_paint_what_they_painted_when_results_were_made(shift: str) -> None:
    """Guards the revisions: whoever changes a pixel of a set raises its revision and renews the reference."""
    kept = np.load(REFERENCE)
    assert (int(kept["renderer"]), int(kept[f"{shift}_revision"])) == (REVISION, SHIFTS[shift].revision)
    now = np.stack([ShiftedScenes(shift)[i][0].numpy() for i in range(2)])
    difference = np.abs(now.astype(int) - kept[shift].astype(int))
    assert difference.mean() < 0.05, "more than other processors' rounding"


def test_sets_share_neither_ids_nor_images_nor_fingerprints() -> None:
    sets = [Scenes(limit=3), *(ShiftedScenes(shift, limit=3) for shift in SHIFTS)]
    assert len({id_ for each in sets for id_ in each.ids.tolist()}) == 3 * len(sets)
    assert len({each[i][0].numpy().tobytes() for each in sets for i in range(3)}) == 3 * len(sets)
    prints = {each.fingerprint for each in sets}
    prints |= {ShiftedScenes("sketch", seed=1).fingerprint, ShiftedScenes("sketch", side=96).fingerprint}
    assert len(prints) == len(sets) + 2


def test_unknown_shapes_are_no_classes() -> None:
    assert not set(ShiftedScenes("unknown").classes) & set(CLASSES)
    assert ShiftedScenes("sketch").classes == Scenes.classes


def test_bad_arguments_are_named() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'sketch'"):
        ShiftedScenes("skech")
    with pytest.raises(UnknownNameError, match="Did you mean 'scenes/sketch'"):
        rc.load_dataset("scenes/skech")
    with pytest.raises(DatasetError, match="none of seed 1"):
        ShiftedScenes("filtered", seed=1)
    with pytest.raises(InvalidArgumentError, match="too many"):
        ShiftedScenes("filtered", size=100_000)


def test_a_list_that_is_damaged_or_of_another_renderer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list.json"
    monkeypatch.setattr(filtered_shift, "path", lambda: file)
    for text, says in (("{", "cannot be read"), ('{"renderer": 1, "indices": [3]}', "revision 1")):
        file.write_text(text)
        with pytest.raises(DatasetError, match=says):
            ShiftedScenes("filtered")
