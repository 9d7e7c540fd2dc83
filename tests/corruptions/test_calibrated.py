"""The candidates calibrated for scenes: the published operations, one strength each, ranges from the shipped table."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from robustcore import cli, corrupt, corruptions
from robustcore.corruptions import _calibrated
from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition
from robustcore.evaluation.operations import corruption as operations
from robustcore.metrics.distance import mean_absolute_difference

NAMES = corruptions.names("candidates-scenes")
PLAIN = [corruptions.get(name).plain_name for name in NAMES]
# Published without a choice of parameters.
FIXED = ("border", "downscale", "invert_img", "posterize", "solarize", "to_sepia")
# Published with random patterns and places alone, or parameters drawn around nothing: 1 is the published distribution.
ALIKE = (
    "channel_dropout",
    "cutout",
    "elastic_transform",
    "flip",
    "grid_distortion",
    "multiplicative_noise",
    "random_grid_shuffle",
    "random_rain",
    "random_sun_flare",
)
# A grid of pixels that beats against another, and mirrors that come back.
WAVERING = {"downscale", "perspective", "transpose", "optical_distortion", "affines", "rotate"}


@pytest.fixture(scope="module")
def images() -> Tensor:
    """uint8 (96, 3, 64, 64)."""
    return load_dataset("scenes", split="test").images(0, 96)


def far(images: Tensor, name: str, strength: float | None = None) -> Tensor:
    return mean_absolute_difference(images, corrupt(images, name, strength=strength))


def test_the_suite_is_the_published_one_with_another_parameter_set() -> None:
    assert [corruptions.get(name).plain_name for name in corruptions.names("candidates-40")] == PLAIN
    for name, plain in zip(NAMES, PLAIN, strict=True):
        result, published = corruptions.get(name), corruptions.get(f"album_{plain}")
        assert name == f"scenes_{plain}"
        assert "alibrated for scenes" in result.summary
        assert "calibrated for scenes" in result.source
        assert result.family == published.family
        assert result.limits is not None
        assert result.limits[0] == 0
        assert 1 <= result.limits[1] <= 4.5


@pytest.mark.parametrize("plain", FIXED)
def test_at_strength_1_fixed_parameters_are_the_published_ones(plain: str, images: Tensor) -> None:
    assert torch.equal(corrupt(images, f"scenes_{plain}", strength=1.0), corrupt(images, f"album_{plain}"))


@pytest.mark.parametrize("plain", ALIKE)
def test_at_strength_1_patterns_are_distributed_as_published(plain: str, images: Tensor) -> None:
    """Within 4 standard errors of the two samples together."""
    ours, theirs = far(images, f"scenes_{plain}", 1.0), far(images, f"album_{plain}")
    error = math.sqrt((float(ours.var()) + float(theirs.var())) / len(images))
    assert abs(float(ours.mean() - theirs.mean())) < 4 * error


@pytest.mark.parametrize("plain", sorted(set(PLAIN) - {*FIXED, *ALIKE}))
def test_at_strength_1_drawn_parameters_are_at_their_harshest(plain: str, images: Tensor) -> None:
    """Farther from the clean images than the published range is on average, and about as far as it goes."""
    ours, theirs = far(images, f"scenes_{plain}", 1.0), far(images, f"album_{plain}")
    assert float(ours.mean()) > 0.98 * float(theirs.mean())
    assert float(ours.mean()) < 1.15 * float(theirs.quantile(0.98))


@pytest.mark.parametrize("name", NAMES)
def test_a_greater_strength_changes_more(name: str, images: Tensor) -> None:
    limits, few = corruptions.get(name).limits, images[:32]
    assert limits is not None
    distances = [float(far(few, name, share * limits[1]).mean()) for share in (0, 0.1, 0.3, 0.6, 1)]
    assert distances[0] == 0
    assert distances[1] > 0 or name in ("scenes_gaussian_blur", "scenes_random_grid_shuffle")
    if corruptions.get(name).plain_name in WAVERING:
        assert distances[-1] > distances[1]
    else:
        assert distances == sorted(distances)


def test_the_registry_has_the_shipped_ranges() -> None:
    shipped = _calibrated.ranges(_calibrated.table())
    assert set(shipped) <= set(NAMES)
    for name in NAMES:
        result = corruptions.get(name)
        assert result.strengths == shipped.get(name, result.limits)


def test_the_suite_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "corruptions", "--suite", "candidates-scenes"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == NAMES
    assert cli.main(["list", "models", "--suite", "candidates-scenes"]) == 1
    assert "--suite chooses among corruptions" in capsys.readouterr().err


def test_ranges_come_from_a_table_and_are_the_limits_without_one(tmp_path: Path) -> None:
    table = tmp_path / "candidates-scenes.csv"
    assert _calibrated.range_of("scenes_rotate", (0, 1), table) == (0, 1)
    _calibrated.ranges.cache_clear()
    table.write_text(
        "name,range_low,range_high,reason\nscenes_rotate,0.1,0.4,\nscenes_flip,0.5,1.7,\nscenes_blur,1,1,\n"
    )
    assert _calibrated.range_of("scenes_rotate", (0, 1), table) == (0.1, 0.4)
    assert _calibrated.range_of("scenes_flip", (0, 1), table) == (0.5, 1), "no farther than the operation goes"
    assert _calibrated.range_of("scenes_cutout", (0, 2), table) == (0, 2)
    with pytest.raises(InvalidArgumentError, match="severity calibrate --suite candidates-scenes"):
        _calibrated.range_of("scenes_blur", (0, 4), table)
    _calibrated.ranges.cache_clear()
    table.write_text("name,range_low,range_high\nscenes_rotate,none,0.4\n")
    with pytest.raises(InvalidArgumentError, match="not a table of calibrated ranges"):
        _calibrated.range_of("scenes_rotate", (0, 1), table)


def test_another_range_is_another_revision_except_at_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def revisions() -> list[object]:
        drawn, fixed = (Condition.corruption("scenes_rotate", strength=s) for s in ("uniform", 0.5))
        severity = Condition.corruption("scenes_rotate", severity=2)
        return [operations.Corrupt().identity(c)["revision"] for c in (drawn, severity, fixed)]

    before, other = revisions(), dataclasses.replace(corruptions.get("scenes_rotate"), strengths=(0.123, 0.4))
    monkeypatch.setattr(operations.corruptions, "get", lambda name: other)
    after = revisions()
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]
    assert "0.123..0.4" in str(after[0])
