"""The parts of the ImageNet-C corruptions against slow, literal forms of their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage import color
from torch import Tensor

from robustcore import corrupt
from robustcore.corruptions.kernels import (
    box_resize,
    elastic,
    filters,
    fog,
    glass,
    motion,
    row_sums,
    snow,
    spatter,
    zoom,
)
from robustcore.corruptions.kernels import hsv as _hsv
from robustcore.randomness import Draws


@pytest.fixture
def picture() -> Tensor:
    """uint8 (1, 3, 37, 45): smooth, with edges and a white corner."""
    y, x = np.mgrid[:37, :45]
    channels = [127 + 100 * np.sin(x / 5 + c) * np.cos(y / (4 + c)) + 40 * (x > 20) for c in range(3)]
    image = np.clip(np.stack(channels), 0, 255)
    image[:, :9, :9] = 255
    return torch.from_numpy(image.astype(np.uint8))[None]


class TestFilters:
    @pytest.mark.parametrize(
        ("border", "mode"), [("replicate", "nearest"), ("reflect", "reflect"), ("reflect101", "mirror")]
    )
    @pytest.mark.parametrize("sigma", [0.7, 2.0, 12.0])
    def test_a_separable_gaussian_is_scipys(self, picture: Tensor, sigma: float, border: str, mode: str) -> None:
        weights = filters.gaussian_weights(sigma)
        wanted = ndimage.gaussian_filter(picture[0].double().numpy(), (0, sigma, sigma), mode=mode, truncate=4)
        for form in (filters._separable_tensor, filters._separable_cv):
            ours = form(picture, weights, border)  # type: ignore[arg-type]
            np.testing.assert_allclose(ours[0].numpy(), wanted, atol=2e-3)

    def test_radius_0_changes_nothing(self, picture: Tensor) -> None:
        assert torch.equal(filters.separable(picture, filters.gaussian_weights(0.1), "replicate"), picture.float())

    @pytest.mark.parametrize(
        ("radius", "alias", "total"), [(3, 0.1, 1), (6, 0.5, 1), (8, 0.5, 1.01298), (10, 0.5, 1.01079), (0.5, 0.6, 1)]
    )
    def test_the_disc_has_the_published_sum(self, radius: float, alias: float, total: float) -> None:
        assert filters.disc_kernel(radius, alias).sum() == pytest.approx(total, abs=1e-5)

    @pytest.mark.parametrize(
        ("radius", "pixels"), [(1, 5), (1.5, 9), (2.5, 21), (3, 29), (4, 49), (6, 113), (8, 197), (10, 317)]
    )
    def test_the_disc_has_the_published_pixels(self, radius: float, pixels: int) -> None:
        assert np.count_nonzero(filters.disc_kernel(radius, 0.05)) == pixels


class TestMotion:
    @pytest.mark.parametrize("angle", [-135.0, -60.0, -17.3, 0.0, 45.0])
    def test_it_is_the_sum_of_its_taps(self, picture: Tensor, angle: float) -> None:
        radius, sigma = 6, 3.0
        x = picture[0].double().numpy()
        height, width = x.shape[1:]
        rows, columns = np.mgrid[:height, :width]
        weights = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
        value = np.zeros_like(x)
        for i, weight in enumerate(weights / weights.sum()):
            dx = math.ceil(i * math.cos(math.radians(angle)) - 0.5)
            dy = math.ceil(i * math.sin(math.radians(angle)) - 0.5)
            value += weight * x[:, np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)]
        wanted = np.floor(np.floor(257 * value + 0.5) / 257)
        off = np.abs(motion.motion_blur_levels(picture, radius, sigma, [angle])[0].numpy() - wanted)
        assert off.max() <= 1
        assert (off > 0).mean() < 2e-3

    def test_a_flat_image_stays_as_it_is(self) -> None:
        for value in (0, 77, 255):
            flat = torch.full((1, 3, 32, 32), value, dtype=torch.uint8)
            assert torch.equal(motion.motion_blur_levels(flat, 10, 4.0, [-20.0]), flat)

    def test_it_starts_at_the_pixel_itself(self) -> None:
        point = torch.zeros(1, 1, 33, 33, dtype=torch.uint8)
        point[..., 16, 16] = 255
        trace = motion.motion_blur_levels(point, 5, 3.0, [0.0])[0, 0, 16]
        assert int(trace.argmax()) == 16
        assert not trace[17:].any()
        assert trace[12:17].all()


class TestZoom:
    @pytest.mark.parametrize("factor", [1.0, 1.05, 1.11, 1.3, 2.5, 4.5])
    def test_it_is_a_corner_aligned_resize_of_the_centre(self, picture: Tensor, factor: float) -> None:
        x = picture.double()
        for dim in (2, 3):
            n = x.shape[dim]
            crop = math.ceil(n / factor)
            grown = round(crop * factor)
            centre = x.narrow(dim, (n - crop) // 2, crop)
            size = [x.shape[2], x.shape[3]]
            size[dim - 2] = grown
            x = torch.nn.functional.interpolate(centre, size, mode="bilinear", align_corners=True)
            x = x.narrow(dim, (grown - n) // 2, n)
        torch.testing.assert_close(zoom.zoom(picture.float(), factor), x.float(), atol=1e-3, rtol=0)

    def test_the_central_block_is_enough(self) -> None:
        layer = torch.rand(2, 1, 50, 40)
        rows, columns = zoom.axis(50, 3), zoom.axis(40, 3)
        block = layer[..., rows.first : rows.first + rows.crop, columns.first : columns.first + columns.crop]
        assert torch.equal(zoom.zoom_block(block, 50, 40, 3), zoom.zoom(layer, 3))

    def test_the_image_itself_enters_twice(self, picture: Tensor) -> None:
        factors = (1.0, 1.02, 1.04)
        wanted = picture.float() + sum(zoom.zoom(picture.float(), f) for f in factors)
        torch.testing.assert_close(zoom.zoom_sum(picture, (1.0, *factors)), wanted, atol=1e-3, rtol=0)


class TestRowSums:
    def test_the_bits_are_those_of_whole_arrays_added_one_after_another(self) -> None:
        rng = np.random.default_rng(0)
        rows = rng.random((9, 7, 2), dtype=np.float32)
        terms = [(rng.integers(0, 9, 5), rng.random(5, dtype=np.float32)) for _ in range(6)]
        wanted = np.zeros((5, 7, 2), dtype=np.float32)
        for places, weights in terms:
            wanted += rows[places] * weights[:, None, None]
        np.testing.assert_array_equal(row_sums.RowSums(terms, 9)(rows), wanted)


class TestGlass:
    @pytest.mark.parametrize("reach", [1, 2, 4])
    def test_it_is_the_loop_of_copies_in_place(self, picture: Tensor, reach: int) -> None:
        height, width = picture.shape[-2:]
        draws = Draws(0, "glass_blur", [1])
        visited = (2, height - 2 * reach, width - 2 * reach)
        passes = [draws.integers(-reach, reach, *visited, dtype=torch.int32) for _ in range(2)]
        wanted = picture[0].clone()
        for offsets in passes:
            for h in range(height - reach, reach, -1):
                for w in range(width - reach, reach, -1):
                    dx, dy = offsets[0, :, h - reach - 1, w - reach - 1].tolist()
                    wanted[:, h, w] = wanted[:, h + dy, w + dx]
        assert not torch.equal(wanted, picture[0])
        assert torch.equal(glass.shuffle(picture, passes, reach)[0], wanted)
        moved = picture
        for offsets in passes:
            moved = glass._shuffle_tensor(moved, offsets, reach)
        assert torch.equal(moved[0], wanted)


class TestHsv:
    @pytest.mark.parametrize("shift", [0.1, 0.5, -0.3])
    def test_the_value_shift_is_skimages(self, picture: Tensor, shift: float) -> None:
        hsv = color.rgb2hsv(picture[0].permute(1, 2, 0).numpy() / 255.0)
        hsv[..., 2] = np.clip(hsv[..., 2] + shift, 0, 1)
        wanted = 255 * color.hsv2rgb(hsv).transpose(2, 0, 1)
        np.testing.assert_allclose(_hsv.shift_value(picture, shift)[0].numpy(), wanted, atol=1e-3)

    @pytest.mark.parametrize(("factor", "offset"), [(0.3, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2)])
    def test_the_saturation_is_skimages(self, picture: Tensor, factor: float, offset: float) -> None:
        picture[..., 20:25] = torch.arange(5, dtype=torch.uint8) * 60  # grey, black among it: its hue is red
        hsv = color.rgb2hsv(picture[0].permute(1, 2, 0).numpy() / 255.0)
        hsv[..., 1] = np.clip(hsv[..., 1] * factor + offset, 0, 1)
        wanted = 255 * color.hsv2rgb(hsv).transpose(2, 0, 1)
        np.testing.assert_allclose(_hsv.scale_saturation(picture, factor, offset)[0].numpy(), wanted, atol=1e-3)


class TestFog:
    def test_the_map_is_the_diamond_square_algorithm(self) -> None:
        side, decay = 16, 1.7
        noise = iter(Draws(3, "fog", [9]).uniform(side * side - 1)[0].double().tolist())
        grid = np.zeros((side, side))
        step, level = side, 0
        while step >= 2:
            half, width = step // 2, (100 / decay**level) ** 2
            centres = [(y + half, x + half) for y in range(0, side, step) for x in range(0, side, step)]
            rows = [(y, x + half) for y in range(0, side, step) for x in range(0, side, step)]
            columns = [(y + half, x) for y in range(0, side, step) for x in range(0, side, step)]
            for places, reach in (
                (centres, [(-1, -1), (-1, 1), (1, -1), (1, 1)]),
                (rows + columns, [(-1, 0), (1, 0), (0, -1), (0, 1)]),
            ):
                for y, x in places:
                    near = [grid[(y + half * dy) % side, (x + half * dx) % side] for dy, dx in reach]
                    grid[y, x] = sum(near) / 4 + width * (2 * next(noise) - 1)
            step, level = half, level + 1
        wanted = (grid - grid.min()) / (grid.max() - grid.min())
        ours = fog.plasma(Draws(3, "fog", [9]), side, decay)[0].numpy()
        np.testing.assert_allclose(ours, wanted, atol=1e-5)

    def test_black_stays_black_and_the_brightest_value_stays(self) -> None:
        maps = torch.rand(1, 64, 64)
        maps[0, 5, 5] = 1
        image = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
        assert not fog.fog_over(image, maps, 2.0).any()
        image[..., 5, 5] = 180
        assert float(fog.fog_over(image, maps, 2.0).max()) == pytest.approx(180, abs=1e-3)


class TestSnow:
    def test_the_layer_is_sparse_and_on_both_sides(self, picture: Tensor) -> None:
        layer = snow.flakes(Draws(0, "snow", range(40)), 224, 224, 0.1, 0.3, 3, 0.5)
        assert float((layer > 0).float().mean()) == pytest.approx(0.024, abs=0.004)  # measured in the reference
        flake = torch.zeros(1, 1, 37, 45, dtype=torch.uint8)
        flake[..., 3, 4] = 50
        more = snow.snow_over(picture, flake, 0.8) - snow.snow_over(picture, 0 * flake, 0.8)
        assert {(int(y), int(x)) for _, _, y, x in more.round().nonzero()} == {(3, 4), (33, 40)}

    def test_the_whitening_is_the_definition(self, picture: Tensor) -> None:
        x = picture.double() / 255
        luma = 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
        wanted = 0.7 * x + 0.3 * torch.maximum(x, 1.5 * luma + 0.5)
        ours = snow.snow_over(picture, torch.zeros(1, 1, 37, 45, dtype=torch.uint8), 0.7)
        torch.testing.assert_close(ours.double(), 255 * wanted, atol=1e-3, rtol=0)


class TestElastic:
    def test_the_affine_map_takes_the_three_points_back(self) -> None:
        jitter = Draws(0, "elastic_transform", [1, 2]).uniform(3, 2, low=-5.0, high=5.0)
        matrices = elastic.affine_matrices(jitter, 64, 64)
        corners = torch.tensor([[53.0, 53.0], [53.0, 11.0], [11.0, 11.0]], dtype=torch.float64)
        moved = torch.cat([corners + jitter.double(), torch.ones(2, 3, 1, dtype=torch.float64)], dim=2)
        torch.testing.assert_close(moved @ matrices.transpose(1, 2), corners.expand(2, 3, 2))

    def test_samples_lie_on_32nds_of_a_pixel(self) -> None:
        matrices = elastic.affine_matrices(torch.full((1, 3, 2), 1.37), 64, 48)
        columns, rows = elastic.affine_positions(matrices, 64, 48, torch.device("cpu"))
        y, x = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
        for ours, exact in ((columns[0], x - 1.37), (rows[0], y - 1.37)):
            assert torch.equal(ours * 32, (ours * 32).round())
            assert float((ours - exact).abs().max()) <= 1 / 64 + 1e-3

    @pytest.mark.parametrize("sigma", [2.44, 19.52, 170.8])
    def test_the_smoothing_is_scipys_however_wide(self, sigma: float) -> None:
        field = torch.rand(1, 1, 60, 48)
        wanted = ndimage.gaussian_filter(field[0, 0].double().numpy(), sigma, mode="reflect", truncate=3)
        np.testing.assert_allclose(elastic.smooth(field, sigma)[0, 0].numpy(), wanted, atol=1e-6)

    def test_samples_outside_are_reflected_about_the_edges(self, picture: Tensor) -> None:
        rng = np.random.default_rng(0)
        y, x = np.mgrid[:37, :45]
        at_y, at_x = y + rng.uniform(-9, 9, y.shape), x + rng.uniform(-9, 9, x.shape)
        wanted = [
            ndimage.map_coordinates(c, [at_y, at_x], order=1, mode="reflect") for c in picture[0].double().numpy()
        ]
        places = (torch.from_numpy(at.astype(np.float32))[None] for at in (at_x, at_y))
        ours = elastic.sample(picture.float(), *places, reflect101=False)[0]
        np.testing.assert_allclose(ours.numpy(), np.stack(wanted), atol=1e-2)


class TestSpatter:
    def test_the_liquid_covers_what_it_covers_in_the_reference(self) -> None:
        for sigma, threshold, cover in ((4, 0.69, 0.039), (3, 0.68, 0.155), (2, 0.68, 0.247)):
            layer = spatter.liquid(Draws(0, "spatter", range(16)), 224, 224, 0.65, 0.3, sigma, threshold)
            assert float((layer > 0).float().mean()) == pytest.approx(cover, rel=0.15)

    def test_no_liquid_leaves_the_image_alone(self, picture: Tensor) -> None:
        none = torch.zeros(1, 1, 37, 45)
        assert torch.equal(spatter.water_over(picture, none, 0.6), picture.float())
        assert torch.equal(spatter.mud_over(picture, none, 0.65, 1.5), picture.float())

    def test_mud_is_brown_and_opaque(self, picture: Tensor) -> None:
        result = spatter.mud_over(picture, torch.ones(1, 1, 37, 45), 0.65, 1.5)
        assert result[0, :, 18, 20].tolist() == pytest.approx(spatter.MUD, abs=0.01)


def test_contrast_is_taken_about_the_mean_of_each_channel(picture: Tensor) -> None:
    x = picture[0].double().numpy() / 255
    mean = x.mean(axis=(1, 2), keepdims=True)
    wanted = np.clip((x - mean) * 0.2 + mean, 0, 1) * 255
    ours = corrupt(picture, "contrast", 3, variant="imagenet")[0].numpy()
    assert (np.abs(ours - wanted.astype(np.uint8)) <= 1).all()


def test_the_second_jpeg_takes_a_quarter_off_the_noise() -> None:
    y, x = np.mgrid[:224, :224]
    smooth = np.stack([127 + 60 * np.sin(x / 40 + c) * np.cos(y / 50) for c in range(3)]).astype(np.uint8)
    image = torch.from_numpy(smooth)[None]
    stds = [
        float((corrupt(image, "gaussian_noise", 3, storage=storage).double() - image).std())
        for storage in ("memory", "jpeg85")
    ]
    assert stds[1] / stds[0] == pytest.approx(0.75, abs=0.05)


class TestBox:
    @pytest.mark.parametrize(
        ("side", "small"), [(224, 134), (224, 56), (64, 57), (33, 26), (35, 14), (299, 254), (299, 25)]
    )
    def test_it_is_pillows(self, side: int, small: int) -> None:
        pixels = np.random.default_rng(side).integers(0, 256, (side, 40, 3), dtype=np.uint8)
        # Along the rows first, whatever the order is that Pillow would take by itself.
        shrunk = (
            Image.fromarray(pixels).resize((20, side), Image.Resampling.BOX).resize((20, small), Image.Resampling.BOX)
        )
        grown = shrunk.resize((20, side), Image.Resampling.BOX).resize((40, side), Image.Resampling.BOX)
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
        for form in (box_resize._box_resize_numpy, box_resize._box_resize_tensor):
            ours = form(image, small, 20)
            assert np.array_equal(ours[0].permute(1, 2, 0).numpy(), np.asarray(shrunk))
            assert np.array_equal(form(ours, side, 40)[0].permute(1, 2, 0).numpy(), np.asarray(grown))


def test_a_drawn_severity_gives_each_image_what_that_severity_gives_it() -> None:
    images = torch.randint(0, 256, (40, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    ids = torch.arange(100, 140)
    drawn = corrupt(images, "gaussian_noise", strength="uniform", seed=3, ids=ids)
    fixed = torch.stack([corrupt(images, "gaussian_noise", s, seed=3, ids=ids) for s in range(1, 6)])
    same = (fixed == drawn).flatten(2).all(dim=2)  # (5, 40)
    assert same.sum(dim=0).tolist() == [1] * 40
    assert same.any(dim=1).all(), "40 draws meet all five severities"
    assert torch.equal(drawn[7:9], corrupt(images[7:9], "gaussian_noise", strength="uniform", seed=3, ids=ids[7:9]))
