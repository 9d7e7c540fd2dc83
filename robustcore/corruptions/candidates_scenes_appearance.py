"""Candidates calibrated for scenes: colour, noise, blur and digital ones; see `_calibrated.py`.

Lengths in pixels are for side 224, as in `candidates.py`. Powers are computed in Python, so no bit depends on the batch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions._base import Size
from robustcore.corruptions._calibrated import calibrated
from robustcore.corruptions.albumentations_like import colour_noise_blur, operations
from robustcore.corruptions.albumentations_like.batches import odd, on_host, per_image, sign, truncated, uniform
from robustcore.corruptions.albumentations_like.transforms import album
from robustcore.randomness import Draws


def _widths(strength: Tensor, kernel: float, size: Size) -> list[float]:
    """Sides of a blur: 1 at no strength, the published kernel at 1."""
    widths: list[float] = (1 + strength.to(torch.float64) * (odd(kernel, size) - 1)).tolist()
    return widths


def _towards(x: Tensor, goal: Tensor, strength: Tensor) -> Tensor:
    """Blend, rounded to the nearest level."""
    start = x.to(torch.float32)
    return truncated(start + per_image(strength) * (goal - start) + 0.5)


@calibrated("colour", "Takes a channel away, by the strength's share of it.")
def channel_dropout(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    dropped = torch.arange(3, device=x.device) == draws.integers(0, 3, 1)  # (n, 3)
    return _towards(x, x * ~per_image(dropped), strength)


@calibrated(
    "colour", "Changes brightness, contrast and saturation by 70 % up or down and turns the hue halfway.", most=1.4
)
def color_jitter(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The published turn of up to 0.7 exceeds the largest possible one, 0.5, which is the limit here."""
    factors = 1 + 0.7 * strength[:, None] * sign(draws, 3)
    turns = 0.5 * strength.clamp(max=1) * sign(draws)
    return operations.jitter(x, factors.tolist(), turns.tolist(), draws.permutation(4).tolist())


@calibrated("colour", "Turns the hue halfway and shifts saturation and value by 150 and 100 levels up or down.", most=2)
def hue_saturation_value(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """OpenCV's hues wrap at 180; the published shift of up to 100 exceeds the largest possible one, 90."""
    signs = sign(draws, 3)
    shifts = (90 * strength.clamp(max=1), 150 * strength, 100 * strength)
    return on_host(x, colour_noise_blur.shift_hsv, *((s * signs[:, i]).tolist() for i, s in enumerate(shifts)))


@calibrated(
    "colour", "Inverts every value; below 1, the darkest ones, up to 256 times the strength.", deterministic=True
)
def invert_img(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Blending would give grey at one half and become clearer again beyond it."""
    return torch.where(x < per_image(256 * strength), 255 - x, x)


@calibrated("colour", "Adds 0.9 of the range to every value, or subtracts it.", most=1.1)
def random_brightness(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return truncated(x + per_image(0.9 * 255 * strength * sign(draws)))


@calibrated("colour", "Multiplies every value by 2.5, or by -0.5, which is black.")
def random_contrast(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return truncated(x * per_image(1 + 1.5 * strength * sign(draws)))


@calibrated("colour", "Darkens by a gamma of 10 to the power of the strength.", most=1.5, deterministic=True)
def random_gamma(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return operations.gamma(x, [10**s for s in strength.tolist()])


@calibrated("colour", "Adds 200 levels to each channel, or subtracts them.", most=1.25)
def rgb_shift(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return truncated(x + per_image(200 * strength[:, None] * sign(draws, 3)))


@calibrated(
    "colour", "Inverts the values of 200 and more, and 56 levels more with each unit.", most=4.5, deterministic=True
)
def solarize(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return torch.where(x >= per_image(256 - 56 * strength), 255 - x, x)


@calibrated("colour", "Turns the image sepia, by the strength's share.", deterministic=True)
def to_sepia(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return _towards(x, on_host(x, album("ToSepia").apply), strength)


@calibrated("noise", "Adds independent normal noise of a deviation of 31.6 grey levels.", most=4)
def gauss_noise(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return truncated(draws.normal(*x.shape[1:]).mul_(per_image(strength * 1000**0.5)).add_(x))


@calibrated("noise", "Adds coloured sensor noise: hues turn by a deviation of 180 degrees.", most=2)
def iso_noise(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return operations.iso_noise(x, draws, strength, 180 * strength)


@calibrated("noise", "Multiplies every pixel by a factor of 0.7 to 1.3, one for the three channels.", most=3)
def multiplicative_noise(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    factors = 1 + per_image(0.3 * strength) * draws.uniform(1, size.height, size.width, low=-1, high=1)
    return truncated(factors * x)


@calibrated("blur", "Blurs with a box of 9 pixels.", most=4, deterministic=True)
def blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, colour_noise_blur.box_blur, _widths(strength, 9, size))


@calibrated("blur", "Blurs with a Gaussian of deviation 2.3 pixels.", most=4, deterministic=True)
def gaussian_blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    strengths = strength.tolist()
    sigmas = [max(2.3 * size.share_of_224 * s, 1e-3) for s in strengths]  # OpenCV takes 0 for a default
    return on_host(x, colour_noise_blur.gaussian_blur, [odd(13 * max(s, 1), size) for s in strengths], sigmas)


@calibrated("blur", "Takes the median of a square of 11 pixels.", most=4, deterministic=True)
def median_blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, colour_noise_blur.median_blur, [(w - 1) / 2 for w in _widths(strength, 11, size)])


@calibrated(
    "blur", "Averages along a line between two random cells of a kernel of 17 pixels, which also shifts.", most=4
)
def motion_blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    side = odd(17, size)
    cells = operations.line_cells(draws, [side] * len(x))
    ends = torch.tensor(cells, dtype=torch.float64).view(2, -1, 2) - side // 2  # from the kernel's middle
    return on_host(x, colour_noise_blur.line_blur, *(ends * strength.to("cpu", torch.float64)[:, None]).tolist())


@calibrated("digital", "Goes down to 45 % of the size and up again, nearest pixel.", most=1.6, deterministic=True)
def downscale(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, album("Downscale").apply, (1 - 0.55 * strength.to(torch.float64)).tolist())


def _filtered(x: Tensor, strength: Tensor, changes: list[list[list[float]]]) -> Tensor:
    """Convolve with the identity kernel plus the strength times a change, (3, 3) for each image."""
    unchanged = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=np.float32)
    kernels = unchanged + strength.cpu().numpy()[:, None, None] * np.array(changes, dtype=np.float32).reshape(-1, 3, 3)
    return on_host(x, album("Emboss").apply, kernels)


@calibrated("digital", "Lights the edges from one corner, by a 3 x 3 kernel.", most=4, deterministic=True)
def emboss(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return _filtered(x, strength, [[[-1.7, -0.7, 0], [-0.7, 0, 0.7], [0, 0.7, 1.7]]] * len(x))


@calibrated("digital", "Sharpens by a 3 x 3 kernel, at an alpha of 0.6.", most=4)
def sharpen(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    lightness = uniform(draws, 0.6, 1.0)
    return _filtered(x, strength, [[[-0.6] * 3, [-0.6, 0.6 * (7 + v), -0.6], [-0.6] * 3] for v in lightness])


def _jpeg(x: Tensor, draws: Draws, strength: Tensor) -> Tensor:
    """Qualities are whole numbers: one of the two nearest is drawn, in proportion to its closeness."""
    qualities = [max(1.0, 100 * 20**-s) for s in strength.tolist()]
    return operations.jpeg(x, [int(q + u) for q, u in zip(qualities, uniform(draws, 0, 1), strict=True)])


@calibrated("digital", "Compresses as JPEG of quality 5.", most=1.5)
def image_compression(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return _jpeg(x, draws, strength)


@calibrated("digital", "Compresses as JPEG of quality 5: the experiment's second name for ImageCompression.", most=1.5)
def jpeg_compression(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return _jpeg(x, draws, strength)


@calibrated(
    "digital", "Keeps 2 bits of every value, and 6 fewer levels' bits with each unit.", most=1.16, deterministic=True
)
def posterize(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    steps = torch.tensor([2 ** (6 * s) for s in strength.tolist()], dtype=torch.float32, device=x.device)
    return truncated((x / per_image(steps)).floor() * per_image(steps))
