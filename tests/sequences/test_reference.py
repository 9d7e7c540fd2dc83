"""Frames of the published ImageNet-P generators at 224 px (one photograph, before any video codec)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustcore import sequences

REFERENCE = np.load(Path(__file__).parent.parent / "data" / "sequences.npz")
STORED = sorted(key for key in REFERENCE.files if "/" in key)


@pytest.mark.parametrize("name", sorted({key.split("/")[0] for key in STORED}))
def test_frames_match_the_reference(name: str) -> None:
    frames = sequences.frames(REFERENCE["input"], name, side=224)
    keys = [key for key in STORED if key.startswith(f"{name}/")]
    assert keys
    for key in keys:
        difference = np.abs(frames[int(key.split("/")[1])].astype(int) - REFERENCE[key])
        assert (difference <= 1).mean() >= 0.995, key
        assert difference.mean() < 0.15, key


@pytest.mark.parametrize(
    ("name", "from_the_frame_before", "from_the_first"),
    [("gaussian_noise", 8.3, 5.97), ("shot_noise", 11.1, 7.98), ("speckle_noise", 7.6, 5.49)],
)
def test_noise_is_as_strong_as_measured(name: str, from_the_frame_before: float, from_the_first: float) -> None:
    """Mean absolute differences in grey levels that were measured of the published generator on this photograph."""
    frames = sequences.frames(REFERENCE["input"], name, side=224).astype(float)
    assert np.abs(np.diff(frames, axis=0)).mean() == pytest.approx(from_the_frame_before, rel=0.01)
    assert np.abs(frames[1:] - frames[0]).mean() == pytest.approx(from_the_first, rel=0.005)


@pytest.mark.parametrize(("name", "measured"), [("snow", 0.65), ("spatter", 0.40)])
def test_weather_moves_as_much_as_measured(name: str, measured: float) -> None:
    """The same, of one drawn layer: layers differ by about a fifth, hence the mean over eight and the margin."""
    moves = []
    for image_id in range(8):
        frames = sequences.frames(REFERENCE["input"], name, side=224, id=image_id).astype(float)
        moves.append(np.abs(np.diff(frames, axis=0)).mean())
    assert np.mean(moves) == pytest.approx(measured, rel=0.2)
