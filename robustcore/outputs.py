"""What a network answers: brought to logits, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from robustcore.errors import ModelError


def logits_of(answer: object, images: int | None = None) -> Tensor:
    """(N, K) logits: the answer itself, or its `logits` where it is a table or an object that has them.

    Args:
        answer: what a network returned.
        images: N, where it is to be checked.

    Raises:
        ModelError: something else.
    """
    logits = answer.get("logits") if isinstance(answer, Mapping) else getattr(answer, "logits", answer)
    if not isinstance(logits, Tensor):
        kind = type(answer).__name__
        more = f" with {', '.join(map(repr, list(answer)[:4]))}" if isinstance(answer, Mapping) else ""
        raise ModelError(
            f"The network answers with a {kind}{more}; a classifier answers with logits, a tensor of shape (N, K), or with "
            "something that has them as `logits`. Wrap it in a module that returns the logits."
        )
    if logits.ndim != 2 or (images is not None and len(logits) != images):
        wanted = f"({'N' if images is None else images}, K)"
        raise ModelError(
            f"The network answers with shape {tuple(logits.shape)}; logits have shape {wanted}, one row an image."
        )
    return logits


def look_like_probabilities(logits: Tensor) -> bool:
    """Whether (N, K) answers are not negative and sum to 1, as behind a softmax."""
    values = logits.detach().float()
    return values.shape[1] > 1 and bool((values >= 0).all()) and bool((values.sum(1) - 1).abs().max() < 1e-3)


def dtype_of(network: torch.nn.Module) -> torch.dtype:
    """The type of numbers that a network computes with: that of its first floating-point weight, else float32."""
    return next((p.dtype for p in network.parameters() if p.is_floating_point()), torch.float32)
