"""The demo zoo: the models that ship, each as the recipe that trains it."""

from __future__ import annotations

from pathlib import Path

from robustcore import paths
from robustcore.models import checkpoints
from robustcore.training.recipe import Recipe
from robustcore.training.runs import is_made_by

# Catalogue name -> recipe.
ZOO: dict[str, Recipe] = {recipe.name(): recipe for recipe in (Recipe("scenes/resnet"), Recipe("scenes/vgg"))}


def path_of(name: str) -> Path:
    """Where the zoo's model of that name ships."""
    return paths.assets() / "models" / f"{name}{checkpoints.SUFFIX}"


def missing() -> list[str]:
    """The names of those that are not there, or that today's recipe and data did not make."""
    return [name for name, recipe in ZOO.items() if not is_made_by(path_of(name), recipe)]
