"""Colours by luminance, hue and chroma, so that a scene can choose how object and background differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

from robustcore.datasets.scenes.random_stream import RandomStream

Colour = tuple[float, float, float]  # RGB, 0..1

_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601: what a conversion to grey keeps
_LOW, _HIGH = 0.02, 0.98


def luminance(colour: Colour) -> float:
    """The grey level, 0..1, that BT.601 gives a colour."""
    return sum(w * c for w, c in zip(_WEIGHTS, colour, strict=True))


def colour(y: float, hue: float, chroma: float) -> Colour:
    """The colour of luminance `y` (0..1), hue angle (radians in the Cb-Cr plane) and chroma, 0..1 of the RGB gamut."""
    cb, cr = math.cos(hue), math.sin(hue)
    direction = (1.402 * cr, -0.344136 * cb - 0.714136 * cr, 1.772 * cb)
    reach = min(((_HIGH if d > 0 else _LOW) - y) / d for d in direction if abs(d) > 1e-6)
    r, g, b = (y + chroma * reach * d for d in direction)
    return r, g, b


def mean(colours: Sequence[Colour]) -> Colour:
    """The mean of some colours."""
    n = len(colours)
    return sum(c[0] for c in colours) / n, sum(c[1] for c in colours) / n, sum(c[2] for c in colours) / n


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with a share of `b` in it."""
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])


def shift(a: Colour, old: Colour, new: Colour) -> Colour:
    """`a` moved as far as it is from `old` to `new`, clipped to the RGB gamut."""
    r, g, b = (min(_HIGH, max(_LOW, c + n - o)) for c, o, n in zip(a, old, new, strict=True))
    return r, g, b


def any_colour(rng: RandomStream) -> Colour:
    """A random colour from the whole range, including greys, dark and light colours."""
    return colour(rng.uniform(0.1, 0.9), rng.uniform(0, math.tau), rng.uniform(0.15, 1.0))


def stops(rng: RandomStream, base: Colour, count: int) -> tuple[Colour, ...]:
    """`count` colours of one material: the base, and others between a close shade of it and something quite different."""
    share = rng.choice((0.25, 0.5, 0.8))
    return (base, *(mix(base, any_colour(rng), share) for _ in range(count - 1)))


def equal_luminance_stops(rng: RandomStream, y: float, hue: float, count: int) -> tuple[Colour, ...]:
    """`count` colours of one luminance around a hue: a pattern of them vanishes in greyscale."""
    return tuple(
        colour(y + rng.uniform(-0.01, 0.01), hue + rng.uniform(-0.4, 0.4), rng.uniform(0.25, 0.75))
        for _ in range(count)
    )
