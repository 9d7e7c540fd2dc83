"""The 40 candidates against the published release's figures, and against Albumentations 2.0.8 where it is equivalent."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.metrics import structural_similarity
from sklearn.datasets import load_sample_image
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.errors import InvalidArgumentError
from robustcore.metrics.distance import mean_absolute_difference, psnr, ssim
from robustcore.randomness import Draws

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as album

FIGURES = pd.read_csv(Path(__file__).parent.parent / "data" / "candidates_0_5_2.csv").set_index("candidate")
NAMES = corruptions.names("candidates-40")
SEEDS = 16
SOME_IDS = torch.tensor([7, 1, 12, 3, 99, 4])


@pytest.fixture(scope="module")
def china() -> Tensor:
    """uint8 (3, 224, 224): the centre square of the photograph."""
    photograph = load_sample_image("china.jpg")
    left = (photograph.shape[1] - photograph.shape[0]) // 2
    square = np.ascontiguousarray(photograph[:, left : left + photograph.shape[0]])
    return torch.from_numpy(cv2.resize(square, (224, 224), interpolation=cv2.INTER_AREA)).permute(2, 0, 1).contiguous()


@pytest.fixture(scope="module")
def small(china: Tensor) -> Tensor:
    """uint8 (6, 3, 64, 64): pieces of the photograph."""
    return torch.stack([china[:, 30 * i : 30 * i + 64, 25 * i : 25 * i + 64] for i in range(6)])


def array(image: Tensor) -> Any:
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def test_the_suites() -> None:
    plain = {corruptions.get(name).plain_name.replace("_", "") for name in NAMES}
    assert plain == {str(candidate).lower() for candidate in FIGURES.index}
    assert len(NAMES) == 40
    assert all(name == f"album_{corruptions.get(name).plain_name}" for name in NAMES)
    syn2nat = corruptions.names("syn2nat")
    assert len(syn2nat) == 18
    assert {"album_solarize", "album_random_rain", "album_iso_noise", "album_to_sepia"} < set(syn2nat) < set(NAMES)


@pytest.mark.parametrize("candidate", FIGURES.index)
def test_distances_to_clean_are_the_published_releases(candidate: str, china: Tensor) -> None:
    """Within 4 standard errors, of our sample and of theirs together, or within 3 %."""
    name = next(n for n in NAMES if corruptions.get(n).plain_name.replace("_", "") == candidate.lower())
    clean = china.expand(SEEDS, -1, -1, -1).contiguous()
    result, theirs = corrupt(clean, name), FIGURES.loc[candidate]
    for key, distance in (("mean_abs_diff", mean_absolute_difference), ("psnr", psnr), ("ssim", ssim)):
        values = distance(clean, result)
        values = values[torch.isfinite(values)]  # a brightness shift below half a level leaves no PSNR
        mean, sd, n = (theirs[f"{key}_mean"], theirs[f"{key}_sd"], theirs["n_seeds"])
        if key == "mean_abs_diff":
            mean, sd, n = (theirs["mean_abs_diff_mean_300"], theirs["mean_abs_diff_sd_300"], 300)
        error = math.hypot(float(values.std()) / math.sqrt(len(values)), sd / math.sqrt(n))
        difference = abs(float(values.mean()) - mean)
        assert difference < max(4 * error, 0.03 * abs(mean)), f"{key}: {float(values.mean()):.4f}, not {mean:.4f}"


def test_the_distances_are_scikit_images(china: Tensor) -> None:
    result = corrupt(china, "album_iso_noise")
    ours, theirs = (
        float(ssim(china[None], result[None])),
        structural_similarity(array(china), array(result), win_size=7, channel_axis=-1, data_range=255),
    )
    assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_does_not_depend_on_its_batch(name: str, small: Tensor) -> None:
    before = small.clone()
    together = corrupt(small, name, ids=SOME_IDS)
    assert torch.equal(small, before)
    assert torch.equal(corrupt(small.flip(0), name, ids=SOME_IDS.flip(0)).flip(0), together)
    alone = torch.stack([corrupt(x, name, ids=[i]) for x, i in zip(small, SOME_IDS, strict=True)])
    assert torch.equal(alone, together)


@pytest.mark.parametrize("name", NAMES)
def test_draws_belong_to_seed_and_id(name: str, china: Tensor) -> None:
    same = china[None, :, 40:168, 40:168].expand(8, -1, -1, -1)
    one, other = corrupt(same, name), corrupt(same, name, seed=1)
    if corruptions.get(name).deterministic:
        assert len(one.unique(dim=0)) == 1
        assert torch.equal(one, other)
    else:
        assert len(one.unique(dim=0)) > 1
        assert not torch.equal(one, other)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (45, 70), (130, 101)])
def test_other_sizes_and_constant_images(name: str, height: int, width: int) -> None:
    flat = torch.full((2, 3, height, width), 190, dtype=torch.uint8)
    result = corrupt(flat, name)
    assert result.shape == flat.shape
    assert result.dtype == torch.uint8
    if name in (
        "album_blur",
        "album_median_blur",
        "album_motion_blur",
        "album_downscale",
        "album_flip",
        "album_rotate",
    ):
        assert int((result.int() - 190).abs().max()) <= 1  # nothing is there to blur or to move


def test_there_are_no_severities(small: Tensor) -> None:
    assert corruptions.get("album_blur").severities == ()
    with pytest.raises(InvalidArgumentError, match="album_blur is defined without severities"):
        corrupt(small, "album_blur", 3)
    with pytest.raises(InvalidArgumentError, match="no continuous strength"):
        corrupt(small, "album_blur", strength=0.5)


# Candidates that work on the batch at once, and what Albumentations 2.0.8 makes of the same drawn parameters.
Applied = Callable[[Any, Draws], Any]


def _coarse_dropout(image: Any, draws: Draws) -> Any:
    number = int(draws.integers(16, 49, 1))
    tops, lefts = (draws.integers(0, 64 - 2 + 1, 48)[0, :number].numpy() for _ in range(2))
    holes = np.stack([lefts, tops, lefts + 2, tops + 2], axis=-1)
    return album.CoarseDropout(fill=0).apply(image, holes, seed=0)


def _flip(image: Any, draws: Draws) -> Any:
    way = int(draws.integers(0, 3))
    image = album.HorizontalFlip().apply(image) if way != 1 else image
    return album.VerticalFlip().apply(image) if way != 0 else image


def _grid_shuffle(image: Any, draws: Draws) -> Any:
    corners = [(16 * i, 16 * j) for i in range(4) for j in range(4)]
    tiles = np.array([[y, x, y + 16, x + 16] for y, x in corners])
    order = draws.permutation(16)[0].tolist()  # the tile that comes to each place
    return album.RandomGridShuffle((4, 4)).apply(image, tiles, [order.index(i) for i in range(16)])


def _affines(image: Any, draws: Draws) -> Any:
    factor = float(draws.uniform(low=0.6, high=0.8))
    matrix = np.array([[factor, 0, (1 - factor) * 31.5], [0, factor, (1 - factor) * 31.5], [0, 0, 1]])
    return album.Affine(border_mode=cv2.BORDER_REFLECT_101).apply(image, matrix, (64, 64))


def _contrast(image: Any, draws: Draws) -> Any:
    factor = float(draws.uniform(low=-0.5, high=2.5))
    return album.RandomBrightnessContrast().apply(image, alpha=factor, beta=0.0)


def _whole(*transforms: Any) -> Applied:
    return lambda image, _: album.Sequential(list(transforms), p=1)(image=image)["image"]


EQUIVALENT: dict[str, Applied] = {
    "affines": _affines,
    "border": _whole(
        album.CenterCrop(37, 37), album.PadIfNeeded(64, 64, border_mode=cv2.BORDER_CONSTANT, fill=0)
    ),  # 130 pixels at 224
    "channel_dropout": lambda image, draws: album.ChannelDropout().apply(image, [int(draws.integers(0, 3, 1))]),
    "coarse_dropout": _coarse_dropout,
    "downscale": _whole(album.Downscale(scale_range=(0.45, 0.45), p=1)),
    "flip": _flip,
    "invert_img": _whole(album.InvertImg(p=1)),
    "posterize": _whole(album.Posterize(2, p=1)),
    "random_brightness": lambda image, draws: album.RandomBrightnessContrast().apply(
        image, alpha=1.0, beta=255 * float(draws.uniform(low=-0.9, high=0.9))
    ),
    "random_contrast": _contrast,
    "random_gamma": lambda image, draws: album.RandomGamma().apply(image, int(draws.integers(300, 1001)) / 100),
    "random_grid_shuffle": _grid_shuffle,
    "solarize": _whole(album.Solarize(threshold_range=(200 / 255, 200 / 255), p=1)),
    "to_sepia": _whole(album.ToSepia(p=1)),
}


@pytest.mark.parametrize("name", EQUIVALENT)
def test_batch_forms_equal_albumentations(name: str, small: Tensor) -> None:
    ours = corrupt(small, f"album_{name}", ids=SOME_IDS)
    for image, result, i in zip(small, ours, SOME_IDS, strict=True):
        expected = EQUIVALENT[name](array(image), Draws(0, f"album_{name}", [int(i)]))
        assert np.array_equal(array(result), expected)


def test_multiplicative_noise_is_albumentations_but_for_stray_ones(small: Tensor) -> None:
    ours = corrupt(small[0], "album_multiplicative_noise", ids=[5])
    factors = Draws(0, "album_multiplicative_noise", [5]).uniform(64, 64, 1, low=0.7, high=1.3)[0].numpy()
    theirs = album.MultiplicativeNoise().apply(array(small[0]), np.repeat(factors, 3, axis=-1))
    difference = np.abs(array(ours).astype(int) - theirs)
    assert difference.max() <= 1
    assert len(np.unique(array(ours) / np.maximum(array(small[0]), 1))) > 100


@pytest.mark.parametrize("name", ["album_image_compression", "album_jpeg_compression"])
def test_both_jpeg_candidates_swap_the_channels_of_the_encoder(name: str, china: Tensor) -> None:
    results = corrupt(china.expand(12, -1, -1, -1), name)
    codecs = {
        cv2.imdecode(
            cv2.imencode(".jpg", array(china), (cv2.IMWRITE_JPEG_QUALITY, q))[1], cv2.IMREAD_COLOR
        ).tobytes(): q
        for q in range(5, 16)
    }
    qualities = [codecs[array(r).tobytes()] for r in results]
    assert len(set(qualities)) > 4


def test_lengths_follow_the_side() -> None:
    white = torch.full((40, 3, 112, 112), 255, dtype=torch.uint8)
    hole = (corrupt(white, "album_cutout") == 0)[:, 0].flatten(1).sum(dim=1)
    assert int(hole.max()) == 75 * 75  # 150 x 150 at 224
    assert int((corrupt(white[0], "album_border")[0] > 0).sum()) == 65 * 65
    kernels = {112: 5, 224: 9, 448: 19}  # at most 9 at 224
    for side, kernel in kernels.items():
        edge = torch.zeros(24, 3, side, side, dtype=torch.uint8)
        edge[..., side // 2 :] = 255
        mixed = (corrupt(edge, "album_blur")[:, 0, 0] % 255 > 0).sum(dim=1)
        assert int(mixed.max()) == kernel - 1


def test_one_contrast_in_six_turns_black() -> None:
    white = torch.full((600, 3, 32, 32), 255, dtype=torch.uint8)
    black = corrupt(white, "album_random_contrast").flatten(1).max(dim=1).values == 0
    assert float(black.float().mean()) == pytest.approx(1 / 6, abs=4 * math.sqrt(5 / 36 / 600))


def test_importing_asks_nothing_and_albumentations_waits() -> None:
    """Albumentations is imported by the first candidate that calls it, with its question to the network silenced."""
    program = (
        "import os, sys, torch; from robustcore import corruptions, corrupt; "
        "assert 'albumentations' not in sys.modules; "
        "corrupt(torch.zeros(1, 3, 32, 32, dtype=torch.uint8), 'album_blur'); "
        "assert 'albumentations' in sys.modules; assert os.environ['NO_ALBUMENTATIONS_UPDATE'] == '1'"
    )
    clean = {k: v for k, v in os.environ.items() if k != "NO_ALBUMENTATIONS_UPDATE"}
    done = subprocess.run([sys.executable, "-c", program], env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
