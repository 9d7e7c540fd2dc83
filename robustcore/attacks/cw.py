"""CW-L2: the nearest image in the Euclidean norm that reaches the goal, after Carlini and Wagner."""

from __future__ import annotations

import dataclasses
import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import PIXELS, per_image
from robustcore.attacks.goals import Goal

_EDGE = 1 - 1e-6  # the box is entered by this much, since its border lies at infinity for tanh
_MOST = 1e10  # greatest constant c
_GROWTH = 4.0
# A descent is looked at after every tenth of its steps, and ends for an image whose loss has not fallen below this share
# of what it was this many looks ago. Adam's first steps raise the loss, so that one look would be too few.
_GAIN, _PATIENCE = 0.9999, 2
# The search ends for an image whose distance has shrunk by less than this in so many constants one after the other.
_SHRINK, _TRIALS = 0.99, 2


@attack(
    title="CW-L2",
    needs="gradients",
    norms=["l2"],
    nearest=True,
    bounded=False,
    source="Laugros' thesis, 2.3.2.2, equations 2.9 and 2.10; Carlini & Wagner 2017",
    summary="Searches the smallest Euclidean change that reaches the goal, by descent on distance plus c times margin.",
    options={
        "steps": Option(100, "Iterations for each constant c.", low=1),
        "binary_search_steps": Option(9, "Constants c that are tried at most.", low=1),
        "initial_const": Option(
            None, "The first constant c; by default the one at which a linear model is crossed.", low=1e-12, high=_MOST, kind=float
        ),
        "confidence": Option(0.0, "Margin kappa by which the goal is to be reached.", low=0),
        "learning_rate": Option(0.01, "Adam's rate, in the space of the inverse hyperbolic tangent.", low=1e-12),
    },
    passes=lambda options: 1 + options["binary_search_steps"] * (options["steps"] + 1),
)  # fmt: skip
def cw(
    oracle: Oracle,
    steps: int,
    binary_search_steps: int,
    initial_const: float | None,
    confidence: float,
    learning_rate: float,
) -> None:
    """Minimise norm2(d)^2 + c * max(margin, -kappa) over w with x + d = (tanh(w) + 1) / 2, for a sequence of c.

    The constant is raised until the goal is reached, then bisected towards the smallest that does.
    """
    oracle.confidence = confidence
    oracle.look_at_clean()
    device = oracle.ball.clean.device
    const = torch.full((oracle.size,), initial_const or torch.nan, device=device)
    low, high = torch.zeros_like(const), torch.full_like(const, torch.inf)
    nearest = torch.full_like(const, torch.inf)
    in_vain = torch.zeros(oracle.size, dtype=torch.int64, device=device)
    for _ in range(binary_search_steps):
        rows = oracle.wake()
        if oracle.early_stop:
            oracle.rest(in_vain[rows] >= _TRIALS)
            (rows,) = oracle.keep(rows)
            if not len(rows):
                return
        found = _descend(oracle, const, rows, steps, confidence, learning_rate)
        distance = oracle.nearest()
        in_vain = torch.where(distance < _SHRINK * nearest, 0, in_vain + distance.isfinite())
        nearest = torch.minimum(nearest, distance)
        high = torch.where(found, torch.minimum(high, const), high)
        low = torch.where(found, low, torch.maximum(low, const))
        const = torch.where(high.isfinite(), (low + high) / 2, (const * _GROWTH).clamp_(max=_MOST))


@dataclasses.dataclass
class _State:
    """One descent of n images: every field belongs to single images.

    Attributes:
        rows: places among all images.
        const: c.
        w: where the image is, in the space of the inverse hyperbolic tangent.
        origin: where the clean image's w leads back to. Against the clean image itself, the rounding of tanh would steer
            Adam's first steps.
        mean, square: Adam's moments.
        lowest: the least loss so far; `earlier`, (n, _PATIENCE), at the last looks.
        recent: whether the goal was reached since the last look.
    """

    rows: Tensor
    const: Tensor
    w: Tensor
    origin: Tensor
    mean: Tensor
    square: Tensor
    lowest: Tensor
    earlier: Tensor
    recent: Tensor

    @classmethod
    def begin(cls, clean: Tensor, const: Tensor, rows: Tensor) -> _State:
        w = clean.mul(2).sub_(1).mul_(_EDGE).atanh_()
        lowest = torch.full_like(const, torch.inf)
        return cls(
            rows,
            const,
            w,
            _image(w),
            torch.zeros_like(w),
            torch.zeros_like(w),
            lowest,
            lowest[:, None].repeat(1, _PATIENCE),
            torch.zeros_like(rows, dtype=torch.bool),
        )

    def keep(self, oracle: Oracle) -> None:
        """Go on with the images that the oracle kept."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, oracle.keep(getattr(self, field.name))[0])

    def look(self) -> Tensor:
        """(n,) bool: whose loss falls no more."""
        stalled = self.lowest > _GAIN * self.earlier[:, 0]
        self.earlier = torch.cat([self.earlier[:, 1:], self.lowest[:, None]], dim=1)
        return stalled

    def step(self, slope: Tensor, time: int, rate: float) -> None:
        """One step of Adam (Kingma & Ba 2015) against the slope; `time` counts from 1."""
        self.mean.mul_(0.9).add_(slope, alpha=0.1)
        self.square.mul_(0.999).addcmul_(slope, slope, value=0.001)
        scale = math.sqrt(1 - 0.999**time)
        self.w.addcdiv_(self.mean, self.square.sqrt().add_(1e-8 * scale), value=-rate * scale / (1 - 0.9**time))


def _image(w: Tensor) -> Tensor:
    return w.tanh().add_(1).div_(2)


def _descend(oracle: Oracle, const: Tensor, rows: Tensor, steps: int, confidence: float, rate: float) -> Tensor:
    """One descent for each image; (N,) bool, whether it held the goal at its end.

    At its end, not on its way: Adam's first steps have the length of its rate whatever c is, and overshoot. A constant
    that reached the goal only there would mislead the search. Writes the first constant, where there is none, to `const`.
    """

    def hinge(goal: Goal, logits: Tensor) -> Tensor:
        return -(goal.margin(logits) + confidence).clamp(min=0)

    found = torch.zeros_like(const, dtype=torch.bool)
    state = _State.begin(oracle.ball.clean, const[rows], rows)
    for step in range(steps):
        x = _image(state.w)
        ascent = oracle.gradient(x, hinge)
        (x,) = oracle.keep(x)
        state.keep(oracle)
        missing = (oracle.margin + confidence).clamp_(min=0)
        if step == 0 and bool(state.const.isnan().any()):
            crossing = 2 * missing / ascent.square().sum(dim=PIXELS).clamp_(min=1e-12)
            const[state.rows] = state.const = crossing.clamp_(1e-12, _MOST)
        state.recent |= oracle.reached & (oracle.margin <= -confidence)
        change = x.sub_(state.origin)
        state.lowest = torch.minimum(state.lowest, change.square().sum(dim=PIXELS) + state.const * missing)
        if oracle.early_stop and step % math.ceil(steps / 10) == 0:
            found[state.rows] = state.recent
            state.recent = torch.zeros_like(state.recent)
            oracle.rest(state.look())
            change, ascent = oracle.keep(change, ascent)
            state.keep(oracle)
            if not len(state.rows):
                return found
        # The slope of distance + c * margin in x, then the chain rule through x = (tanh(w) + 1) / 2.
        slope = change.mul_(2).sub_(ascent.mul_(per_image(state.const)))
        tanh = state.w.tanh()
        state.step(slope.mul_(tanh.square_().neg_().add_(1)).div_(2), step + 1, rate)
    oracle.judge(_image(state.w))
    state.keep(oracle)
    found[state.rows] |= state.recent | (oracle.reached & (oracle.margin <= -confidence))
    return found
