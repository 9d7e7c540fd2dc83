"""A training that is queued as a job: its recipe and where it runs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from robustcore import plugins
from robustcore.training.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class TrainingRequest:
    """What a training job does; the model is written where the catalogue lists it as "own/" and the recipe's name.

    Attributes:
        recipe: what is trained.
        device: where, as `devices.pick` takes it.
        plugins: plug-ins that the process which trains loads first, as `robustcore --plugin` names them.
        replaces: whether a model of the same name that another recipe made is replaced; else the job fails and leaves it.
    """

    recipe: Recipe
    device: str = "auto"
    plugins: tuple[str, ...] = ()
    replaces: bool = False

    @property
    def title(self) -> str:
        """One line for people."""
        return f"Training of {self.recipe.name()}"

    @property
    def dataset_name(self) -> str:
        """The dataset's registered name, or its folder's path."""
        return self.recipe.dataset

    def self_contained(self) -> TrainingRequest:
        """The same for another process, with the plug-ins of this one."""
        return dataclasses.replace(self, plugins=plugins.names())

    def to_json(self) -> str:
        """One line, keys sorted."""
        fields = {**dataclasses.asdict(self), "training": self.recipe.to_dict()}
        del fields["recipe"]
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> TrainingRequest:
        """The inverse of `to_json`, from its parsed text; loads the plug-ins, one of which may bring the intervention.

        Raises:
            UnknownNameError: the intervention is not known, as its plug-in is gone.
        """
        plugins.load(*fields["plugins"], remember=False)
        return cls(
            Recipe.from_dict(fields["training"]),
            fields["device"],
            tuple(fields["plugins"]),
            fields.get("replaces", False),
        )
