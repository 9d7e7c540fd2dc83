"""Moment exchange: early features of an image take the moments of another image's, and the label a share of its label."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustcore.errors import TrainingError
from robustcore.training.interventions._base import Intervention, Outcome, Step, intervention, setting

_EPSILON = 1e-5  # added to a variance, as in positional normalisation (Li et al. 2019)


@intervention(
    "moex",
    title="Moment exchange (MoEx)",
    family="augmentation",
    summary="Gives early features of some images the moments of another image's features, and mixes the labels.",
    source="Basart, thesis, section 3.4 (after Li et al. 2021)",
)
class MoEx(Intervention):
    """h_A becomes s_B * (h_A - m_A) / s_A + m_B, with the positional moments m and s of the features: mean and deviation over the
    channels at each position. The label becomes share * y_A + (1 - share) * y_B.

    h is what the first convolution gives, after the normalisation that follows it where there is one; the partners are a random
    permutation of the batch. The exchange is drawn for each image; the source draws it for a whole batch. share and
    probability are Li et al.'s for CIFAR, where the exchange follows the first layer as well; on ImageNet they exchange always.
    """

    probability: float = setting(0.5, above=0, high=1, help="that an image's moments are exchanged")
    share: float = setting(0.9, low=0, high=1, help="of the image's own label, lambda; the rest is the partner's")

    def loss(self, step: Step) -> Outcome:
        draws = step.draws("moex")
        chosen = draws.uniform() < self.probability
        partner = draws.integers(0, 1 << 31).argsort(stable=True)
        with _exchanging(step.model.network, chosen, partner):
            logits = step.model(step.images)
        mixed = torch.lerp(step.targets[partner], step.targets, self.share)
        labels = torch.where(chosen[:, None], mixed, step.targets)
        return Outcome(F.cross_entropy(logits, labels), logits, labels)


def exchanged(features: Tensor, partners: Tensor) -> Tensor:
    """(N, C, H, W) features with the positional moments of their partners', computed in float32 or better."""
    own, other = (x if x.dtype == torch.float64 else x.float() for x in (features, partners))
    deviation, mean = _moments(own)
    wanted, level = _moments(other)
    return ((own - mean) / deviation * wanted + level).to(features.dtype)


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Deviation and mean over the channels, (N, 1, H, W) each."""
    variance, mean = torch.var_mean(x, 1, keepdim=True, correction=0)
    return (variance + _EPSILON).sqrt(), mean


@contextlib.contextmanager
def _exchanging(network: nn.Module, chosen: Tensor, partner: Tensor) -> Iterator[None]:
    """While inside, early features of the (N,) chosen images have their partners' moments."""

    def exchange(part: nn.Module, inputs: Any, features: Tensor) -> Tensor:
        return torch.where(chosen[:, None, None, None], exchanged(features, features[partner]), features)

    handle = early_part(network).register_forward_hook(exchange)
    try:
        yield
    finally:
        handle.remove()


def early_part(network: nn.Module) -> nn.Module:
    """The first convolution, or the batch normalisation right after it.

    Raises:
        TrainingError: a network without a convolution of images.
    """
    leaves = [part for part in network.modules() if not any(part.children())]
    for part, after in zip(leaves, [*leaves[1:], None], strict=True):
        if isinstance(part, nn.Conv2d):
            return after if isinstance(after, nn.BatchNorm2d) else part
    raise TrainingError(
        "Moment exchange needs features with a place for each position, and this network has no convolution. Choose another "
        "intervention, such as mixup, or another architecture."
    )
