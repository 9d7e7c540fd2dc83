"""Street scenes: several objects, masks, towns, and an unknown shape at test."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustcore.datasets.scenes.street import ANOMALY, CLASSES, TOWNS, StreetScenes
from robustcore.errors import UnknownNameError


def test_a_scene_is_the_same_alone_and_in_a_block() -> None:
    scenes = StreetScenes("val")
    images, masks = scenes.pairs(0, 3)
    assert images.shape == (3, 3, 96, 96)
    assert masks.shape == (3, 96, 96)
    image, mask = StreetScenes("val", 2).pair(1)
    assert torch.equal(images[1], torch.from_numpy(image))
    assert np.array_equal(masks[1].numpy(), mask)


def test_two_to_five_objects_stand_where_their_mask_says() -> None:
    scenes = StreetScenes("train", 8)
    for index in range(len(scenes)):
        scene = scenes.scene(index)
        assert 2 <= len(scene.objects) <= 5
        labels = {placed.label for placed in scene.objects}
        _, mask = scenes.pair(index)
        assert set(np.unique(mask)) <= {0, *labels}
        assert labels <= set(range(1, len(CLASSES)))


def test_anomalies_are_at_test_alone_and_cover_what_was_promised() -> None:
    _, masks = StreetScenes("test").pairs(0, 40)
    shares = (masks == ANOMALY).float().mean(dim=(1, 2)).numpy()
    strange = shares[shares > 0]
    assert 0.7 < len(strange) / 40 < 1
    assert strange.min() >= 0.007
    assert strange.max() < 0.056
    assert (StreetScenes("train").pairs(0, 20)[1] != ANOMALY).all()


def test_towns_share_no_textures_between_splits() -> None:
    assert len({town for towns in TOWNS.values() for town in towns}) == sum(map(len, TOWNS.values()))
    banks = {
        split: {placed.thing.cloth.bank for i in range(6) for placed in StreetScenes(split).scene(i).objects}
        for split in TOWNS
    }
    assert not banks["train"] & banks["test"]
    assert not banks["train"] & banks["val"]


def test_the_same_scene_at_another_side() -> None:
    small, large = StreetScenes("test", 2, 96).pairs(0, 2)[1], StreetScenes("test", 2, 192).pairs(0, 2)[1]
    assert (large[:, ::2, ::2] == small).float().mean() > 0.95
    with pytest.raises(UnknownNameError):
        StreetScenes("holidays")
