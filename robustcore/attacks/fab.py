"""FAB: the nearest image beyond a class boundary, by repeated projection on the boundary's linear approximation."""

from __future__ import annotations

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import NORMS, PIXELS, per_image
from robustcore.attacks.goals import lead
from robustcore.attacks.steps import directions as each_direction

_ALPHA_MAX, _ETA, _BETA = 0.1, 1.05, 0.9  # section 3 of the paper
_ROUNDS = 40  # of Newton's method at most; it ends by itself after a few
_RANKS = 256  # of the steepest values that a projection in L1 tries first
_TOLERANCE = 1e-4  # share of the way to the plane that may be left; a step overshoots by more


@attack(
    title="FAB",
    needs="gradients",
    norms=NORMS,
    nearest=True,
    bounded=False,
    source="Croce & Hein 2020, Minimally distorted adversarial examples with a fast adaptive boundary attack",
    summary="Projects on the linear boundary to a class again and again, each time drawn back to the clean image.",
    options={
        "steps": Option(100, "Number of steps for each class.", low=1),
        "restarts": Option(1, "Number of starts; the first is the clean image.", low=1),
        "directions": Option(9, "Classes that an untargeted attack leads to, the likeliest first.", low=1),
        "alpha_max": Option(_ALPHA_MAX, "Greatest share of the clean image's own projection in a step.", low=0, high=1),
        "eta": Option(_ETA, "How far a step goes, 1 for just to the boundary.", low=1),
        "beta": Option(_BETA, "What is left of the change after the boundary was crossed.", low=0, high=1),
    },
    passes=lambda options: 1 + options["directions"] * options["restarts"] * (options["steps"] + 1),
)
def fab(oracle: Oracle, steps: int, restarts: int, directions: int, alpha_max: float, eta: float, beta: float) -> None:
    """FAB-T: towards each of the likeliest wrong classes, or towards the target."""
    oracle.judge(oracle.ball.clean)
    if oracle.goal.targets is not None:
        for restart in range(restarts):
            approach(oracle, steps, restart > 0, alpha_max, eta, beta)
        return
    for restart in each_direction.each(oracle, oracle.logits, directions, restarts):
        approach(oracle, steps, restart > 0, alpha_max, eta, beta)


def approach(
    oracle: Oracle,
    steps: int,
    at_random: bool,
    alpha_max: float = _ALPHA_MAX,
    eta: float = _ETA,
    beta: float = _BETA,
) -> None:
    """One sequence of projections.

    The published algorithm asks for the gradient at the image that it goes back to from beyond the boundary. Here it is the
    gradient beyond it, which the question whether the boundary was crossed brings along: two thirds of the passes.

    Args:
        oracle: answers for the images under attack.
        steps: how many.
        at_random: whether to start at a random image near the clean one.
        alpha_max, eta, beta: see the options.
    """
    x = _random_start(oracle) if at_random else oracle.ball.clean.clone()
    for _ in range(steps):
        gradient = oracle.gradient(x, lead)
        (x,) = oracle.keep(x)
        clean, norm = oracle.ball.clean, oracle.ball.norm
        back = torch.where(per_image(oracle.reached), torch.lerp(clean, x, beta), x)
        points = torch.cat([back, clean])
        gaps = oracle.value.repeat(2) + (gradient.repeat(2, 1, 1, 1) * (points - x.repeat(2, 1, 1, 1))).sum(dim=PIXELS)
        x = back
        change, own = nearest_on_plane(points, gradient.repeat(2, 1, 1, 1), gaps, norm).chunk(2)
        lengths = _length(change, norm), _length(own, norm)
        alpha = (lengths[0] / (lengths[0] + lengths[1]).clamp_(min=1e-12)).clamp_(max=alpha_max)
        towards, straight = x.add_(change, alpha=eta), torch.add(clean, own, alpha=eta)
        x = torch.lerp(towards, straight, per_image(alpha)).clamp_(0, 1)
    oracle.judge(x)


def _random_start(oracle: Oracle) -> Tensor:
    """A random image at half the radius, or half-way to any image where there is none."""
    return torch.lerp(oracle.ball.clean, oracle.ball.start(oracle.draws), 0.5)


def _length(change: Tensor, norm: str) -> Tensor:
    """(n,) lengths in a norm."""
    if norm == "linf":
        return change.abs().amax(dim=PIXELS)
    length: Tensor = torch.linalg.vector_norm(change, 1 if norm == "l1" else 2, dim=PIXELS)
    return length


def nearest_on_plane(x: Tensor, normal: Tensor, gap: Tensor, norm: str) -> Tensor:
    """The shortest change that leads from images to a plane, within [0, 1].

    Towards the plane every value moves along the normal, in L-inf all equally far and in L2 in proportion to the normal, and
    ends at the box. What the normal gains is then a concave, piecewise linear function of the common length, so that Newton's
    method from 0 rises to the length that is needed within a few rounds. No sorting is involved. In L1 the values with the
    steepest normals go to the box one after another, and the last of them as far as it has to.

    Args:
        x: (n, 3, H, W) in [0, 1].
        normal: (n, 3, H, W).
        gap: (n,) signed; on the plane the normal's product with the image is smaller by so much.
        norm: "linf", "l2" or "l1".

    Returns:
        (n, 3, H, W) changes. Where the plane is out of the box's reach, the change goes as far as the box allows.
    """
    n, channels, height, width = x.shape
    # (n, values) in the order of memory of images that are channels-last, as they are on a CPU.
    x, normal = (values.permute(0, 2, 3, 1).reshape(n, -1) for values in (x, normal))
    slopes = normal.abs()
    up = normal * -gap.sign()[:, None] > 0  # which way each value has to go
    room = torch.where(up, 1 - x, x)
    if norm == "l1":
        moved = _steepest_first(slopes, room, gap.abs())
        return torch.where(up, moved, -moved).view(n, height, width, channels).permute(0, 3, 1, 2)
    pace = torch.ones_like(slopes) if norm == "linf" else slopes  # of a value, for one unit of the common length
    gain = slopes if norm == "linf" else slopes.square()
    length, missing = torch.zeros_like(gap), gap.abs()
    moved = torch.zeros_like(room)
    for _ in range(_ROUNDS):
        free = _products(gain, (moved < room).to(gain.dtype))
        short = missing - _products(slopes, moved)
        open_ = (short > _TOLERANCE * missing) & (free > 1e-30)
        if not bool(open_.any()):
            break
        length = torch.where(open_, length + short / free.clamp(min=1e-30), length)
        torch.mul(pace, length[:, None], out=moved)
        torch.minimum(moved, room, out=moved)
    change = torch.where(up, moved, -moved).mul_(slopes > 0)
    return change.view(n, height, width, channels).permute(0, 3, 1, 2)


def _steepest_first(slopes: Tensor, room: Tensor, missing: Tensor) -> Tensor:
    """(n, values) lengths of the changes, each at most its room, whose products with the slopes add up to (n,) `missing`."""
    values, ranks = slopes.shape[1], _RANKS
    while True:
        ranked, order = slopes.topk(min(ranks, values), dim=1)
        gains = ranked * room.gather(1, order)
        before = gains.cumsum(dim=1) - gains
        if ranks >= values or bool((before[:, -1] + gains[:, -1] >= missing).all()):
            break
        ranks *= 8  # few values suffice where a plane is near, and a part is ranked faster than all
    share = ((missing[:, None] - before) / gains.clamp(min=1e-30)).clamp_(0, 1)
    moved = torch.zeros_like(room).scatter_(1, order, share) * room
    return moved.mul_(slopes > 0)


def _products(a: Tensor, b: Tensor) -> Tensor:
    """(n,) inner products of (n, values)."""
    return torch.bmm(a[:, None], b[:, :, None])[:, 0, 0]
