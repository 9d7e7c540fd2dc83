"""Training sets made of others."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from robustcore.randomness import stable_hash
from robustcore.training import image_memory
from robustcore.training.data import TrainingSet

_IDS = (1 << 63) - 1


def other_ids(ids: Tensor, what: str) -> Tensor:
    """int64 (N,): ids, 0 .. 2**63 - 1, for images made from those of the given ids; the shift belongs to `what`."""
    return (ids + stable_hash(what)) & _IDS


def joined(parts: list[TrainingSet]) -> TrainingSet:
    """Training sets of the same classes as one, with the first one's fingerprint."""
    labels, ids = (torch.cat([getattr(part, name) for part in parts]) for name in ("labels", "ids"))
    images = image_memory.images(len(labels), parts[0].images.shape[-1], "the joined training set")
    torch.cat([part.images for part in parts], out=images)
    return dataclasses.replace(parts[0], images=images, labels=labels, ids=ids)
