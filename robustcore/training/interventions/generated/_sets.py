"""Combining training sets."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from robustcore.randomness import stable_hash
from robustcore.training import image_memory
from robustcore.training.data import TrainingSet

_IDS = (1 << 63) - 1


def other_ids(ids: Tensor, purpose: str) -> Tensor:
    """int64 (N,): ids, 0 .. 2**63 - 1, for images generated from those with `ids`, shifted by a hash of `purpose`."""
    return (ids + stable_hash(purpose)) & _IDS


def joined(parts: list[TrainingSet]) -> TrainingSet:
    """Training sets of the same classes as one, with the first one's fingerprint."""
    labels, ids = (torch.cat([getattr(part, name) for part in parts]) for name in ("labels", "ids"))
    images = image_memory.images(len(labels), parts[0].images.shape[-1], "the joined training set")
    torch.cat([part.images for part in parts], out=images)
    return dataclasses.replace(parts[0], images=images, labels=labels, ids=ids)
