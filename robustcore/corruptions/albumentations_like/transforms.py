"""The only module that imports Albumentations."""

from __future__ import annotations

import functools
import os
from typing import Any

from robustcore.errors import RobustcoreError


@functools.cache
def album(transform: str, **arguments: Any) -> Any:
    """A transform of Albumentations 2.0.8, created once; its `apply` takes an image and parameters."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # otherwise the import checks the network for a newer release
    try:
        import albumentations
    except ImportError as error:
        raise RobustcoreError(
            f"The candidate corruptions need albumentations 2.0.8, which cannot be imported ({error}). "
            "Install it with: pip install albumentations==2.0.8"
        ) from error
    return getattr(albumentations, transform)(p=1, **arguments)
