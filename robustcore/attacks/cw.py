"""CW-L2: the nearest image in the Euclidean norm that reaches the goal, after Carlini and Wagner."""

from __future__ import annotations

import dataclasses
import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import PIXELS, per_image
from robustcore.attacks.goals import Goal

_EDGE = 1 - 1e-6  # clean images are shrunk into the box by this factor, because tanh maps its border to infinity
_MOST = 1e10  # greatest constant c
_GROWTH = 4.0  # of the constant as long as the goal is not reached
# A descent is checked after every tenth of its steps. In its last part it ends for an image whose loss has not fallen
# since the last check; earlier, Adam's first steps, which overshoot, would end it too soon.
_GAIN, _PATIENT_SHARE = 0.9999, 0.6
# The search ends for an image that a further constant brings nearer by less than this.
_SHRINK = 0.98


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
            None,
            "The first constant c; by default the one at which a linear model is crossed.",
            low=1e-12,
            high=_MOST,
            kind=float,
        ),
        "confidence": Option(0.0, "Margin kappa by which the goal is to be reached.", low=0),
        "learning_rate": Option(0.01, "Adam's rate, in the space of the inverse hyperbolic tangent.", low=1e-12),
    },
    passes=lambda options: 1 + options["binary_search_steps"] * options["steps"],
)
def cw(
    oracle: Oracle,
    steps: int,
    binary_search_steps: int,
    initial_const: float | None,
    confidence: float,
    learning_rate: float,
) -> None:
    """Minimise norm2(d)^2 + c * max(margin, -kappa) over w with x + d = (tanh(w) + 1) / 2, for a sequence of c.

    The constant is raised until the goal is reached, then bisected towards the smallest that does. Every image goes
    through its own sequence: one may begin its next constant while another is half-way through a descent.
    """
    oracle.confidence = confidence
    oracle.look_at_clean()

    def hinge(goal: Goal, logits: Tensor) -> Tensor:
        return -(goal.margin(logits) + confidence).clamp(min=0)

    state = _Search.begin(oracle.ball.clean, initial_const)
    while len(state.const):
        x = state.image()
        ascent = oracle.gradient(x, hinge)
        (x,) = oracle.keep(x)
        state.keep(oracle)
        missing = (oracle.margin + confidence).clamp_(min=0)
        if initial_const is None:
            crossing = 2 * missing / ascent.square().sum(dim=PIXELS).clamp_(min=1e-12)
            state.const = torch.where(state.const.isnan(), crossing.clamp_(1e-12, _MOST), state.const)
        change = x - state.origin
        distance = change.square().sum(dim=PIXELS)
        reached = oracle.reached & (oracle.margin <= -confidence)
        ended = state.note(distance, missing, reached, steps, oracle.early_stop)
        # The slope of distance + c * margin in x, then the chain rule: dx/dw = (1 - tanh(w)^2) / 2 = 2 x (1 - x).
        slope = change.mul_(2).addcmul_(ascent, per_image(-state.const)).mul_(x.addcmul_(x, x, value=-1).mul_(2))
        state.descend(slope, learning_rate)
        if bool(ended.any()):
            finished = state.next_constant(ended, binary_search_steps, oracle.early_stop)
            oracle.give_up(finished)
            state.keep(oracle)


@dataclasses.dataclass
class _Search:
    """The search state of n images, field by field.

    Attributes:
        const: c; `low` and `high` enclose the smallest that reaches the goal.
        w: where the image is, in the space of the inverse hyperbolic tangent; `first`, where each descent begins.
        origin: the image of `first`. Measured from the clean image itself, the rounding of tanh would steer Adam's first
            steps.
        mean, square: Adam's moments.
        time: steps of this descent so far.
        constants: completed descents.
        nearest: least squared distance at which the goal was reached; `before`, when this descent began.
        loss: at the last check.
        recent: (n, 2) whether the goal was reached since the last check, and between the last two.
    """

    const: Tensor
    low: Tensor
    high: Tensor
    w: Tensor
    first: Tensor
    origin: Tensor
    mean: Tensor
    square: Tensor
    time: Tensor
    constants: Tensor
    nearest: Tensor
    before: Tensor
    loss: Tensor
    recent: Tensor

    @classmethod
    def begin(cls, clean: Tensor, const: float | None) -> _Search:
        w = clean.mul(2).sub_(1).mul_(_EDGE).atanh_()
        far = clean.new_full((len(clean),), torch.inf)
        none = torch.zeros_like(far, dtype=torch.int64)
        return cls(
            const=torch.full_like(far, const or torch.nan),
            low=torch.zeros_like(far),
            high=far,
            w=w,
            first=w.clone(),
            origin=w.tanh().add_(1).div_(2),
            mean=torch.zeros_like(w),
            square=torch.zeros_like(w),
            time=none,
            constants=none.clone(),
            nearest=far.clone(),
            before=far.clone(),
            loss=far.clone(),
            recent=none.bool()[:, None].repeat(1, 2),
        )

    def keep(self, oracle: Oracle) -> None:
        """Keep only the images that the oracle kept."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, oracle.keep(getattr(self, field.name))[0])

    def image(self) -> Tensor:
        """(n, 3, H, W) in [0, 1]."""
        return self.w.tanh().add_(1).div_(2)

    def note(self, distance: Tensor, missing: Tensor, reached: Tensor, steps: int, may_stall: bool) -> Tensor:
        """Record the state after a step; (n,) bool, whether each descent is over."""
        loss = distance + self.const * missing
        self.nearest = torch.where(reached, torch.minimum(self.nearest, distance), self.nearest)
        self.recent[:, 0] |= reached
        checkpoint = self.time % math.ceil(steps / 10) == 0
        ended = self.time + 1 >= steps
        if may_stall:
            ended |= checkpoint & (loss > _GAIN * self.loss) & (self.time >= _PATIENT_SHARE * steps)
        self.loss = torch.where(checkpoint, loss, self.loss)
        shifted = torch.stack([torch.zeros_like(reached), self.recent[:, 0]], dim=1)
        self.recent = torch.where((checkpoint & ~ended)[:, None], shifted, self.recent)
        return ended

    def descend(self, slope: Tensor, rate: float) -> None:
        """One step of Adam (Kingma & Ba 2015) against the slope, which is overwritten."""
        self.time += 1
        self.mean.mul_(0.9).add_(slope, alpha=0.1)
        self.square.mul_(0.999).addcmul_(slope, slope, value=0.001)
        scale = (1 - 0.999**self.time).sqrt()
        length = -rate * scale / (1 - 0.9**self.time)
        root = torch.sqrt(self.square, out=slope).add_(per_image(1e-8 * scale))
        self.w.addcmul_(self.mean / root, per_image(length))

    def next_constant(self, ended: Tensor, constants: int, may_finish: bool) -> Tensor:
        """Start the next constant where a descent is over; (n,) bool, whether each search is over.

        A constant reaches the goal if its descent does so at the end, not on the way: Adam's first steps have the length
        of its rate for every c, and overshoot.
        """
        reached = ended & self.recent.any(dim=1)
        self.high = torch.where(reached, torch.minimum(self.high, self.const), self.high)
        self.low = torch.where(ended & ~reached, torch.maximum(self.low, self.const), self.low)
        following = torch.where(
            self.high.isfinite(), (self.low + self.high) / 2, (self.const * _GROWTH).clamp_(max=_MOST)
        )
        self.const = torch.where(ended, following, self.const)
        self.constants += ended
        finished = ended & (self.constants >= constants)
        if may_finish:
            finished |= ended & self.before.isfinite() & (self.nearest > _SHRINK**2 * self.before)
        self.before = torch.where(ended, self.nearest, self.before)
        for moments in (self.mean, self.square):
            moments[ended] = 0
        self.w[ended] = self.first[ended]
        self.time[ended], self.recent[ended] = 0, False
        self.loss[ended] = torch.inf
        return finished
