"""Fooling images: gradient ascent on the score of a class, from an image or from noise."""

from __future__ import annotations

import math

from robustcore.attacks._base import Option, Oracle, attack
from robustcore.attacks.budgets import length
from robustcore.attacks.goals import score

_SIDE = 224  # the document's learning rates are for images of this side


@attack(
    title="Fooling image",
    needs="gradients",
    norms=["l2", "linf"],
    goals=["targeted", "least_likely", "untargeted"],
    bounded=False,
    source="RobustNet, section 2; Szegedy et al. 2014",
    summary="Climbs the pre-softmax score of a class, at random if none is given, until the model names it.",
    options={
        "learning_rate": Option(
            5.0, "Euclidean length of one step at 224 pixels; the document has 5, 20 and 100.", low=0
        ),
        "steps": Option(100, "Steps at most; the document gives no number.", low=1),
        "start": Option("image", "Where to begin: at the image, or at uniform noise.", choices=("image", "noise")),
    },
    passes=lambda options: options["steps"] + 1 + (options["start"] == "noise"),
)
def fooling(oracle: Oracle, learning_rate: float, steps: int, start: str) -> None:
    """Steps of `learning_rate` times the gradient of the score divided by its length.

    The document does not say how the gradient is scaled; the division makes the rate the length of the change. That
    length scales with the image's side, so that a pixel changes equally at every size.
    """
    clean = oracle.ball.clean
    if start == "noise":
        if oracle.goal.is_open:
            oracle.look_at_clean()
        x = oracle.ball.project(oracle.draws.uniform(*clean.shape[1:]))
    else:
        x = clean.clone()
    size = learning_rate * math.sqrt(clean.shape[-1] * clean.shape[-2]) / _SIDE
    for _ in range(steps):
        gradient = oracle.gradient(x, score)
        (x,) = oracle.keep(x)
        x = oracle.ball.project(x.addcmul_(gradient, size / length(gradient)))
    oracle.judge(x)
