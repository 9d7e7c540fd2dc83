"""APGD: projected gradient ascent that chooses its own step sizes."""

from __future__ import annotations

import dataclasses
import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import NORMS, per_image
from robustcore.attacks.goals import OBJECTIVES, dlr
from robustcore.attacks.steps import directions as each_direction
from robustcore.attacks.steps import sparse_ascent

# Croce & Hein 2020, section 3: the step's share of momentum, the share of steps between two checkpoints that must have raised
# the objective, and where the checkpoints are, in shares of all steps.
_MOMENTUM, _RAISED = 0.75, 0.75
_FIRST, _SHORTER, _SHORTEST = 0.22, 0.03, 0.06

_OBJECTIVES = {"cross_entropy": OBJECTIVES["cross_entropy"], "dlr": dlr}


@attack(
    title="APGD",
    needs="gradients",
    norms=NORMS,
    source="Croce & Hein 2020, Reliable evaluation of adversarial robustness, algorithm 1 and section 4; in L1 Croce & Hein 2021, "
    "Mind the box",
    summary="Gradient ascent with momentum that halves its step where it gets stuck and goes on from its best image.",
    options={
        "steps": Option(100, "Number of steps.", low=1),
        "restarts": Option(1, "Number of starts; the best image of all is kept.", low=1),
        "objective": Option(
            "cross_entropy",
            "What the steps raise: the cross-entropy, or the difference of logits ratio (DLR).",
            choices=tuple(_OBJECTIVES),
        ),
        "directions": Option(
            0,
            "Classes that an untargeted attack leads to one after another, the likeliest first; 0 for none.",
            low=0,
        ),
        "repeats": Option(1, "Passes that each gradient is averaged over, for models that answer at random.", low=1),
    },
    passes=lambda options: 1 + max(1, options["directions"]) * options["restarts"] * (options["steps"] + 1),
)
def apgd(oracle: Oracle, steps: int, restarts: int, objective: str, directions: int, repeats: int) -> None:
    """From a random image in the ball, `restarts` times, and for each direction if there are any."""
    oracle.repeats = repeats
    if directions and oracle.goal.targets is None and not oracle.goal.is_open:
        oracle.judge(oracle.ball.clean)
        for _ in each_direction.each(oracle, oracle.logits, directions, restarts):
            ascend(oracle, steps, objective)
        return
    oracle.look_at_clean()
    for _ in range(restarts):
        ascend(oracle, steps, objective)


def checkpoints(steps: int) -> list[int]:
    """The steps after which the step size is looked at: 0, 22 % of all, and then at ever shorter distances."""
    shares = [0.0, _FIRST]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - _SHORTER, _SHORTEST))
    return [math.ceil(round(share * steps, 6)) for share in shares if share < 1]


@dataclasses.dataclass
class _Ascent:
    """The state of n images.

    Attributes:
        x, before: where the image is, and where it was a step earlier.
        gradient, value: the objective's at `x`.
        size: length of the next step in the norm.
        best, best_gradient, best_value: where the objective was highest.
        raised: steps since the last checkpoint that raised the objective.
        last_size, last_value: the step size and the best value at the last checkpoint.
    """

    x: Tensor
    before: Tensor
    gradient: Tensor
    value: Tensor
    size: Tensor
    best: Tensor
    best_gradient: Tensor
    best_value: Tensor
    raised: Tensor
    last_size: Tensor
    last_value: Tensor

    def keep(self, oracle: Oracle) -> None:
        """Keep only the images that the oracle kept."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, oracle.keep(getattr(self, field.name))[0])

    def look_back(self, steps: int) -> None:
        """At a checkpoint: halve the steps that do not lead on, and return to the best image. `steps` since the last one."""
        stuck = self.raised < _RAISED * steps
        stuck |= (self.size == self.last_size) & (self.best_value == self.last_value)
        self.last_size, self.last_value = self.size.clone(), self.best_value.clone()
        self.size = torch.where(stuck, self.size / 2, self.size)
        self.raised.zero_()
        places = per_image(stuck)
        self.x = torch.where(places, self.best, self.x)
        self.before = torch.where(places, self.best, self.before)
        self.gradient = torch.where(places, self.best_gradient, self.gradient)
        self.value = torch.where(stuck, self.best_value, self.value)


def ascend(oracle: Oracle, steps: int, objective: str) -> None:
    """One ascent of `steps` steps from a random image in the ball; the first step is as long as the ball is wide.

    In L1 the steps are sparse, with a schedule of their own.
    """
    assert oracle.ball.eps is not None
    raises = _OBJECTIVES[objective]
    if oracle.ball.norm == "l1":
        sparse_ascent.ascend(oracle, steps, raises)
        return
    x = oracle.ball.start(oracle.draws)
    gradient = oracle.gradient(x, raises)
    (x,) = oracle.keep(x)
    size, value = 2 * oracle.ball.eps, oracle.value
    state = _Ascent(x, x, gradient, value, size, x, gradient, value, torch.zeros_like(value), size, value)
    looks = checkpoints(steps)
    for step in range(1, steps):
        state.before, state.x = state.x, _next(oracle, state, 1.0 if step == 1 else _MOMENTUM)
        gradient = oracle.gradient(state.x, raises)
        state.keep(oracle)
        value = oracle.value
        state.raised += value > state.value
        better = value > state.best_value
        places = per_image(better)
        state.best = torch.where(places, state.x, state.best)
        state.best_gradient = torch.where(places, gradient, state.best_gradient)
        state.best_value = torch.maximum(value, state.best_value)
        state.gradient, state.value = gradient, value
        if step in looks:
            state.look_back(step - looks[looks.index(step) - 1])
    oracle.judge(_next(oracle, state, _MOMENTUM if steps > 1 else 1.0))


def _next(oracle: Oracle, state: _Ascent, share: float) -> Tensor:
    """The images after a step along the gradient, of which `share` is taken, and of the last move the rest."""
    ball = oracle.ball
    z = ball.project(ball.step(state.x.clone(), state.gradient, per_image(state.size)))
    if share == 1:
        return z
    moved = torch.lerp(state.x, z, share).add_(state.x - state.before, alpha=1 - share)
    return ball.project(moved)
