"""The texture bank: scalar patterns that object and background share, so that texture does not reveal the class.

A pattern is uint8 and covers a square of the scene's side; colours come from the scene. Patterns are made at one size
and reduced by area to what a scene of a given side needs, so that the same scene looks the same at 64 and 224 pixels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

Field = npt.NDArray[np.float64]

MASTER = 320  # side of a pattern as it is made
_OVERSAMPLING = 1.4  # texels per image pixel at magnification 1: crisp, with little aliasing

PATTERNS = 120
CLOUDS = 60


def _grid(n: int = MASTER) -> tuple[Field, Field]:
    axis = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(axis, axis)
    return x, y


def _spread(field: Field, low: float = 1.0, high: float = 99.0) -> UInt8Array:
    """Stretch a field between two percentiles to 0..255."""
    bottom, top = np.percentile(field[::4, ::4], [low, high])
    levels: UInt8Array = (np.clip((field - bottom) / max(top - bottom, 1e-9), 0, 1) * 255 + 0.5).astype(np.uint8)
    return levels


def power_noise(rng: np.random.Generator, exponent: float, stretch: float = 1.0, n: int = MASTER) -> Field:
    """Noise whose amplitude falls with frequency**exponent; `stretch` > 1 elongates it into a grain."""
    fy = np.fft.fftfreq(n)[:, None] * stretch
    fx = np.fft.rfftfreq(n)[None]
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((n, n))) / frequency**exponent
    field = np.fft.irfft2(spectrum, s=(n, n))
    field /= field.std()
    return field


def _edge(wave: Field, softness: float) -> Field:
    """A wave in [-1, 1] pushed towards a square wave."""
    hard: Field = np.tanh(wave / softness)
    return hard


def _cells(rng: np.random.Generator, count: int) -> tuple[Field, Field]:
    """Distance to the nearest of some jittered seeds, and the random level of that seed's cell."""
    seeds = np.ones((MASTER, MASTER), np.uint8)
    pitch = MASTER / count
    at = (np.indices((count, count)).reshape(2, -1) + rng.uniform(0.1, 0.9, (2, count * count))) * pitch
    seeds[at[0].astype(int), at[1].astype(int)] = 0
    distance, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    levels = rng.random(int(label.max()) + 1)
    return distance.astype(np.float64) / pitch, levels[label]


def _rough(rng: np.random.Generator) -> Field:
    return power_noise(rng, rng.uniform(1.1, 1.9))


def _grain(rng: np.random.Generator) -> Field:
    return power_noise(rng, rng.uniform(1.2, 1.8), stretch=rng.uniform(4, 10))


def _stripes(rng: np.random.Generator) -> Field:
    _, y = _grid()
    return _edge(np.sin(math.tau * rng.integers(3, 11) * y) + rng.uniform(-0.4, 0.4), rng.choice([0.1, 0.3, 1.5]))


def _checks(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n, m = rng.integers(3, 9), rng.integers(3, 9)
    return _edge(np.sin(math.tau * n * x) * np.sin(math.tau * m * y), rng.choice([0.04, 0.2]))


def _plaid(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n, fine = rng.integers(2, 6), rng.integers(8, 16)
    wide = _edge(np.sin(math.tau * n * x), 0.2) + _edge(np.sin(math.tau * n * y), 0.2)
    return wide + 0.5 * _edge(np.sin(math.tau * fine * (x + y)), 0.4)


def _dots(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n, radius = rng.integers(4, 11), rng.uniform(0.22, 0.4)
    row = np.floor(y * n)
    u = (x * n + 0.5 * (row % 2)) % 1 - 0.5
    v = (y * n) % 1 - 0.5
    return _edge(radius - np.hypot(u, v), 0.06)


def _waves(rng: np.random.Generator) -> Field:
    x, y = _grid()
    bend = rng.uniform(0.02, 0.07) * np.sin(math.tau * (rng.integers(2, 5) * x + rng.random()))
    return _edge(np.sin(math.tau * rng.integers(4, 11) * (y + bend)), rng.choice([0.2, 1.0]))


def _marble(rng: np.random.Generator) -> Field:
    x, y = _grid()
    warp = power_noise(rng, 1.8) * rng.uniform(0.08, 0.22)
    return np.sin(math.tau * rng.integers(2, 7) * (x + 0.4 * y + warp))


def _mosaic(rng: np.random.Generator) -> Field:
    distance, level = _cells(rng, int(rng.integers(4, 11)))
    return level + 0.3 * distance


def _bubbles(rng: np.random.Generator) -> Field:
    distance, _ = _cells(rng, int(rng.integers(4, 12)))
    return -distance


def _bricks(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n = int(rng.integers(4, 10))
    row = np.floor(y * n)
    column = np.floor(x * n / 2 + 0.5 * (row % 2))
    tone = rng.uniform(0.55, 1.0, (n, n + 2))[row.astype(int), column.astype(int)]
    u = (x * n / 2 + 0.5 * (row % 2)) % 1
    v = (y * n) % 1
    return np.where((u < 0.07) | (v < 0.14), 0.0, tone)


def _chevrons(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n = rng.integers(3, 7)
    zigzag = np.abs((x * n) % 1 - 0.5) * rng.uniform(0.8, 1.6) / n
    return _edge(np.sin(math.tau * rng.integers(4, 9) * (y + zigzag)), 0.25)


def _scales(rng: np.random.Generator) -> Field:
    x, y = _grid()
    n = rng.integers(4, 10)
    nearest = np.zeros_like(x)
    for k in range(2):  # the row above overlaps the row below
        row = np.floor(y * n) - k
        u = (x * n + 0.5 * (row % 2)) % 1 - 0.5
        reach = np.hypot(u, y * n - row)
        nearest = np.where(reach < 1.05, reach, nearest)
    return nearest


_FAMILIES: tuple[Callable[[np.random.Generator], Field], ...] = (
    _rough,
    _grain,
    _stripes,
    _checks,
    _plaid,
    _dots,
    _waves,
    _marble,
    _mosaic,
    _bubbles,
    _bricks,
    _chevrons,
    _scales,
)


@functools.lru_cache(maxsize=256)
def _pattern_master(bank: int, index: int) -> UInt8Array:
    rng = np.random.default_rng([bank, 0, index])
    return _spread(_FAMILIES[index % len(_FAMILIES)](rng))


@functools.lru_cache(maxsize=128)
def _cloud_master(bank: int, index: int) -> UInt8Array:
    rng = np.random.default_rng([bank, 1, index])
    return _spread(power_noise(rng, 1.1 + 1.5 * index / CLOUDS), 0.5, 99.5)


@functools.lru_cache(maxsize=1024)
def tile(kind: str, bank: int, index: int, side: int) -> UInt8Array:
    """A pattern ("pattern", 0 .. PATTERNS - 1) or a cloud ("cloud", 0 .. CLOUDS - 1) for scenes of a side.

    Args:
        bank: another bank has other patterns of the same families.
    """
    master = _pattern_master(bank, index) if kind == "pattern" else _cloud_master(bank, index)
    n = min(MASTER, round(side * _OVERSAMPLING))
    return master if n == MASTER else cv2.resize(master, (n, n), interpolation=cv2.INTER_AREA)
