"""The thesis' corruptions against its figures and against plain NumPy and OpenCV."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.errors import InvalidArgumentError

# Laugros' thesis, figures 3.2 and 4.3. Contrast is the share taken away, quantization 10 minus the levels (9 to 4), and
# shear's lower bound ours.
RANGES = {
    "gaussian_noise": (0.05, 0.18),
    "blur": (0.4, 0.95),
    "artifacts": (15, 170),
    "obstruction": (47, 125),
    "translation": (15, 62),
    "rotation": (7, 50),
    "flip": None,
    "brightness": (0.16, 0.51),
    "contrast": (0.33, 0.74),
    "color_distortion": (0.09, 0.40),
    "quantization": (1, 6),
    "thumbnail_resize": (1.1, 3.25),
    "border": (9, 46),
    "shear": (0.078, 0.39),
    "backlight": (0.11, 0.44),
    "gray_scale": (0.49, 1.0),
}
RANGED = [name for name, strengths in RANGES.items() if strengths]


@pytest.fixture(scope="module")
def images() -> Tensor:
    """uint8 (6, 3, 64, 64): smooth coloured fields with an edge, so that blurs and shifts show."""
    rng = np.random.default_rng(5)
    fields = [cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (64, 64)) for _ in range(6)]
    for i, field in enumerate(fields):
        field[20 + i : 40, 10:50] = 255 - field[20 + i : 40, 10:50]
    return torch.from_numpy(np.stack(fields)).permute(0, 3, 1, 2).contiguous()


def grey(value: int, side: int = 224, n: int = 1) -> Tensor:
    return torch.full((n, 3, side, side), value, dtype=torch.uint8)


def test_the_suite_is_the_figures() -> None:
    assert corruptions.names("laugros") == sorted(f"laugros_{name}" for name in RANGES)
    for name, strengths in RANGES.items():
        corruption = corruptions.get(f"laugros_{name}")
        assert corruption.plain_name == name
        assert corruption.strengths == strengths


@pytest.mark.parametrize("name", RANGED)
def test_five_equally_spaced_severities_get_harder(name: str, images: Tensor) -> None:
    corruption, many = corruptions.get(f"laugros_{name}"), images.repeat(8, 1, 1, 1)
    low, high = RANGES[name]
    assert [corruption.strength_of(s) for s in (1, 3, 5)] == pytest.approx([low, (low + high) / 2, high])
    results = [corrupt(many, corruption.name, s) for s in corruption.severities]
    distances = [float((r.float() - many.float()).abs().mean()) for r in results]
    assert all(b > a > 0 for a, b in itertools.pairwise(distances)), distances


@pytest.mark.parametrize("name", RANGES)
def test_an_image_does_not_depend_on_its_batch(name: str, images: Tensor) -> None:
    ids = torch.tensor([7, 1, 12, 3, 99, 4])
    strength = "uniform" if RANGES[name] else None
    together = corrupt(images, f"laugros_{name}", strength=strength, ids=ids)
    backwards = corrupt(images.flip(0), f"laugros_{name}", strength=strength, ids=ids.flip(0)).flip(0)
    alone = torch.stack(
        [corrupt(x, f"laugros_{name}", strength=strength, ids=[i]) for x, i in zip(images, ids, strict=True)]
    )
    assert torch.equal(together, backwards)
    assert torch.equal(together, alone)


@pytest.mark.parametrize("name", RANGED)
def test_each_image_takes_its_own_strength(name: str, images: Tensor) -> None:
    low, high = RANGES[name]
    strengths = [low, high, low, high, high, low]
    mixed = corrupt(images, f"laugros_{name}", strength=strengths)
    for i, strength in enumerate(strengths):
        assert torch.equal(mixed[i], corrupt(images[i], f"laugros_{name}", strength=strength, ids=[i]))


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", [0, 77, 255])
def test_constant_and_oblong_images(name: str, value: int) -> None:
    flat = torch.full((2, 3, 40, 56), value, dtype=torch.uint8)
    result = corrupt(flat, f"laugros_{name}", 5 if RANGES[name] else None)
    assert result.shape == flat.shape
    if name in ("blur", "contrast", "thumbnail_resize", "gray_scale", "flip"):
        assert torch.equal(result, flat)  # nothing is there to take away, and rounding invents nothing


@pytest.mark.parametrize("name", RANGED)
def test_a_strength_beyond_the_figure_is_for_calibration(name: str, images: Tensor) -> None:
    corruption = corruptions.get(f"laugros_{name}")
    assert corruption.limits is not None
    weakest, hardest = corruption.limits
    untouched = corrupt(images, corruption.name, strength=weakest)
    assert int((untouched.int() - images.int()).abs().max()) <= 1  # no corruption at all
    assert not torch.equal(corrupt(images, corruption.name, strength=hardest), images)
    with pytest.raises(InvalidArgumentError, match="not"):
        corrupt(images, corruption.name, strength=hardest + 1)


def test_gaussian_noise_has_its_deviation() -> None:
    residual = corrupt(grey(128), "laugros_gaussian_noise", strength=0.1).float() - 128
    assert float(residual.std()) / 255 == pytest.approx(0.1, rel=0.01)
    assert abs(float(residual.mean())) < 0.3  # rounded, not truncated: that would be -0.5


def test_blur_is_five_boxes_at_224() -> None:
    image = np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)
    blurred = image.astype(np.float32)
    for _ in range(5):
        blurred = cv2.blur(blurred, (3, 3))  # OpenCV's border is the reflection that we take
    expected = 0.3 * image + 0.7 * blurred
    assert np.abs(corrupt(image, "laugros_blur", strength=0.7) - expected).max() < 0.51


def test_artifacts_are_lines_of_five_dots_that_stay_where_they_are() -> None:
    counts = []
    before = torch.zeros(1, 3, 224, 224, dtype=torch.bool)
    for lines in (1, 15, 60, 170):
        drawn = corrupt(grey(128, n=1), "laugros_artifacts", strength=lines, ids=[2]) != 128
        assert bool((drawn | ~before).any(dim=1).all())  # what a weaker strength draws, a stronger one keeps or covers
        counts.append(int(drawn.any(dim=1).sum()))
        before = drawn
    assert counts[0] == 5 * 3 * 3
    assert 0.75 * 170 * 45 < counts[-1] < 170 * 45  # some lines overlap or leave the image


def test_obstruction_is_one_square_that_grows_out_of_itself() -> None:
    image = np.random.default_rng(2).integers(0, 256, (224, 224, 3), np.uint8)
    values, inner = set(), None
    for side in (47, 80, 125):
        result = corrupt(image, "laugros_obstruction", strength=side, ids=[4])
        value = np.bincount(result[..., 0].ravel()).argmax()
        rows, columns = np.nonzero((result != image).any(axis=2))
        box = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
        assert (box[1] - box[0], box[3] - box[2]) == (side, side)
        assert np.all(result[box[0] : box[1], box[2] : box[3]] == value)
        if inner is not None:
            assert box[0] <= inner[0]
            assert box[1] >= inner[1]
            assert box[2] <= inner[2]
            assert box[3] >= inner[3]
        values.add(int(value))
        inner = box
    assert len(values) == 1
    small = corrupt(grey(0, 64), "laugros_obstruction", strength=112, ids=[4])
    assert int((small[0, 0] != 0).sum()) == 32 * 32  # half the side at any size


def test_translation_moves_whole_pixels_both_ways() -> None:
    image = np.random.default_rng(3).integers(1, 256, (64, 64, 3), np.uint8)
    seen = set()
    for i in range(24):
        moved = corrupt(image, "laugros_translation", strength=35, ids=[i])  # 10 pixels at 64
        for down in (-10, 10):
            for right in (-10, 10):
                expected = cv2.warpAffine(image, np.array([[1, 0, right], [0, 1, down]], float), (64, 64))
                if np.array_equal(expected, moved):
                    seen.add((down, right))
    assert len(seen) == 4


def test_rotation_is_opencvs_about_the_centre() -> None:
    image = cv2.GaussianBlur(np.random.default_rng(4).integers(0, 256, (96, 96, 3), np.uint8), (0, 0), 3)
    seen = set()
    for i in range(8):
        turned = corrupt(image, "laugros_rotation", strength=30, ids=[i])
        for degrees in (-30, 30):
            matrix = cv2.getRotationMatrix2D((47.5, 47.5), degrees, 1)
            # OpenCV places its samples on a grid of 1/32 pixel.
            if np.abs(cv2.warpAffine(image, matrix, (96, 96)).astype(int) - turned).mean() < 0.5:
                seen.add(degrees)
    assert seen == {-30, 30}


def test_flip_is_upside_down_and_has_no_severity(images: Tensor) -> None:
    assert torch.equal(corrupt(images, "laugros_flip"), images.flip(-2))
    assert corruptions.get("laugros_flip").severities == ()
    with pytest.raises(InvalidArgumentError, match="without severities"):
        corrupt(images, "laugros_flip", 3)
    with pytest.raises(InvalidArgumentError, match="without a severity"):
        corrupt(images, "laugros_flip", strength=0.5)


def test_brightness_goes_both_ways() -> None:
    results = corrupt(grey(100, 32, n=32), "laugros_brightness", strength=0.2)
    assert {int(v) for v in results.flatten(1).float().mean(dim=1)} == {49, 151}


def test_contrast_moves_towards_the_grey_mean() -> None:
    image = grey(0, 32)
    image[:, 0, :16] = 200  # grey mean 0.299 * 100 = 29.9
    result = corrupt(image, "laugros_contrast", strength=0.5)
    assert set(result[0, 0].unique().tolist()) == {15, 115}
    assert set(result[0, 1].unique().tolist()) == {15}


def test_color_distortion_adds_to_one_channel() -> None:
    results = corrupt(grey(100, 32, n=48), "laugros_color_distortion", strength=0.4)
    means = results.float().mean(dim=(2, 3))
    assert {tuple(m.tolist()) for m in means} == {(202, 100, 100), (100, 202, 100), (100, 100, 202)}


@pytest.mark.parametrize(("severity", "levels"), [(1, 9), (5, 4)])
def test_quantization_keeps_equally_spaced_levels(severity: int, levels: int) -> None:
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(1, 3, 2, 2)
    values = corrupt(ramp, "laugros_quantization", severity).unique()
    assert values.tolist() == np.floor(np.linspace(0, 255, levels) + 0.5).astype(int).tolist()


def test_thumbnail_resize_is_two_bilinear_resizes() -> None:
    image = np.random.default_rng(6).integers(0, 256, (96, 64, 3), np.uint8)
    small = cv2.resize(image.astype(np.float32), (32, 48), interpolation=cv2.INTER_LINEAR)
    expected = cv2.resize(small, (64, 96), interpolation=cv2.INTER_LINEAR)
    assert np.abs(corrupt(image, "laugros_thumbnail_resize", strength=2) - expected).max() < 0.51


def test_border_covers_a_frame_with_one_value() -> None:
    image = np.random.default_rng(7).integers(0, 256, (224, 224, 3), np.uint8)
    result = corrupt(image, "laugros_border", strength=20)
    assert np.array_equal(result[20:-20, 20:-20], image[20:-20, 20:-20])
    result[20:-20, 20:-20] = result[0, 0, 0]
    assert len(np.unique(result)) == 1


def test_shear_leaves_the_bottom_row_and_moves_the_top_row_most() -> None:
    image = grey(0, 65)
    image[..., 31:34] = 255
    centre = torch.arange(65.0)
    shifts = set()
    for i in range(8):
        rows = corrupt(image, "laugros_shear", strength=0.2, ids=[i])[0, 0].float()
        places = (rows * centre).sum(dim=1) / rows.sum(dim=1) - 32
        assert float(places[-1]) == pytest.approx(0, abs=0.01)
        assert abs(float(places[32] * 2 - places[0])) < 0.05  # straight
        shifts.add(round(float(places[0]), 1))
    assert shifts == {-13.0, 13.0}


def test_backlight_splits_the_image_in_two() -> None:
    results = corrupt(grey(128, 64, n=32), "laugros_backlight", strength=0.2)
    assert results.unique().tolist() == [77, 179]
    shares = (results[:, 0] == 179).float().mean(dim=(1, 2))
    assert float(shares.min()) > 0.05
    assert float(shares.max()) < 0.95
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.15)


def test_gray_scale_at_full_weight_is_grey(images: Tensor) -> None:
    result = corrupt(images, "laugros_gray_scale", 5)
    luma = cv2.cvtColor(images[0].permute(1, 2, 0).numpy(), cv2.COLOR_RGB2GRAY)
    assert np.abs(result[0].numpy().astype(int) - luma).max() <= 1
    assert torch.equal(result[:, 0], result[:, 2])
