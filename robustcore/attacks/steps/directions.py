"""Attacks that lead to one wrong class after another, though any of them will do."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from robustcore.attacks.engine.oracle import Oracle


def each(oracle: Oracle, clean_logits: Tensor, directions: int, restarts: int) -> Iterator[int]:
    """Lead an untargeted attack's objectives to the likeliest wrong classes, one after another.

    Args:
        oracle: of an untargeted attack.
        clean_logits: (n, K) the model's answer to the clean images of the n that are under attack.
        directions: how many classes; at most K - 1.
        restarts: how often for each class.

    Yields:
        The number of the restart, from 0, once for each class.
    """
    order = likeliest_wrong(clean_logits, oracle.goal.labels, directions)
    for restart in range(restarts):
        for place in range(order.shape[1]):
            rows = oracle.rows
            oracle.lead_to(order[:, place])
            yield restart
            order = order[oracle.places_among(rows)]
    oracle.lead_to(None)


def likeliest_wrong(logits: Tensor, labels: Tensor, most: int) -> Tensor:
    """(n, min(most, K - 1)) classes that are not the label, the likeliest first. (n, K) logits, (n,) labels."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return others.topk(min(most, logits.shape[1] - 1), dim=1).indices
