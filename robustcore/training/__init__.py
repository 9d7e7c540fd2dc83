"""Training: recipes, the one loop, and the way from a recipe to a checkpoint."""

from __future__ import annotations

from robustcore.training.loop import Progress, train
from robustcore.training.recipe import Recipe
from robustcore.training.runs import Fitted, fit

__all__ = ["Fitted", "Progress", "Recipe", "fit", "train"]
