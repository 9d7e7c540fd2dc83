"""Corruptions: the registry, its suites, and `corrupt`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from robustcore import arguments
from robustcore.corruptions import families, suites
from robustcore.corruptions._base import (
    SEVERITIES,
    STORAGES,
    VARIANTS,
    Corruption,
    Size,
    check_severity,
    registry,
)
from robustcore.errors import UnknownNameError
from robustcore.images import Batch

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "SEVERITIES",
    "STORAGES",
    "VARIANTS",
    "Corruption",
    "Size",
    "check_severity",
    "corrupt",
    "families",
    "get",
    "names",
    "suites",
]


def names(suite: str | None = None) -> list[str]:
    """The names of all corruptions, or of one suite's, sorted."""
    if suite is None:
        return registry.names()
    if suite not in suites.names("corruption"):
        raise UnknownNameError("suite", suite, suites.names("corruption"))
    return [c.name for c in registry if suite in (c.suites or (suites.NO_SUITE,))]


def get(name: str) -> Corruption:
    """The registered corruption of that name."""
    return registry[name]


def corrupt(
    images: Any,
    name: str,
    severity: int | None = None,
    *,
    strength: float | Sequence[float] | Tensor | Literal["uniform"] | None = None,
    seed: int = 0,
    ids: Tensor | Sequence[int] | None = None,
    variant: str | None = None,
    storage: str = "memory",
) -> Any:
    """Corrupt images; the result has the form, type and device of what was given.

    Args:
        images: uint8, RGB: tensor (N, 3, H, W) or (3, H, W), or array (N, H, W, 3) or (H, W, 3); sides >= 32.
        name: a registered corruption, see `names()`.
        severity: 1..5; left out for corruptions that are defined without severities (`get(name).severities` is empty).
        strength: instead of a severity, for corruptions with a continuous range: one number, one for each image, or
            "uniform" (drawn in the range for each image, as Laugros' thesis does). Corruptions with tables take "uniform"
            too: a severity is drawn for each image.
        seed: of the random draws; an image's draws depend on (seed, name, severity, image id) alone.
        ids: (N,) image ids; default 0..N-1.
        variant: "imagenet", "tiny" or "cifar" constants; default by image side.
        storage: "memory", or "jpeg85" for the second JPEG (quality 85, 4:2:0) that the released ImageNet-C went through.

    Raises:
        UnknownNameError: no such corruption or variant.
        InvalidArgumentError: anything else outside what is allowed.
    """
    corruption = registry[name]
    batch = Batch.of(images)
    n = len(batch.images)
    own_ids = torch.arange(n) if ids is None else arguments.whole_numbers(ids, n, "id")
    storage = arguments.choice(storage, STORAGES, "storage")
    result = corruption(
        batch.images,
        severity=severity,
        strength=arguments.scalar(strength),
        seed=arguments.seed(seed),
        ids=own_ids,
        variant=variant,
    )
    if storage == "jpeg85":
        from robustcore.corruptions._storage import jpeg85

        result = jpeg85(result)
    return batch.restore(result)
