"""FMN: fast minimum norm, the nearest image that reaches the goal, by steps within a ball that shrinks and grows."""

from __future__ import annotations

import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import L2, PIXELS, LInf, length
from robustcore.attacks.goals import margin

_BEYOND = 1.0001  # of the way to where the margin vanishes, so that rounding does not leave it just short of that
_LEAST_STEP, _LEAST_GAMMA = 0.01, 0.001  # at the end of the cosine, as shares of the first


@attack(
    title="FMN",
    needs="gradients",
    nearest=True,
    bounded=False,
    revision=2,
    source="Pintor et al. 2021, Fast minimum-norm adversarial attacks through adaptive norm constraints, algorithm 1",
    summary="Climbs the margin within a ball that shrinks while the goal is reached and grows while it is not.",
    options={
        "steps": Option(100, "Number of steps.", low=1),
        "step_size": Option(1.0, "Euclidean length of the first step; the others follow half a cosine down.", low=1e-6),
        "gamma": Option(
            0.05, "Share by which the ball shrinks or grows at first; it follows a cosine too.", low=0, high=1
        ),
    },
    passes=lambda options: options["steps"] + 1,
)
def fmn(oracle: Oracle, steps: int, step_size: float, gamma: float) -> None:
    """Steps along the gradient of the margin, each projected into the present ball and the box."""
    x = oracle.ball.clean.clone()
    radius = oracle.ball.distance(x) + torch.inf
    nearest = radius.clone()
    for step in range(steps):
        gradient = oracle.gradient(x, margin)
        x, radius, nearest = oracle.keep(x, radius, nearest)
        clean = oracle.ball.clean
        cosine = (1 + math.cos(math.pi * step / steps)) / 2
        pace = step_size * (_LEAST_STEP + (1 - _LEAST_STEP) * cosine)
        share = gamma * (_LEAST_GAMMA + (1 - _LEAST_GAMMA) * cosine)
        distance = oracle.ball.distance(x)
        nearest = torch.where(oracle.reached, torch.minimum(nearest, distance), nearest)
        # Until the goal is reached once: as far as the margin vanishes if the model were linear.
        crossing = distance + _BEYOND * oracle.margin / _dual_length(gradient, oracle.ball.norm)
        grown = torch.where(nearest.isinf(), crossing, radius * (1 + share))
        radius = torch.where(oracle.reached, torch.minimum(radius * (1 - share), nearest * (1 - share)), grown)
        ball = (LInf if oracle.ball.norm == "linf" else L2)(clean, radius.clamp(min=0))
        x = ball.project(x.addcmul_(gradient, pace / length(gradient)))
    oracle.judge(x)


def _dual_length(gradient: Tensor, norm: str) -> Tensor:
    """(n,) lengths in the dual norm: how fast the margin can fall along a path of length 1 in the norm."""
    dual: Tensor = torch.linalg.vector_norm(gradient, 1 if norm == "linf" else 2, dim=PIXELS)
    return dual.clamp_(min=1e-12)
