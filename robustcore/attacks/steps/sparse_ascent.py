"""APGD in L1: steps that change few values, ever fewer, within balls that shrink to the budget.

Source: Croce & Hein 2021, Mind the box: l1-APGD for sparse adversarial attacks on image classifiers, sections 3.2 and 3.3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from robustcore.attacks.budgets import L1, PIXELS, per_image, sparse_step
from robustcore.attacks.engine.oracle import Objective, Oracle

_RADII = ((3.0, 0.3), (2.0, 0.3), (1.0, 0.4))  # in units of eps, and the share of the steps within them
_FIRST = 0.2  # share of the values that the first steps move
_FEWER = 1.5  # by which the values that differ from the clean image, and the step size, are divided
_SPARSER = 0.95  # a solution that has so much fewer changed values than before is still getting sparser
_LEAST = 0.1  # of the step sizes, in units of the radius
_LOOK = 0.04  # share of the steps between two adjustments


def ascend(oracle: Oracle, steps: int, raises: Objective) -> None:
    """`steps` steps from a random image: within three times the budget, within twice, and within it."""
    shares = [(factor, max(1, round(share * steps))) for factor, share in _RADII[:-1]] if steps >= 10 else []
    used = sum(count for _, count in shares)
    before = oracle.beyond
    x = _ball(oracle, (shares or [(1.0, 0)])[0][0]).start(oracle.draws)
    for factor, count in (*shares, (1.0, steps - used)):
        oracle.beyond = before or factor > 1  # what is found outside the budget is only a start
        x = _within(oracle, x, factor, count, raises)
    oracle.judge(x)
    oracle.beyond = before


def _ball(oracle: Oracle, factor: float) -> L1:
    """The present balls, `factor` times as large."""
    assert oracle.ball.eps is not None
    return L1(oracle.ball.clean, factor * oracle.ball.eps)


def _within(oracle: Oracle, x: Tensor, factor: float, steps: int, raises: Objective) -> Tensor:
    """The images where the objective was highest, after `steps` steps within the ball of a factor; the last one not queried."""
    x = _ball(oracle, factor).project(x.clone())
    assert oracle.ball.eps is not None
    size = factor * oracle.ball.eps
    share = torch.full_like(size, _FIRST)
    support = torch.full_like(size, float(x[0].numel()))
    best, best_gradient, best_value = x, torch.zeros_like(x), torch.full_like(size, -torch.inf)
    look = max(1, math.ceil(_LOOK * steps))
    for step in range(1, steps + 1):
        gradient = oracle.gradient(x, raises)
        x, size, share, support, best, best_gradient, best_value = oracle.keep(
            x, size, share, support, best, best_gradient, best_value
        )
        better = oracle.value > best_value
        best = torch.where(per_image(better), x, best)
        best_gradient = torch.where(per_image(better), gradient, best_gradient)
        best_value = torch.maximum(oracle.value, best_value)
        ball = _ball(oracle, factor)
        if step > 1 and step % look == 0:
            changed = (best != ball.clean).sum(dim=PIXELS).to(size.dtype)
            sparser = changed < _SPARSER * support
            share, support = changed / x[0].numel() / _FEWER, changed
            assert ball.eps is not None
            size = torch.where(sparser, ball.eps, torch.maximum(size / _FEWER, _LEAST * ball.eps))
            x = torch.where(per_image(sparser), best, x)
            gradient = torch.where(per_image(sparser), best_gradient, gradient)
        x = ball.project(sparse_step(x.clone(), gradient, per_image(size), share))
    return x if factor == 1 else best
