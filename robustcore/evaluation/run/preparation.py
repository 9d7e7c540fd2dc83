"""A model made ready to be scored: a copy in evaluation mode, on the device, as quick as it can be while it answers the same.

Batch normalisation behind a convolution is folded into it only where nothing else can see the difference, and only if the
folded network answers the probe images as before.
"""

from __future__ import annotations

import collections
import contextlib

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from robustcore.models import probes
from robustcore.models.classifier import Classifier
from robustcore.models.copies import copied

_FOLDED_ALIKE, _ROUNDING = 1e-4, 1e-2


def prepare(model: Classifier, device: torch.device) -> Classifier:
    """A copy for scoring; the model itself stays as it is.

    Raises:
        ModelError: the model cannot be copied.
    """
    prepared = copied(model).eval().requires_grad_(False)
    folded = copied(prepared)
    if _fold(folded) and _answers_alike(prepared, folded):
        prepared = folded
    prepared = prepared.eval().to(device)
    # Quantised and sparse parts have no such layout.
    with contextlib.suppress(RuntimeError, NotImplementedError):
        prepared = prepared.to(memory_format=torch.channels_last)
    return prepared


def _fold(network: nn.Module) -> int:
    """Fold each batch normalisation right behind a convolution of the same sequence into it; returns how many.

    In eval mode it is a factor and a shift for each channel. Only plain modules are folded that have no hooks, hold their own
    weights and stand in one place of the network.
    """
    places = collections.Counter(
        id(child) for module in network.modules() for child in module._modules.values() if child is not None
    )
    folded = 0
    for sequence in [module for module in network.modules() if type(module) is nn.Sequential and _is_plain(module)]:
        for at in range(len(sequence) - 1):
            convolution, normalisation = sequence[at], sequence[at + 1]
            # Exactly these: what is derived from them may do something else.
            if type(convolution) is not nn.Conv2d or type(normalisation) is not nn.BatchNorm2d:
                continue
            if not (_is_plain(convolution) and _is_plain(normalisation)) or normalisation.running_mean is None:
                continue
            if places[id(convolution)] > 1 or places[id(normalisation)] > 1 or "weight" not in convolution._parameters:
                continue
            sequence[at] = fuse_conv_bn_eval(convolution, normalisation)
            sequence[at + 1] = nn.Identity()
            folded += 1
    return folded


def _is_plain(module: nn.Module) -> bool:
    """Whether a module does what its class does: without hooks, and without a forward pass of its own."""
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    return not any(hooks) and "forward" not in vars(module)


def _answers_alike(first: Classifier, second: Classifier) -> bool:
    """Whether two networks answer the probe images alike, up to what folding changes in float32: a small part of how much
    the logits differ from image to image."""
    images = probes.images(first.card.side).to(first.device)
    try:
        with torch.inference_mode():
            one, other = first(images), second(images)
    except Exception:  # a folded network that fails is not used; the other one says what is wrong when it is scored
        return False
    span = (one - one.mean(0)).abs().max() + _ROUNDING * one.abs().max()
    return bool((one - other).abs().max() <= _FOLDED_ALIKE * span)
