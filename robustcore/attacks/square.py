"""Square Attack: random search over squares, using only the model's scores."""

from __future__ import annotations

import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import L2, PIXELS, LInf, length, per_image
from robustcore.randomness import Draws

# The share of an image that a square covers is halved after these numbers of queries, out of 10,000.
_HALVED_AFTER = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
_TOGETHER = 64  # queries whose squares are drawn at once


@attack(
    title="Square Attack",
    needs="scores",
    source="Andriushchenko et al. 2020, algorithms 1 to 3",
    summary="Changes random squares and keeps what lowers the margin; asks for scores alone.",
    revision=2,
    options={
        "queries": Option(1000, "Questions at most.", low=1),
        "share": Option(0.8, "Share of the image that the first squares cover.", low=1e-6, high=1.0),
    },
    passes=lambda options: options["queries"] + 1,
)
def square(oracle: Oracle, queries: int, share: float) -> None:
    """Random search: a square whose place and signs are drawn, kept where the margin falls."""
    oracle.look_at_clean()
    linf = isinstance(oracle.ball, LInf)
    x = _stripes(oracle) if linf else _tiles(oracle)
    oracle.judge(x)
    (x,) = oracle.keep(x)
    lowest = oracle.margin
    height, width = x.shape[-2:]
    sides = [_side(query / queries, share, height, width) for query in range(queries)]
    corners, squares = torch.empty(0), 0  # of the coming queries, drawn together where they have one side
    for query in range(1, queries):
        if linf:
            if not squares:
                squares = _alike(sides, query)
                corners = _corners(oracle.draws, x, sides[query], squares)
            candidate = _propose_linf(oracle, x, corners[:, -squares], sides[query])
            squares -= 1
        else:
            candidate = _propose_l2(oracle, x, sides[query])
        oracle.judge(candidate)
        x, candidate, lowest, corners = oracle.keep(x, candidate, lowest, *([corners] if linf else [lowest]))
        lower = oracle.margin < lowest
        x = torch.where(per_image(lower), candidate, x)
        lowest = torch.minimum(lowest, oracle.margin)


def _side(progress: float, share: float, height: int, width: int) -> int:
    """The side of a square after a share of the queries."""
    halvings = sum(progress * 10_000 > after for after in _HALVED_AFTER)
    return min(round(math.sqrt(share / 2**halvings * height * width)), height - 1, width - 1)


def _signs(draws: Draws, *shape: int) -> Tensor:
    """(n, *shape) of -1 and 1."""
    return draws.integers(0, 2, *shape).mul_(2).sub_(1).to(torch.float32)


def _places(draws: Draws, x: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """(n, side) rows and columns of a square in each image."""
    offsets = torch.arange(side, device=x.device)
    top = draws.integers(0, x.shape[-2] - side + 1, 1)
    left = draws.integers(0, x.shape[-1] - side + 1, 1)
    return top + offsets, left + offsets


def _window(x: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, ...]:
    """The index of (n, 3, side, side) values: a square of each image."""
    n, channels = x.shape[:2]
    images = torch.arange(n, device=x.device)[:, None, None, None]
    return (
        images,
        torch.arange(channels, device=x.device)[:, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    )


# L-inf: every value at one end of its interval


def _stripes(oracle: Oracle) -> Tensor:
    """Vertical stripes, every column and channel at one end."""
    low, high = _ball(oracle).bounds
    channels, width = low.shape[1], low.shape[3]
    return torch.where(_signs(oracle.draws, channels, 1, width) > 0, high, low)


def _alike(sides: list[int], query: int) -> int:
    """How many queries from one on have its side, at most `_TOGETHER`."""
    coming = sides[query : query + _TOGETHER]
    return next((place for place, side in enumerate(coming) if side != coming[0]), len(coming))


def _corners(draws: Draws, x: Tensor, side: int, squares: int) -> Tensor:
    """(n, squares, 2 + channels) int64 draws of that many coming squares: top, left, and 0 or 1 for each channel's end."""
    n, channels, height, width = x.shape
    side = max(side, 1)
    wide = draws.ahead(squares, 3)
    parts = [
        wide.integers(0, height - side + 1, 1),
        wide.integers(0, width - side + 1, 1),
        wide.integers(0, 2, channels, 1, 1)[:, :, 0, 0],
    ]
    return torch.cat(parts, dim=1).view(n, squares, 2 + channels)


def _propose_linf(oracle: Oracle, x: Tensor, corners: Tensor, side: int) -> Tensor:
    """A square of each image, with every channel at one end of its interval; at the other end if it is there already."""
    side = max(side, 1)
    low, high = _ball(oracle).bounds
    offsets = torch.arange(side, device=x.device)
    window = _window(x, corners[:, :1] + offsets, corners[:, 1:2] + offsets)
    up = (corners[:, 2:] > 0)[:, :, None, None]
    square = torch.where(up, high[window], low[window])
    # A square without any change would waste the query.
    vain = per_image((square == x[window]).flatten(1).all(dim=1))
    candidate = x.clone()
    candidate[window] = torch.where(vain ^ up, high[window], low[window])
    return candidate


def _ball(oracle: Oracle) -> LInf:
    assert isinstance(oracle.ball, LInf)
    return oracle.ball


# L2: length moves from one square to another


def _bump(height: int, width: int) -> Tensor:
    """(height, width): concentric rectangles whose values grow towards the middle, Euclidean length 1."""
    values = torch.zeros(height, width)
    top, left = height // 2, width // 2
    for i in range(max(height // 2 + 1, width // 2 + 1)):
        values[max(top, 0) : top + 2 * i + 1, max(left, 0) : left + 2 * i + 1] += 1 / (i + 1) ** 2
        top, left = top - 1, left - 1
    return values.div_(torch.linalg.vector_norm(values))


def _pair(side: int, upright: Tensor) -> Tensor:
    """(n, 1, side, side): two adjacent bumps of opposite sign, with a total Euclidean length of 1."""
    half = torch.cat([_bump(side // 2, side), -_bump(side - side // 2, side)])
    half = (half / half.norm()).to(upright.device)
    return torch.where(per_image(upright), half, half.T)


def _tiles(oracle: Oracle) -> Tensor:
    """Five by five tiles of bump pairs, scaled to the radius."""
    clean = oracle.ball.clean
    channels, height, width = clean.shape[1:]
    side = max(height // 5, 3)
    change = torch.zeros_like(clean)
    for top in range((height % side) // 2, height - side + 1, side):
        for left in range((width % side) // 2, width - side + 1, side):
            upright = oracle.draws.integers(0, 2, 1)[:, 0] > 0
            tile = _pair(side, upright) * _signs(oracle.draws, channels, 1, 1)
            change[:, :, top : top + side, left : left + side] = tile
    return _with_length(oracle, change)


def _with_length(oracle: Oracle, change: Tensor) -> Tensor:
    """The clean images plus a change scaled to the radius, in the box."""
    assert isinstance(oracle.ball, L2)
    assert oracle.ball.eps is not None
    return oracle.ball.project(change.mul_(per_image(oracle.ball.eps) / length(change)).add_(oracle.ball.clean))


def _propose_l2(oracle: Oracle, x: Tensor, side: int) -> Tensor:
    """Empty one square of each image's change and give its length to another, in the direction of a bump pair."""
    assert oracle.ball.eps is not None
    side = min(max(side | 1, 3), x.shape[-1], x.shape[-2])  # odd, so that the pair has a middle
    change = x - oracle.ball.clean
    filled = _window(x, *_places(oracle.draws, x, side))
    emptied = _window(x, *_places(oracle.draws, x, side))
    upright = oracle.draws.integers(0, 2, 1)[:, 0] > 0
    pair = _pair(side, upright) * _signs(oracle.draws, x.shape[1], 1, 1)
    total = change.square().sum(dim=PIXELS, keepdim=True)
    old = change[filled]
    # The change outside both squares keeps its length; the rest of the radius is free.
    outside = change.clone()
    outside[filled] = 0
    outside[emptied] = 0
    within = change.square().sum(dim=(2, 3), keepdim=True) - outside.square().sum(dim=(2, 3), keepdim=True)
    unused = (per_image(oracle.ball.eps).square() - total).clamp_(min=0) / x.shape[1]
    direction = pair + old / torch.linalg.vector_norm(old, dim=(2, 3), keepdim=True).clamp_(min=1e-12)
    direction.div_(torch.linalg.vector_norm(direction, dim=(2, 3), keepdim=True).clamp_(min=1e-12))
    change[emptied] = 0
    change[filled] = direction * (unused + within).sqrt()
    return _with_length(oracle, change)
