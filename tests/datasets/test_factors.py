"""Controlled shifts of scenes: one factor changes, everything else stays."""

from __future__ import annotations

import numpy as np
import pytest

from robustcore.datasets.scenes import FACTORS, FactorScenes, Scenes
from robustcore.datasets.scenes.renderer import silhouette
from robustcore.errors import InvalidArgumentError, UnknownNameError


def covered(outline: object, side: int = 512) -> float:
    return float(silhouette(outline, side).sum())  # type: ignore[arg-type]


def test_at_strength_zero_every_scene_is_the_test_image() -> None:
    untouched = FactorScenes(dict.fromkeys(FACTORS, 0.0), limit=12)
    test = Scenes("test", limit=12)
    assert (untouched.images(0, 12) == test.images(0, 12)).all()
    assert untouched.ids.tolist() == test.ids.tolist()
    assert untouched.labels.tolist() == test.labels.tolist()


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_changes_the_image_more_and_more_and_repeats(factor: str) -> None:
    test = Scenes("test", limit=12).images(0, 12).float()
    half, full = (FactorScenes({factor: s}, limit=12).images(0, 12).float() for s in (0.5, 1.0))
    assert (half != test).any()
    assert (full - test).abs().mean() > (half - test).abs().mean() > 0
    assert (FactorScenes({factor: 1.0})[3][0] == full[3].byte()).all()


def test_size_scales_the_object_alone() -> None:
    from robustcore.datasets.scenes import factors

    scene = Scenes("test").scene(7)
    small = factors.changed(scene, {"size": -1.0}, "scenes/0/test", 7)
    assert covered(small.thing.outline) / covered(scene.thing.outline) == pytest.approx(4**-1.3, rel=0.05)
    assert (small.ground, small.clutter, small.light, small.thing.cloth) == (
        scene.ground,
        scene.clutter,
        scene.light,
        scene.thing.cloth,
    )


def test_a_card_covers_the_share_that_the_strength_says() -> None:
    from robustcore.datasets.scenes import factors

    for index in range(5):
        scene = Scenes("test").scene(index)
        card = factors.changed(scene, {"occlusion": 1.0}, "scenes/0/test", index).occluders[-1]
        body = silhouette(scene.thing.outline, 128)
        assert (body * silhouette(card.outline, 128)).sum() / body.sum() == pytest.approx(0.7, abs=0.06)


def test_year_takes_later_patterns_and_keeps_their_colours() -> None:
    from robustcore.datasets.scenes import factors

    scene = Scenes("test").scene(1)
    later = factors.changed(scene, {"year": 1.0}, "scenes/0/test", 1)
    assert later.thing.cloth.bank != scene.thing.cloth.bank
    assert later.thing.cloth.stops == scene.thing.cloth.stops
    assert np.array_equal(later.thing.outline[0][0], scene.thing.outline[0][0])


def test_fingerprints_tell_strengths_apart_and_scenes_keep_theirs() -> None:
    prints = {FactorScenes({"size": s}).fingerprint for s in (-1.0, 0.5, 1.0)}
    assert len(prints | {Scenes("test").fingerprint}) == 4


def test_unknown_factors_and_strengths_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="colour"):
        FactorScenes({"colour": 1.0})
    with pytest.raises(InvalidArgumentError, match="from 0 to 1"):
        FactorScenes({"zoom": -0.5})
