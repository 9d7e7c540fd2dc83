"""Draws the four ice patterns that the procedural frost textures start from, as unscaled grey pictures."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float64]
Canvas = npt.NDArray[np.float32]
Point = npt.NDArray[np.float64]

_FINE = 2  # strokes are drawn at twice the size and averaged down
_SHIFT = 4  # binary places of OpenCV's sub-pixel coordinates


def cloud(rng: np.random.Generator, height: int, width: int, scale: float, aspect: float = 1.0) -> Picture:
    """Smooth normal noise of mean 0 and variance 1 with spots of about `scale` pixels, `aspect` times as high."""
    noise = rng.standard_normal((height, width))
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=scale / 2, sigmaY=scale / 2 * aspect, borderType=cv2.BORDER_REFLECT)
    result: Picture = (noise - noise.mean()) / noise.std()
    return result


def pack_ice(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Large soft patches under fine wrinkled ridges."""
    grey: Picture = np.tanh(1.5 * cloud(rng, height, width, 180))
    bend_x, bend_y = (14 * cloud(rng, height, width, 60) for _ in range(2))
    y, x = np.mgrid[:height, :width]
    at_x, at_y = (x + bend_x).astype(np.float32), (y + bend_y).astype(np.float32)
    for scale, amount in ((44, 0.7), (22, 0.8), (11, 0.8), (6, 0.6)):
        ridge = np.clip(1 - np.abs(cloud(rng, height, width, scale)) / 1.2, 0, 1) ** 3
        density = 0.5 + 0.5 * np.clip(cloud(rng, height, width, 90) + 0.3, 0, 1.5)
        bent = cv2.remap(ridge.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        grey = grey + amount * bent * density
    return grey


def feathers(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Dense feathers and needles in all directions over a ground that darkens from the top left."""

    def layer(count: int, least: float, most: float, value: float, thickest: int) -> Canvas:
        canvas = _canvas(height, width)
        for _ in range(count):
            start = np.array([rng.uniform(-20, width + 20), rng.uniform(-20, height + 20)]) * _FINE
            length = rng.uniform(least, most) * _FINE
            _feather(canvas, rng, start, length, int(rng.integers(1, thickest + 1)), value * rng.uniform(0.4, 1))
        return canvas

    layers = [layer(110, 15, 45, 0.4, 1) for _ in range(4)]
    layers += [layer(40, 50, 120, 0.6, 2) for _ in range(2)] + [layer(10, 100, 200, 0.8, 3)]
    grey = _overlay(layers, height, width)
    y, x = np.mgrid[:height, :width] / max(height, width)
    ground = 0.2 * cloud(rng, height, width, 3) + 0.25 * cloud(rng, height, width, 80)
    grey += grey.std() * ground - 0.35 * np.hypot(x, 1.3 * y)
    return grey


def granules(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Grain in vertical streaks, with scattered bright and dark leaves and a bright upper edge."""
    streaks = 0.6 * cloud(rng, height, width, 5, 14) + 0.5 * cloud(rng, height, width, 14, 8)
    grain = sum(amount * cloud(rng, height, width, scale) for scale, amount in ((2.2, 1.1), (4.5, 0.7), (9, 0.35)))
    grey = streaks + grain * (1 + 0.3 * cloud(rng, height, width, 50))
    for sign, count in ((1, 230), (-1, 150)):
        blades, ribs = _canvas(height, width), _canvas(height, width)
        for _ in range(count):
            upright = rng.random() < 0.6
            angle = np.pi / 2 + rng.normal(0, 0.7) if upright else rng.uniform(0, 2 * np.pi)
            length = rng.uniform(6, 26) * _FINE * rng.uniform(0.5, 1)
            start = np.array([rng.uniform(0, width), rng.uniform(0, height)]) * _FINE
            value = rng.uniform(0.4, 1)
            _leaf(blades, start, angle, length, length * rng.uniform(0.1, 0.22), value)
            _stroke(ribs, start, start + length * _direction(angle), 1, value)
        foliage = cv2.resize(blades + 0.8 * ribs, (width, height), interpolation=cv2.INTER_AREA)
        grey = grey * (1 - 0.5 * np.clip(foliage, 0, 1)) + sign * 3.6 * foliage
    edge: Picture = 4 * np.exp(-np.arange(height) / 12)[:, None]
    return grey + edge + 0.5 * cloud(rng, height, width, 70)


def ferns(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Star and fern crystals, thinning out downwards, with a white corner at the top right."""

    def layer(count: int, least: float, most: float, value: float) -> Canvas:
        canvas = _canvas(height, width)
        for _ in range(count):
            x, y = rng.uniform(0, width), rng.uniform(0, height)
            if rng.random() > 0.9 + 0.3 * x / width - 0.55 * y / height:
                continue
            size = rng.uniform(least, most) * _FINE / 2
            _fern(canvas, rng, np.array([x, y]) * _FINE, size, value * rng.uniform(0.4, 1))
        return canvas

    layers = [layer(*kind) for kind in ((420, 8, 20, 0.4), (420, 12, 30, 0.5), (300, 20, 60, 0.7), (150, 26, 64, 1.0))]
    grey = _overlay(layers, height, width)
    glow = cv2.GaussianBlur(grey, (0, 0), 5)
    y, x = np.mgrid[:height, :width]
    corner = np.exp(-(np.hypot((x - width) / (0.28 * width), y / (0.28 * height)) ** 2))
    ground = 0.05 * cloud(rng, height, width, 2.2) + 0.07 * cloud(rng, height, width, 60)
    grey += 0.5 * glow + ground + 1.2 * corner - 0.15 * y / height
    return grey


STRUCTURES: dict[str, Callable[[np.random.Generator, int, int], Picture]] = {
    "frost1": pack_ice,
    "frost2": feathers,
    "frost4": granules,
    "frost5": ferns,
}


def _canvas(height: int, width: int) -> Canvas:
    return np.zeros((height * _FINE, width * _FINE), dtype=np.float32)


def _overlay(layers: list[Canvas], height: int, width: int) -> Picture:
    """Layers of light over each other, averaged down to (height, width)."""
    dark = np.prod([1 - np.clip(layer, 0, 1) for layer in layers], axis=0)
    result: Picture = cv2.resize(1 - dark, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    return result


def _direction(angle: float) -> Point:
    return np.array([np.cos(angle), np.sin(angle)])


def _fixed(point: Point) -> tuple[int, int]:
    x, y = np.round(point * (1 << _SHIFT)).astype(int)
    return int(x), int(y)


def _stroke(canvas: Canvas, start: Point, end: Point, width: float, value: float) -> None:
    cv2.line(canvas, _fixed(start), _fixed(end), float(value), max(1, int(width)), cv2.LINE_AA, _SHIFT)


def _leaf(canvas: Canvas, start: Point, angle: float, length: float, width: float, value: float) -> None:
    along = np.linspace(0, 1, 12)
    half = width * np.clip(np.sin(np.pi * along), 0, 1) ** 0.8
    spine = start + length * along[:, None] * _direction(angle)
    side = half[:, None] * _direction(angle + np.pi / 2)
    outline = np.concatenate([spine + side, (spine - side)[::-1]])
    points = np.round(outline * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [points], float(value), cv2.LINE_AA, _SHIFT)


def _feather(canvas: Canvas, rng: np.random.Generator, at: Point, length: float, width: int, value: float) -> None:
    """A slightly bent spine with barbs on both sides, fading towards its tip."""
    angle, barb, gap, spread = (
        rng.uniform(0, 2 * np.pi),
        rng.uniform(0.15, 0.38),
        rng.uniform(4, 7),
        rng.uniform(40, 62),
    )
    bend = rng.normal(0, 0.25) / length
    done = 0.0
    while done < length:
        angle += bend * gap
        after = at + gap * _direction(angle)
        fade = 1 - 0.6 * done / length
        _stroke(canvas, at, after, width, value * fade)
        reach = barb * length * np.sin(np.pi * min(1, 0.12 + done / length)) * rng.uniform(0.6, 1)
        for side in (-1, 1):
            tip = after + reach * _direction(angle + side * np.deg2rad(spread) * rng.uniform(0.85, 1.1))
            _stroke(canvas, after, tip, 1, value * fade * rng.uniform(0.55, 0.95))
        at, done = after, done + gap


def _fern(canvas: Canvas, rng: np.random.Generator, centre: Point, size: float, value: float) -> None:
    """A crystal of a few bent arms with side needles, as irregular as natural ones."""
    turn, arms = rng.uniform(0, 2 * np.pi), int(rng.choice([3, 4, 5, 6, 6]))
    for arm in range(arms):
        angle = turn + 2 * np.pi * arm / arms + rng.normal(0, 0.22)
        length = size * rng.uniform(0.45, 1.15)
        pieces = int(max(4, length / 4))
        bend, at = rng.normal(0, 0.5) / pieces, centre
        for piece in range(1, pieces + 1):
            share = piece / pieces
            angle += bend
            after = at + length / pieces * _direction(angle)
            _stroke(canvas, at, after, max(1, size / 16 * (1 - share) + 1), value * (1 - 0.35 * share))
            needle = length * 0.5 * (1 - share) ** 0.8 * rng.uniform(0.3, 1.1) + 1
            for side in (-1, 1):
                if rng.random() < 0.12:
                    continue
                tip = after + needle * _direction(angle + side * np.deg2rad(58 + rng.normal(0, 7)))
                width = 2 if size > 50 and rng.random() < 0.3 else 1
                _stroke(canvas, after, tip, width, value * rng.uniform(0.5, 0.95) * (1 - 0.3 * share))
            at = after
