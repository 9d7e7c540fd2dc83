"""An image under a short attack, whose maps are looked at next to the clean and the corrupted one's."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore import attacks
from robustcore.errors import ModelError
from robustcore.models import state_dicts
from robustcore.models.classifier import Classifier

STEPS = 5
RADII = (1, 2, 4, 8)  # of the L-inf ball, in 1/255


def attack_title(radius: float) -> str:
    """The attack, for people."""
    return f"PGD, ε {radius:g}/255"


def attacked(model: Classifier, image: Tensor, image_id: int, radius: float, *, seed: int = 0) -> Tensor:
    """float32 (1, 3, H, W) in [0, 1]: PGD of five steps, L-inf, away from the model's own answer to the clean image.

    Args:
        image: uint8 (3, H, W).
        image_id: its draws belong to it.
        radius: of the ball, in 1/255.
        seed: of the random start.

    Raises:
        ModelError: no gradient reaches the image.
    """
    clean = image[None].to(model.device)
    with torch.no_grad():
        label = model(clean).argmax(1).cpu()
    try:
        done = attacks.attack(
            model, clean, label, "pgd", eps=radius / 255, norm="linf", seed=seed, ids=[image_id], steps=STEPS
        )
    except RuntimeError as error:  # torch's, where a network computes outside of it
        raise ModelError(
            f"No gradient of {model.card.name} reaches the image ({state_dicts.first_sentence(error)}), so that PGD has nothing to follow."
        ) from error
    return done.images.detach().float().cpu()
