"""HopSkipJump: walks along the decision boundary towards the image, using only the model's decisions."""

from __future__ import annotations

import math

import torch

from robustcore.attacks._base import Option, Oracle, Tensor, attack
from robustcore.attacks.budgets import LInf, length, per_image

_GRIDS = (1, 2, 4, 8, 16)  # block grids of the noise that the search starts from, besides noise of single pixels
_FIRST_DELTA = 0.1
_HALVINGS = 12
_MOST_BISECTIONS = 24  # further bisections are below float32's resolution


@attack(
    title="HopSkipJump",
    needs="decisions",
    norms=["l2", "linf"],
    nearest=True,
    bounded=False,
    source="Chen, Jordan & Wainwright 2020, algorithms 1 and 2",
    summary="Estimates the boundary's direction from decisions on noisy copies, and walks along it towards the image.",
    options={
        "steps": Option(20, "Steps along the boundary.", low=1),
        "initial_queries": Option(
            100, "Decisions for the first estimate; step t asks for sqrt(t) times as many.", low=1
        ),
        "max_queries": Option(1000, "Decisions for one estimate at most.", low=1),
        "start_trials": Option(50, "Noise images that are tried as a start.", low=1),
        "starts": Option(None, "(N, 3, H, W) images that reach the goal, to start from instead of noise.", kind=Tensor),
    },
    passes=lambda options: (
        2 + options["start_trials"] + _MOST_BISECTIONS + options["steps"] * (_HALVINGS + _MOST_BISECTIONS + 2)
    ),
)
def hopskipjump(
    oracle: Oracle, steps: int, initial_queries: int, max_queries: int, start_trials: int, starts: Tensor | None
) -> None:
    """Start on the goal's side; then, in turn: to the boundary, estimate its normal, step away from it."""
    x = _begin(oracle, start_trials, starts)
    if not len(x):
        return
    x = _to_boundary(oracle, x)
    for step in range(1, steps + 1):
        distance = oracle.ball.distance(x)
        count = min(int(initial_queries * math.sqrt(step)), max_queries)
        direction = _normal(oracle, x, count, _delta(oracle, distance, step))
        if isinstance(oracle.ball, LInf):
            direction.sign_()
        size = distance / math.sqrt(step)
        moved, reached = x, torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for _ in range(_HALVINGS):
            candidate = torch.addcmul(x, direction, per_image(size)).clamp_(0, 1)
            oracle.judge(candidate)
            newly_reached = oracle.reached & ~reached
            moved = torch.where(per_image(newly_reached), candidate, moved)
            reached |= newly_reached
            size = torch.where(reached, size, size / 2)
            if bool(reached.all()):
                break
        x = _to_boundary(oracle, moved)


def _begin(oracle: Oracle, trials: int, starts: Tensor | None) -> Tensor:
    """Images that reach the goal; images without such a start are left out."""
    clean = oracle.ball.clean
    oracle.judge(clean)
    if starts is not None:
        (x,) = oracle.keep(starts.to(clean))
        oracle.judge(x)
        reached = oracle.reached
    else:
        (x,) = oracle.keep(clean.clone())
        reached = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for trial in range(trials):
            if bool(reached.all()):
                oracle.draws.skip(1)
                continue
            candidate = _noise(oracle, trial)
            oracle.judge(candidate)
            newly_reached = oracle.reached & ~reached
            x = torch.where(per_image(newly_reached), candidate, x)
            reached = reached | newly_reached
    oracle.give_up(~reached)
    return oracle.keep(x)[0]


def _noise(oracle: Oracle, trial: int) -> Tensor:
    """Uniform noise, of single pixels or in coarse blocks: models differ in which one they misclassify."""
    channels, height, width = oracle.ball.clean.shape[1:]
    grid = (*_GRIDS, None)[trial % (len(_GRIDS) + 1)]
    if grid is None:
        return oracle.draws.uniform(channels, height, width)
    coarse = oracle.draws.uniform(channels, min(grid, height), min(grid, width))
    return torch.nn.functional.interpolate(coarse, (height, width))


def _to_boundary(oracle: Oracle, x: Tensor) -> Tensor:
    """The point nearest to the clean image, on the way to it from `x`, that still reaches the goal, by bisection."""
    clean = oracle.ball.clean
    linf = isinstance(oracle.ball, LInf)
    far = oracle.ball.distance(x) if linf else torch.ones(len(x), device=x.device)
    near = torch.zeros_like(far)
    # The boundary is to be met within theta, d^(-3/2) of the way for L2 and d^(-2) for L-inf.
    halvings = math.ceil((2 if linf else 1.5) * math.log2(x[0].numel()))
    for _ in range(min(halvings, _MOST_BISECTIONS)):
        middle = (near + far) / 2
        oracle.judge(_between(clean, x, middle, linf))
        far = torch.where(oracle.reached, middle, far)
        near = torch.where(oracle.reached, near, middle)
    return _between(clean, x, far, linf)


def _between(clean: Tensor, x: Tensor, share: Tensor, linf: bool) -> Tensor:
    """`x` clipped to a distance from the clean image in L-inf; in L2 the point that divides the way to it."""
    amount = per_image(share)
    if linf:
        return torch.clamp(x, clean - amount, clean + amount)
    return torch.lerp(clean, x, amount)


def _delta(oracle: Oracle, distance: Tensor, step: int) -> Tensor:
    """(n,) radius of the noise: a tenth of the pixels' range at first, then in proportion to the distance."""
    if step == 1:
        return torch.full_like(distance, _FIRST_DELTA)
    d = oracle.ball.clean[0].numel()
    # sqrt(d) theta ||.||_2 with theta = d^(-3/2), or d theta ||.||_inf with theta = d^(-2): 1/d of the distance.
    return distance / d


def _normal(oracle: Oracle, x: Tensor, count: int, delta: Tensor) -> Tensor:
    """(n, 3, H, W) unit normals of the boundary at `x`, from `count` decisions for each image."""
    total = torch.zeros_like(x)
    plain = torch.zeros_like(x)
    votes = torch.zeros(len(x), device=x.device)
    done = 0
    while done < count:
        block = min(16, count - done)
        noise = _directions(oracle, block)
        moved = torch.addcmul(x, noise, delta[None, :, None, None, None]).clamp_(0, 1)
        noise = (moved - x).div_(delta[None, :, None, None, None].clamp(min=1e-12))
        vote = oracle.decide(moved).to(torch.float32).mul_(2).sub_(1)
        total += torch.einsum("bn,bnchw->nchw", vote, noise)
        plain += noise.sum(dim=0)
        votes += vote.sum(dim=0)
        done += block
    mean = votes / count
    # Subtracting the mean vote lowers the variance; if all votes agree, nothing would be left.
    unanimous = mean.abs() == 1
    total -= plain * per_image(torch.where(unanimous, torch.zeros_like(mean), mean))
    return total.div_(length(total))


def _directions(oracle: Oracle, count: int) -> Tensor:
    """(count, n, 3, H, W) random directions of unit length."""
    shape = oracle.ball.clean.shape[1:]
    if isinstance(oracle.ball, LInf):
        noise = oracle.draws.uniform(count, *shape, low=-1.0, high=1.0)
    else:
        noise = oracle.draws.normal(count, *shape)
    noise = noise.transpose(0, 1)
    return noise.div_(torch.linalg.vector_norm(noise, dim=(2, 3, 4), keepdim=True))
