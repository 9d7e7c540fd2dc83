"""Spatial attacks: the image is moved and turned until the model errs; no value is changed otherwise."""

from __future__ import annotations

import itertools

import torch

from robustcore.attacks._base import Option, Oracle, attack
from robustcore.attacks.steps.placement import DEGREES, SHIFT, placed

_SHIFT = Option(SHIFT, "Greatest movement each way, as a share of the side: 3 of 32 pixels.", low=0.0, high=1.0)
_DEGREES = Option(DEGREES, "Greatest turn each way, in degrees.", low=0.0, high=180.0)


@attack(
    title="Spatial attack (grid)",
    needs="scores",
    bounded=False,
    source="Engstrom et al. 2019, section 4, in Laugros' thesis, 2.3.2.2",
    summary="Tries every combination of a grid of movements and turns, and keeps the one with the lowest margin.",
    options={
        "shift": _SHIFT,
        "degrees": _DEGREES,
        "places": Option(5, "Movements in each direction, evenly spaced.", low=1, high=100),
        "turns": Option(31, "Angles, evenly spaced.", low=1, high=1000),
    },
    passes=lambda options: options["places"] ** 2 * options["turns"] + 1,
)
def spatial(oracle: Oracle, shift: float, degrees: float, places: int, turns: int) -> None:
    """All places x places x turns positions. An eps leaves out those that change the values of an image by more."""
    oracle.beyond = True
    oracle.judge(oracle.ball.clean)
    for right, down, turn in itertools.product(_spaced(shift, places), _spaced(shift, places), _spaced(degrees, turns)):
        clean = oracle.ball.clean
        moves = (torch.full((len(clean),), value, device=clean.device) for value in (right, down, turn))
        oracle.judge(placed(clean, *moves))


@attack(
    title="Worst of k positions",
    needs="scores",
    bounded=False,
    source="Engstrom et al. 2019, section 4; Laugros' thesis, table 4.3 (worst of 10)",
    summary="Moves and turns each image at random a few times, and keeps the position with the lowest margin.",
    options={
        "queries": Option(10, "Positions that are drawn; the thesis has 10.", low=1),
        "shift": _SHIFT,
        "degrees": _DEGREES,
    },
    passes=lambda options: options["queries"] + 1,
)
def worst_of(oracle: Oracle, queries: int, shift: float, degrees: float) -> None:
    """`queries` uniform draws of a movement to the right, one down and a turn, each image its own."""
    oracle.beyond = True
    oracle.judge(oracle.ball.clean)
    for _ in range(queries):
        unit = oracle.draws.uniform(3, low=-1.0, high=1.0)  # (n, 3)
        oracle.judge(placed(oracle.ball.clean, shift * unit[:, 0], shift * unit[:, 1], degrees * unit[:, 2]))


def _spaced(most: float, count: int) -> list[float]:
    """`count` values from -most to most; 0 where there is one."""
    return [0.0] if count == 1 else torch.linspace(-most, most, count, dtype=torch.float64).tolist()
