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
