"""Low-frequency attack: projected gradient steps whose change has low spatial frequencies alone."""

from __future__ import annotations

import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import PIXELS, per_image
from robustcore.attacks.goals import OBJECTIVES
from robustcore.attacks.steps.ascent import OBJECTIVE, STEP_SIZE


@attack(
    title="Low-frequency attack",
    needs="gradients",
    source="Guo, Frank & Weinberger 2020, which Laugros' thesis asks for (3.2.5.1, figure 3.3)",
    summary="PGD whose change consists of the lowest frequencies of the discrete cosine transform alone.",
    options={
        "ratio": Option(0.25, "Share of the frequencies of each axis that may change.", low=0.001, high=1.0),
        "steps": Option(10, "Number of steps.", low=1),
        "step_size": STEP_SIZE,
        "relative_step": Option(2.5, "Step size in units of eps / steps, where step_size is not given.", low=0),
        "objective": OBJECTIVE,
    },
    passes=lambda options: options["steps"] + 1,
)
def low_frequency(
    oracle: Oracle, ratio: float, steps: int, step_size: float | None, relative_step: float, objective: str
) -> None:
    """The change d grows by the low-passed gradient, scaled to the step's length in the norm, and is shortened to eps as a whole.

    The source restricts gradient, natural-evolution and boundary attacks to the same subspace. Scaling instead of taking signs
    and clipping value by value is what keeps d there in L-inf too; only the box of pixels cuts values off.
    """
    norm = _largest if oracle.ball.norm == "linf" else _euclidean
    change = torch.zeros_like(oracle.ball.clean)
    rows, columns = (low_pass(length, ratio, change.device) for length in change.shape[-2:])
    for _ in range(steps):
        gradient = oracle.gradient((oracle.ball.clean + change).clamp_(0, 1), OBJECTIVES[objective])
        (change,) = oracle.keep(change)
        direction = rows @ gradient @ columns
        eps = oracle.ball.eps
        assert eps is not None
        size = per_image(eps) * (relative_step / steps) if step_size is None else step_size
        change = change + direction * (size / norm(direction))
        change = change * (per_image(eps) / norm(change)).clamp_(max=1)
    oracle.judge((oracle.ball.clean + change).clamp_(0, 1))


def low_pass(length: int, ratio: float, device: torch.device) -> Tensor:
    """float32 (length, length): the projection on the lowest frequencies of the cosine transform (DCT-II), a share of them, at
    least one."""
    kept = max(1, round(ratio * length))
    place = torch.arange(length, dtype=torch.float64) + 0.5
    waves = torch.cos(torch.arange(kept, dtype=torch.float64)[:, None] * place * math.pi / length)
    waves = waves / waves.norm(dim=1, keepdim=True)
    projection: Tensor = (waves.T @ waves).to(device, torch.float32)
    return projection


def _largest(x: Tensor) -> Tensor:
    return x.abs().amax(dim=PIXELS, keepdim=True).clamp_(min=1e-30)


def _euclidean(x: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(x, dim=PIXELS, keepdim=True)
    return length.clamp_(min=1e-30)
