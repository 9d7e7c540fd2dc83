"""Budgets: how far an attack may change an image. A threat model is three small functions: start, step and project.

A ball contains its clean images, and every ball is intersected with the box of pixels [0, 1].
"""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar

import torch
from torch import Tensor

from robustcore import arguments
from robustcore.randomness import Draws

PIXELS = (1, 2, 3)  # the axes of an image within a batch


def per_image(values: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1, 1), to broadcast against images."""
    return values[:, None, None, None]


class Ball(abc.ABC):
    """All images within eps of (n, 3, H, W) clean ones, and within [0, 1].

    Args:
        clean: float32 (n, 3, H, W) in [0, 1].
        eps: (n,) radii, or None for no bound but the box.
    """

    norm: ClassVar[str]
    title: ClassVar[str]  # the norm's name for people

    def __init__(self, clean: Tensor, eps: Tensor | None) -> None:
        self.clean = clean
        self.eps = eps

    def take(self, rows: Tensor) -> Ball:
        """The balls around some of the images."""
        return type(self)(self.clean[rows], None if self.eps is None else self.eps[rows])

    @abc.abstractmethod
    def start(self, draws: Draws) -> Tensor:
        """A random image in each ball."""

    @abc.abstractmethod
    def step(self, x: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        """`x` moved by `size`, (n, 1, 1, 1), in the norm's steepest direction; overwritten."""

    @abc.abstractmethod
    def project(self, x: Tensor) -> Tensor:
        """`x` projected into the ball and the box; may be overwritten."""

    @abc.abstractmethod
    def distance(self, x: Tensor) -> Tensor:
        """(n,) distances from the clean images."""


class LInf(Ball):
    """The largest change of any value is at most eps."""

    norm = "linf"
    title = "L-inf"

    def __init__(self, clean: Tensor, eps: Tensor | None) -> None:
        super().__init__(clean, eps)
        self._bounds: tuple[Tensor, Tensor] | None = None

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The lowest and highest image: ball and box are one interval for each value."""
        if self._bounds is None:
            if self.eps is None:
                self._bounds = torch.zeros_like(self.clean), torch.ones_like(self.clean)
            else:
                eps = per_image(self.eps)
                self._bounds = (self.clean - eps).clamp_(min=0), (self.clean + eps).clamp_(max=1)
        return self._bounds

    def start(self, draws: Draws) -> Tensor:
        unit = draws.uniform(*self.clean.shape[1:], low=-1.0, high=1.0)
        radius = 1.0 if self.eps is None else per_image(self.eps)
        return self.project(torch.addcmul(self.clean, unit, torch.as_tensor(radius, device=unit.device)))

    def step(self, x: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        return x.addcmul_(gradient.sign(), size)

    def project(self, x: Tensor) -> Tensor:
        low, high = self.bounds
        return torch.clamp(x, low, high, out=x)

    def distance(self, x: Tensor) -> Tensor:
        return (x - self.clean).abs_().amax(dim=PIXELS)


class L2(Ball):
    """The Euclidean length of the change is at most eps."""

    norm = "l2"
    title = "L2"

    def start(self, draws: Draws) -> Tensor:
        direction = draws.normal(*self.clean.shape[1:])
        n = direction[0].numel()
        if self.eps is None:
            return draws.uniform(*self.clean.shape[1:]).to(self.clean.device)
        # The volume within radius r grows with r to the power of the dimension.
        radius = self.eps * draws.uniform().pow(1 / n)
        return self.project(torch.addcmul(self.clean, direction, per_image(radius) / length(direction)))

    def step(self, x: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        return x.addcmul_(gradient, size / length(gradient))

    def project(self, x: Tensor) -> Tensor:
        if self.eps is None:
            return x.clamp_(0, 1)
        # Scaling first: the box contains the clean image, so clipping only shortens the change.
        change = x.sub_(self.clean)
        change.mul_((per_image(self.eps) / length(change)).clamp_(max=1))
        return change.add_(self.clean).clamp_(0, 1)

    def distance(self, x: Tensor) -> Tensor:
        distances: Tensor = torch.linalg.vector_norm(x - self.clean, dim=PIXELS)
        return distances


class L1(Ball):
    """The sum of the changes of all values is at most eps.

    Source of the projection and of the sparse step: Croce & Hein 2021, Mind the box, section 2.2 and section 3.1.
    """

    norm = "l1"
    title = "L1"

    def start(self, draws: Draws) -> Tensor:
        unit = draws.uniform(*self.clean.shape[1:], low=-1.0, high=1.0)
        n = unit[0].numel()
        if self.eps is None:
            return unit.add_(1).div_(2).to(self.clean.device)
        # Values with the density exp(-|v|), divided by their sum, are uniform on the sphere; volume as in L2.
        direction = -torch.log1p(-unit.abs()) * unit.sign()
        radius = self.eps * draws.uniform().pow(1 / n)
        scale = per_image(radius) / direction.abs().sum(dim=PIXELS, keepdim=True).clamp_(min=1e-30)
        return self.project(torch.addcmul(self.clean, direction, scale))

    def step(self, x: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        return sparse_step(x, gradient, size, torch.zeros(len(x), device=x.device))

    def project(self, x: Tensor) -> Tensor:
        if self.eps is None:
            return x.clamp_(0, 1)
        change = x.sub_(self.clean)
        lengths = change.abs()
        room = torch.where(change > 0, 1 - self.clean, self.clean)
        kept = torch.minimum((lengths - per_image(self._threshold(lengths, room))).clamp_(min=0), room)
        return change.sign_().mul_(kept).add_(self.clean).clamp_(0, 1)

    def _threshold(self, lengths: Tensor, room: Tensor) -> Tensor:
        """(n,) by how much every change has to be shortened; 0 within the ball.

        With a threshold every change keeps what it is longer than it, at most the room to the box. Their sum falls piecewise
        linearly with the threshold, so that Newton's method, halving an interval where it leaves it, finds eps in a few rounds.
        """
        assert self.eps is not None
        low, high = torch.zeros_like(self.eps), lengths.amax(dim=PIXELS)
        threshold = low.clone()
        for _ in range(_ROUNDS):
            left = lengths - per_image(threshold)
            over = torch.minimum(left.clamp(min=0), room).sum(dim=PIXELS) - self.eps
            low, high = torch.where(over > 0, threshold, low), torch.where(over > 0, high, threshold)
            done = (over <= 0) & ((over >= -_TOLERANCE * self.eps) | (low >= high))
            if bool(done.all()):
                break
            slope = ((left > 0) & (left < room)).sum(dim=PIXELS)
            newton = threshold + over / slope
            inside = (newton > low) & (newton < high)  # not where the slope is 0
            threshold = torch.where(done, high, torch.where(inside, newton, (low + high) / 2))
        return high

    def distance(self, x: Tensor) -> Tensor:
        return (x - self.clean).abs_().sum(dim=PIXELS)


_ROUNDS = 40
_TOLERANCE = 1e-5  # share of eps that a projected change may be shorter


def sparse_step(x: Tensor, gradient: Tensor, size: Tensor, share: Tensor) -> Tensor:
    """`x` moved by `size` in L1, equally far in the values with the greatest gradients; overwritten.

    Args:
        x, gradient: (n, 3, H, W).
        size: (n, 1, 1, 1) L1 lengths.
        share: (n,) of all values that move; one value at least.
    """
    slopes = gradient.abs().flatten(1)
    count = (share * slopes.shape[1]).long().clamp_(1, slopes.shape[1])
    ranked = slopes.topk(int(count.max()), dim=1).values
    least = ranked.gather(1, count[:, None] - 1)
    moves = torch.where(slopes >= least, gradient.flatten(1).sign(), 0.0).view_as(gradient)
    return x.addcmul_(moves, size / moves.abs().sum(dim=PIXELS, keepdim=True).clamp_(min=1))


def length(x: Tensor) -> Tensor:
    """(n, 1, 1, 1) Euclidean lengths of (n, 3, H, W), never 0, so they are safe divisors."""
    lengths: Tensor = torch.linalg.vector_norm(x, dim=PIXELS, keepdim=True)
    return lengths.clamp_(min=1e-30)


BALLS: dict[str, type[Ball]] = {ball.norm: ball for ball in (LInf, L2, L1)}
NORMS = tuple(BALLS)
USUAL_NORMS = ("linf", "l2")  # what every attack has that names no others
TITLES = {norm: ball.title for norm, ball in BALLS.items()}


def largest_eps(norm: str, shape: tuple[int, ...]) -> float:
    """The radius beyond which a ball holds every image of (3, H, W) values: 1 for L-inf, sqrt(3 H W) for L2, 3 H W for L1."""
    values = math.prod(shape)
    return {"linf": 1.0, "l2": math.sqrt(values), "l1": float(values)}[norm]


def written(eps: float, norm: str) -> str:
    """A radius as people write it: in L-inf a fraction of 255 where two places say it whole, as 2/255; else the number itself."""
    levels = round(255 * eps, 2)
    return f"{levels:g}/255" if norm == "linf" and eps < 1 and abs(255 * eps - levels) < 1e-6 else f"{eps:g}"


def radius(value: Any) -> float:
    """A radius from a number, or from a text such as "8/255" or "0.5"; pixels in [0, 1].

    Raises:
        InvalidArgumentError: neither, or below 0.
    """
    rule = 'An eps is a number, 0 or more, with pixels in 0 to 1, or a text such as "8/255"'
    plain = arguments.scalar(value)
    if isinstance(plain, str):
        numerator, fraction, of = plain.partition("/")
        try:
            number = float(numerator)
        except ValueError:
            raise arguments.refuse(rule, value) from None
        if fraction and of.strip() != "255":
            raise arguments.refuse(rule, value)
        plain = number / 255 if fraction else number
    return arguments.number(plain, rule, low=0.0)


def default_eps(norm: str, shape: tuple[int, ...]) -> float:
    """8/255 for L-inf; for L2 the customary 3.0 and for L1 the customary 60 at 224 pixels, scaled with the root of their number."""
    if norm == "linf":
        return 8 / 255
    return {"l2": 3.0, "l1": 60.0}[norm] * math.sqrt(shape[-1] * shape[-2]) / 224
