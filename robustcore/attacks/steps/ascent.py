"""Steepest ascent within a ball, shared by FGSM, PGD and MI-FGSM."""

from __future__ import annotations

import torch

from robustcore.attacks._base import Option, Oracle, Tensor
from robustcore.attacks.budgets import PIXELS, per_image
from robustcore.attacks.goals import OBJECTIVES

OBJECTIVE = Option(
    "cross_entropy",
    "What the steps raise: the cross-entropy, or the negative margin to the nearest other class.",
    choices=("cross_entropy", "margin"),
)
STEP_SIZE = Option(
    None, "Length of one step in the norm; by default relative_step times eps / steps.", low=0, kind=float
)


def ascend(
    oracle: Oracle,
    x: Tensor,
    *,
    steps: int,
    step_size: float | None,
    relative_step: float,
    objective: str,
    decay: float | None = None,
) -> None:
    """Take steps of steepest ascent from `x`, each followed by the projection, and judge the final images.

    Args:
        oracle: answers for the images under attack.
        x: (n, 3, H, W) where to start; overwritten.
        steps: how many.
        step_size: in the norm; None for `relative_step` times eps / steps.
        relative_step: see `step_size`.
        objective: a name in `OBJECTIVES`.
        decay: of the momentum; None for none.
    """
    momentum: Tensor | None = None
    for _ in range(steps):
        gradient = oracle.gradient(x, OBJECTIVES[objective])
        (x,) = oracle.keep(x)
        if decay is not None:
            (momentum,) = (None,) if momentum is None else oracle.keep(momentum)
            gradient = momentum = _accumulate(momentum, gradient, decay)
        if step_size is None:
            assert oracle.ball.eps is not None
            size = per_image(oracle.ball.eps) * (relative_step / steps)
        else:
            size = torch.tensor(step_size, device=x.device)
        x = oracle.ball.project(oracle.ball.step(x, gradient, size))
    oracle.judge(x)


def _accumulate(momentum: Tensor | None, gradient: Tensor, decay: float) -> Tensor:
    """The momentum's next value: decay times the last one plus the gradient divided by its L1 norm."""
    gradient.div_(torch.linalg.vector_norm(gradient, 1, dim=PIXELS, keepdim=True).clamp_(min=1e-30))
    return gradient if momentum is None else momentum.mul_(decay).add_(gradient)
