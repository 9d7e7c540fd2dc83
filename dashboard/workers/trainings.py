"""What worker processes do for the page Training: time a few steps."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


def price(recipe: str, device: str) -> dict[str, Any]:
    """The fields of `robustcore.training.estimates.Price`; the recipe as JSON."""
    from robustcore.training import Recipe, estimates

    return dataclasses.asdict(estimates.price(Recipe.from_dict(json.loads(recipe)), device))
