"""What every perturbation sequence promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from robustcore import sequences
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.sequences import _base

PHOTO = np.ascontiguousarray(load_sample_image("flower.jpg")[100:300, 200:520])
SIDES = {"imagenet": 224, "tiny": 64, "cifar": 32}


def test_imagenet_p_has_ten_sequences_and_four_extra() -> None:
    assert len(sequences.names("imagenet-p")) == 10
    assert len(sequences.names("imagenet-p-extra")) == 4
    assert sorted(sequences.names("imagenet-p") + sequences.names("imagenet-p-extra")) == sequences.names()


@pytest.mark.parametrize("name", sequences.names())
class TestEverySequence:
    @pytest.mark.parametrize("variant", SIDES)
    def test_length_shape_and_type(self, name: str, variant: str) -> None:
        frames = sequences.frames(PHOTO, name, side=SIDES[variant], variant=variant)
        assert frames.dtype == np.uint8
        assert frames.shape == (sequences.get(name).lengths[variant], SIDES[variant], SIDES[variant], 3)
        assert len({frame.tobytes() for frame in frames}) > len(frames) // 2, "the frames hardly differ"

    def test_the_draws_belong_to_the_seed_and_the_image(self, name: str) -> None:
        first = sequences.frames(PHOTO, name, side=64, seed=1, id=2)
        assert np.array_equal(first, sequences.frames(PHOTO, name, side=64, seed=1, id=2))
        same = [
            np.array_equal(first, sequences.frames(PHOTO, name, side=64, seed=2, id=2)),
            np.array_equal(first, sequences.frames(PHOTO, name, side=64, seed=1, id=3)),
        ]
        assert same == [sequences.get(name).deterministic] * 2

    def test_tensors_and_arrays_agree(self, name: str) -> None:
        array = sequences.frames(PHOTO, name, side=48)
        tensor = sequences.frames(torch.from_numpy(PHOTO).permute(2, 0, 1), name, side=48)
        assert np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), array)

    def test_the_input_is_unchanged(self, name: str) -> None:
        before = PHOTO.copy()
        sequences.frames(PHOTO, name, side=64)
        assert np.array_equal(PHOTO, before)

    @pytest.mark.parametrize("value", [0, 97, 255])
    def test_a_constant_image_stays_plausible(self, name: str, value: int) -> None:
        """A blur leaves it as it is, a movement lays bare a black border at most, and the rest keeps its brightness."""
        change = sequences.frames(np.full((64, 64, 3), value, np.uint8), name).astype(int) - value
        if sequences.get(name).family == "blur":
            assert np.abs(change).max() <= 1
        elif sequences.get(name).family == "geometry":
            assert change.max() == 0
            assert not change[:, 32, 32].any()
        else:
            assert abs(change.mean()) < 40

    def test_its_facts_are_complete(self, name: str) -> None:
        assert sequences.get(name).summary.endswith(".")
        assert sequences.get(name).family in {"noise", "blur", "weather", "geometry"}


@pytest.mark.parametrize("name", [n for n in sequences.names() if "noise" in n])
def test_noise_starts_clean_and_grows_with_the_difficulty(name: str) -> None:
    photo = PHOTO[:200, :200]
    distances = []
    for difficulty in (1, 2, 3):
        frames = sequences.frames(photo, name, side=64, difficulty=difficulty).astype(float)
        distances.append(np.abs(frames[1:] - frames[0]).mean())
    assert distances == sorted(distances)
    assert distances[0] > 1


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="translate"):
        sequences.frames(PHOTO, "translat")
    with pytest.raises(InvalidArgumentError, match="difficulty"):
        sequences.frames(PHOTO, "tilt", difficulty=4)
    with pytest.raises(InvalidArgumentError, match="single image"):
        sequences.frames(PHOTO[None], "tilt")
    with pytest.raises(InvalidArgumentError, match="32 to 2048"):
        sequences.frames(PHOTO, "tilt", side=31)
    with pytest.raises(UnknownNameError, match="imagenet-p"):
        sequences.names("imagenet-q")


@pytest.mark.parametrize("name", ["rotate", "translate", "scale"])
def test_frames_of_a_strip_show_its_centre_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.arange(12_000)[None, :, None], np.arange(40)[:, None, None]
    strip = (127 + 60 * np.sin(x / (7, 9, 11)) + 60 * np.cos(y / (8, 9, 10))).astype(np.uint8)
    monkeypatch.setattr(_base, "LARGEST_RESIZED", 1 << 30)
    whole = sequences.frames(strip, name, side=64)
    monkeypatch.setattr(_base, "LARGEST_RESIZED", 1 << 16)
    assert _base.prepare(strip, 64).whole.shape[1] < 6_000
    difference = np.abs(sequences.frames(strip, name, side=64).astype(int) - whole)
    assert difference.mean() < 0.5, "the sides of what is resized are whole numbers: a level or two"
