"""Makes the shipped frost textures: `python -m robustcore.corruptions.frost_textures.make`.

Each starts as drawn ice (`drawing.py`). Its spectrum and its distribution of grey levels are then adjusted alternately to
the original's statistics (`statistics.py`), and it gets colours with the original's means, deviations and correlations.
One seed gives the same files, for one version of NumPy and OpenCV.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from robustcore import paths
from robustcore.corruptions.frost_textures.drawing import STRUCTURES, Picture, cloud
from robustcore.corruptions.frost_textures.statistics import BINS, CROP, PERCENTS, TEXTURES, Crops, Texture, measure

# The seeds, out of a few each, whose textures are closest to the statistics.
SEEDS = {"frost1": 2, "frost2": 12, "frost4": 2, "frost5": 3}
QUALITY = 97  # of the JPEG files, 4:4:4; a lower quality blurs the finest structure

_MARGIN = 96  # mirrored around a picture before its spectrum is filtered
# Frequencies (cycles a pixel) between which a gain is interpolated: four below the first bin's middle, then the bins'.
_SLOW = np.array([1e-5, 0.5, 1.3, 3.0, 6.0]) / CROP
_SLOW[0] = 1e-5
_BANDS = np.concatenate([_SLOW, (np.arange(1, BINS) + 0.5) / (2 * BINS), [0.7]])
_ROUNDS, _STEPS = 11, 9
# Units of the crops' statistics: about the uncertainty of the published ones.
_WEIGHTS = {"crop_mean": 0.7, "crop_std": 0.05, "inside_std": 0.01, "autocorrelation": 0.012, "log_psd": 0.03}


def make(name: str, seed: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8: one texture."""
    texture = TEXTURES[name]
    rng = np.random.default_rng(seed)
    drawn = STRUCTURES[name](rng, *texture.size)
    return _coloured(_matched(drawn, texture), texture, rng)


def build(folder: Path) -> None:
    """Make all textures and write them as JPEG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        image = Image.fromarray(make(name, seed))
        image.save(folder / f"{name}.jpg", quality=QUALITY, subsampling=0, optimize=True)


def _matched(grey: Picture, texture: Texture) -> Picture:
    """The picture with the texture's distribution of grey levels and approximately its crop statistics."""
    grey = _with_spectrum(_with_levels(grey, texture), texture, _ROUNDS, slow=True)
    best, least = grey, np.inf
    bent = 0.0
    for _ in range(_STEPS):
        # Newton's method for the few parameters that control the first bin and the crops' means, then the other bins again.
        gaps = _gaps(grey, texture)
        slopes = [(_gaps(_turned(grey, texture, knob), texture) - gaps) / 0.08 for knob in 0.08 * np.eye(8)]
        damped = np.vstack([np.stack(slopes, axis=1), np.eye(8)])
        turn = np.linalg.lstsq(damped, np.concatenate([-gaps, np.zeros(8)]), rcond=None)[0]
        turn = 0.7 * np.clip(turn, -0.4, 0.4)
        turn[4] = np.clip(bent + turn[4], -0.45, 0.45) - bent  # no part of the picture may lose all its contrast
        bent += turn[4]
        grey = _with_spectrum(_turned(grey, texture, turn), texture, 3)
        spectrum = (measure(grey, seed=3).log_psd - texture.log_psd) / 0.04
        score = float((np.concatenate([_gaps(grey, texture), spectrum]) ** 2).mean())
        if score < least:
            best, least = grey, score
    return best


def _gaps(grey: Picture, texture: Texture) -> npt.NDArray[np.float64]:
    """(11,) weighted differences between the crops' statistics and the texture's."""
    crops = measure(grey, seed=3)
    return np.concatenate(
        [
            [(crops.crop_mean - texture.crop_mean) / _WEIGHTS["crop_mean"]],
            [np.log(crops.crop_std / texture.crop_std) / _WEIGHTS["crop_std"]],
            [np.log(crops.inside_std / texture.inside_std) / _WEIGHTS["inside_std"]],
            (crops.autocorrelation - texture.autocorrelation) / _WEIGHTS["autocorrelation"],
            [(crops.log_psd[0] - texture.log_psd[0]) / _WEIGHTS["log_psd"]],
        ]
    )


def _turned(grey: Picture, texture: Texture, knobs: npt.NDArray[np.float64]) -> Picture:
    """The picture after eight adjustments: log gains of four slow bands, contrast and brightness of the middle, slopes."""
    height, width = grey.shape
    middle = _coverage(height, width)
    gains = np.exp([knobs[0], *knobs[:4], 0, 0])
    grey = _filtered(grey, np.concatenate([_SLOW, [0.06, 0.7]]), gains)
    local = cv2.GaussianBlur(grey, (0, 0), 12)
    grey = local + (grey - local) * np.exp(knobs[4] * middle / np.abs(middle).max())
    down, right = np.linspace(1, -1, height)[:, None], np.linspace(1, -1, width)[None]
    return _with_levels(grey + 20 * knobs[5] * middle + 10 * knobs[6] * down + 10 * knobs[7] * right, texture)


def _with_spectrum(grey: Picture, texture: Texture, rounds: int, slow: bool = False) -> Picture:
    """The picture adjusted to the texture's spectrum except in the first bin; `slow`: roughly in the first one too."""
    for _ in range(rounds):
        crops = measure(grey, seed=3)
        gaps = 0.5 * np.log(10) * (np.array(texture.log_psd) - crops.log_psd)
        gains = np.concatenate([_slow_gaps(crops, texture, gaps[0]) if slow else np.zeros(5), gaps[1:], gaps[-1:]])
        grey = _with_levels(_filtered(grey, _BANDS, np.exp(0.8 * np.clip(gains, -1, 1))), texture)
    return grey


def _slow_gaps(crops: Crops, texture: Texture, first_bin: float) -> npt.NDArray[np.float64]:
    """(5,) log gains of the slow bands that move the crops' statistics in the right direction: a starting point."""
    between = np.clip(np.log(texture.crop_std / crops.crop_std), -0.3, 0.3)
    inside = np.log(texture.inside_std / crops.inside_std)
    near, far, farthest = (np.array(texture.autocorrelation) - crops.autocorrelation)[-3:]
    return np.array(
        [
            between,
            0.7 * between + 0.3 * (inside + 2 * farthest),
            0.7 * inside + 1.25 * (far + farthest),
            first_bin + 0.5 * near,
            first_bin - 0.4 * (near + far),
        ]
    )


def _filtered(grey: Picture, frequencies: npt.NDArray[np.float64], gains: npt.NDArray[np.float64]) -> Picture:
    padded = np.pad(grey, _MARGIN, mode="reflect")
    y, x = np.fft.fftfreq(padded.shape[0]), np.fft.rfftfreq(padded.shape[1])
    radius = np.log(np.maximum(np.hypot(y[:, None], x[None]), 1e-5))
    gain = np.exp(np.interp(radius, np.log(frequencies), np.log(gains)))
    result: Picture = np.fft.irfft2(np.fft.rfft2(padded) * gain, padded.shape)
    return result[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _with_levels(grey: Picture, texture: Texture) -> Picture:
    """The picture with its grey levels mapped, in their order, to the texture's percentiles."""
    low, high = texture.percentiles[:2], texture.percentiles[-2:]
    values = [low[0] - 0.9 * (low[1] - low[0]), *texture.percentiles, high[1] + 0.9 * (high[1] - high[0])]
    law = NormalDist()
    fine = np.linspace(0, 100, 401)
    # Linear between the percentiles over the normal distribution's quantiles, so a normal picture stays normal.
    places, ends = ([law.inv_cdf(min(max(p / 100, 5e-4), 1 - 5e-4)) for p in ps] for ps in (fine, (0, *PERCENTS, 100)))
    return np.interp(grey, np.percentile(grey, fine) + 1e-9 * np.arange(len(fine)), np.interp(places, ends, values))


def _coverage(height: int, width: int) -> Picture:
    """The number of crops that contain a pixel, centred and scaled so that adding it raises the crops' mean by 1."""
    down, right = (np.convolve(np.ones(length - CROP), np.ones(CROP), mode="full") for length in (height, width))
    count = np.zeros((height, width))
    count[: len(down), : len(right)] = down[:, None] * right[None]
    centred = count - count.mean()
    result: Picture = centred * count.sum() / (count * centred).sum()
    return result


def _coloured(grey: Picture, texture: Texture, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 whose channels have the texture's means, deviations and correlations, and the grey as their mean.

    Each channel follows the grey picture as far as it correlates with it; two more fields, of large and of small spots,
    carry the rest of the channels' covariance.
    """
    red_green, red_blue, green_blue = (min(c, 0.998) for c in texture.correlation)
    correlation = np.array([[1, red_green, red_blue], [red_green, 1, green_blue], [red_blue, green_blue, 1]])
    covariance = correlation * np.outer(texture.std, texture.std)
    variance = covariance.mean()  # of the mean of the channels
    follows = covariance.mean(axis=0) / variance
    rest, directions = np.linalg.eigh(covariance - np.outer(follows, follows) * variance)
    basis = [(grey - grey.mean()) / grey.std()]
    image = np.array(texture.mean) + np.sqrt(variance) * basis[0][..., None] * follows
    for i, scale in ((2, 110.0), (1, 8.0)):
        field = cloud(rng, grey.shape[0], grey.shape[1], scale)
        for other in basis:
            field = field - (field * other).mean() * other
        field = (field - field.mean()) / field.std()
        basis.append(field)
        image = image + np.sqrt(max(rest[i], 0)) * field[..., None] * directions[:, i]
    pixels: npt.NDArray[np.uint8] = np.clip(image, 0, 255).round().astype(np.uint8)
    return pixels


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else paths.assets() / "frost")
