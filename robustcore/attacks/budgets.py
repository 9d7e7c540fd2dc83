"""Budgets: how far an attack may change an image. A threat model is three small functions: start, step and project.

A ball contains its clean images, and every ball is intersected with the box of pixels [0, 1].
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from robustcore.randomness import Draws

PIXELS = (1, 2, 3)  # the axes of an image within a batch


def per_image(values: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1, 1), to broadcast against images."""
    return values[:, None, None, None]


class Ball:
    """All images within eps of (n, 3, H, W) clean ones, and within [0, 1].

    Args:
        clean: float32 (n, 3, H, W) in [0, 1].
        eps: (n,) radii, or None for no bound but the box.
    """

    norm: ClassVar[str]

    def __init__(self, clean: Tensor, eps: Tensor | None) -> None:
        self.clean = clean
        self.eps = eps

    def take(self, rows: Tensor) -> Ball:
        """The balls around some of the images."""
        return type(self)(self.clean[rows], None if self.eps is None else self.eps[rows])

    def start(self, draws: Draws) -> Tensor:
        """A random image in each ball."""
        raise NotImplementedError

    def step(self, x: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        """`x` moved by `size`, (n, 1, 1, 1), in the norm's steepest direction; overwritten."""
        raise NotImplementedError

    def project(self, x: Tensor) -> Tensor:
        """`x` projected into the ball and the box; may be overwritten."""
        raise NotImplementedError

    def distance(self, x: Tensor) -> Tensor:
        """(n,) distances from the clean images."""
        raise NotImplementedError


class LInf(Ball):
    """The largest change of any value is at most eps."""

    norm = "linf"

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


def length(x: Tensor) -> Tensor:
    """(n, 1, 1, 1) Euclidean lengths of (n, 3, H, W), never 0, so they are safe divisors."""
    lengths: Tensor = torch.linalg.vector_norm(x, dim=PIXELS, keepdim=True)
    return lengths.clamp_(min=1e-30)


BALLS: dict[str, type[Ball]] = {ball.norm: ball for ball in (LInf, L2)}
NORMS = tuple(BALLS)


def largest_eps(norm: str, shape: tuple[int, ...]) -> float:
    """The radius beyond which a ball holds every image of (3, H, W) values: 1 for L-inf, sqrt(3 H W) for L2."""
    return 1.0 if norm == "linf" else math.sqrt(math.prod(shape))


def default_eps(norm: str, shape: tuple[int, ...]) -> float:
    """8/255 for L-inf; for L2 the customary 3.0 at 224 pixels, scaled with the root of the number of pixels."""
    return 8 / 255 if norm == "linf" else 3.0 * math.sqrt(shape[-1] * shape[-2]) / 224
