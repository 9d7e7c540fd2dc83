"""Adversarial images for a training, crafted on the network in its state before the step.

The thesis does not say how batch normalisation behaves while images are crafted. Here it uses its running statistics, as
in an evaluation, and dropout is off; implementations differ, and Pang et al. 2021 ("Bag of tricks for adversarial
training") recommend this way. So an image's perturbation does not depend on other images of the batch, as in the equations, the
attack is the one that the finished model will face, and crafting does not change the running statistics. The step's own passes
are in training mode as ever.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from robustcore.attacks.budgets import LInf, per_image
from robustcore.attacks.goals import Goal, cross_entropy
from robustcore.training.interventions._base import Step


def craft(model: nn.Module, pixels: Tensor, goal: Goal, eps: Tensor, steps: int = 1) -> Tensor:
    """FGSM, or with more steps PGD from the clean image, each of length eps / steps (Laugros, equations 2.5 to 2.8).

    One pass forwards and one backwards for each step; no gradient of a weight is computed.

    Args:
        model: over [0, 1] pixels; its modes and buffers are afterwards what they were.
        pixels: float32 (n, 3, S, S) in [0, 1]; unchanged.
        goal: for these images. The least likely class is read from the first step's answer.
        eps: float32 (n,), in pixels of [0, 1].
        steps: 1 or more.

    Returns:
        float32 (n, 3, S, S) in [0, 1], nowhere further than eps from `pixels`.
    """
    x = pixels.contiguous(memory_format=torch.channels_last)  # as the network's weights lie
    ball, size = LInf(x, eps), per_image(eps / steps)
    with evaluating(model), torch.enable_grad():
        for _ in range(steps):
            leaf = x.detach().requires_grad_()
            logits = model(leaf)
            if goal.is_open:
                goal = goal.resolved(logits)
            (gradient,) = torch.autograd.grad(cross_entropy(goal, logits).sum(), leaf)
            x = ball.project(ball.step(x.clone(), gradient, size))
    return x


def towards_random_classes(step: Step, pixels: Tensor, eps_max: float, operation: str) -> tuple[Tensor, Tensor, Tensor]:
    """Targeted FGSM (equation 3.5), each image towards a class of its own, uniform over all K, by an eps from U(0, eps_max).

    The class may be the image's own, as in algorithm 1 of the thesis, where a mixed image has no single one.

    Args:
        step: its first n images are those that `pixels` shows.
        pixels: float32 (n, 3, S, S) in [0, 1].
        operation: what the draws are keyed by.

    Returns:
        float32 (n, 3, S, S) attacked images, float32 (n, K) one-hot targets, float32 (n, 1) eps.
    """
    n, classes = len(pixels), step.targets.shape[1]
    draws = step.draws(operation)
    eps = draws.uniform(high=eps_max)[:n]
    chosen = draws.integers(0, classes)[:n]
    attacked = craft(step.model, pixels, Goal(step.labels[:n], targets=chosen), eps)
    return attacked, nn.functional.one_hot(chosen, classes).to(torch.float32), eps[:, None]


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Every part of the model in evaluation mode, and those that were in training mode back in it afterwards."""
    training = [part for part in model.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True
