"""What an atlas of overlaps trains and tests: one standard model and one for each corruption, each tested on all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd

from robustcore import datasets, paths
from robustcore.atlas import populations
from robustcore.datasets._base import Dataset
from robustcore.datasets.scenes import Scenes
from robustcore.derived import atomic_files
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import suites
from robustcore.evaluation.condition import Condition
from robustcore.metrics import mean_over_severities
from robustcore.models import checkpoints
from robustcore.overlap.accuracies import STANDARD
from robustcore.training import Recipe, interventions, runs, zoo

# With 2,400 images and one seed a true overlap of zero scatters by 0.16 where the self-gain is 0.1; scenes renders more.
SCENES_IMAGES = 4800


@dataclasses.dataclass(frozen=True)
class Member:
    """One model of an atlas.

    Attributes:
        trained_on: "standard", or the name of a condition.
        recipe: how it is trained.
    """

    trained_on: str
    recipe: Recipe

    @property
    def path(self) -> Path:
        """Its checkpoint, kept apart from the models that a person trains."""
        return paths.cache() / "overlap" / "models" / f"{self.recipe.key()}{checkpoints.SUFFIX}"

    def is_there(self) -> bool:
        """Whether it has been trained, by this very recipe on today's data."""
        return runs.is_made_by(self.path, self.recipe)


@dataclasses.dataclass(frozen=True)
class Plan:
    """An atlas. Corruptions are trained on and tested on over their whole range, as in Laugros' thesis (4.2.3): training and
    testing draw a severity, or a strength in the range, for each image.

    All models have one budget, and differ in the intervention alone. By default they go on from the weights of a standard
    model, one for each seed: from random weights a training on a corruption would need longer than the standard one until its
    clean accuracy is comparable, and a lower one feigns robustness where robustness is measured against it.

    Attributes:
        suite: names of suites, toml files and corruptions.
        base: how a standard model is trained.
        further: epochs that every model of the atlas, the standard one too, is trained on from there, at half the learning rate;
            0 trains all of them by `base` from random weights.
        seeds: of the trainings.
        images: how many test images; None for 4,800 of scenes, for all of a folder.
        severities: 1..5 that are tested where a corruption has them, and averaged; None draws one for each image.
        precision: of the tests, "float32" or "bf16"; attacks are in float32 always.
    """

    suite: tuple[str, ...]
    base: Recipe = dataclasses.field(default_factory=lambda: Recipe("scenes/resnet"))
    further: int = 4
    seeds: tuple[int, ...] = (0,)
    images: int | None = None
    severities: tuple[int, ...] | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InvalidArgumentError("An atlas has one seed or more, all different.")
        if self.further < 0:
            raise InvalidArgumentError(f"The further epochs of an atlas are 0 or more, not {self.further}.")
        if self.base.intervention != "standard":
            raise InvalidArgumentError(f"The base of an atlas is the standard training, not {self.base.intervention}.")

    def conditions(self) -> list[Condition]:
        """What is tested on, clean first.

        Raises:
            InvalidArgumentError: no corruption that can be trained on, or one name in two forms, which the table could not
                tell apart.
        """
        conditions = suites.resolve(list(self.suite), self.severities or "drawn")
        forms: dict[str, tuple[object, ...]] = {}
        for condition in conditions:
            form = (condition.kind, condition.variant, condition.storage, condition.strength, condition.params)
            if forms.setdefault(condition.name, form) != form:
                raise InvalidArgumentError(
                    f"The suite has {condition.name} in two forms (kind, strength, variant, storage or parameters); an atlas takes one."
                )
        if not any(_intervention(condition) for condition in conditions):
            raise InvalidArgumentError(f"Nothing in {', '.join(self.suite)} can be trained on; name corruptions.")
        return conditions

    def members(self) -> list[Member]:
        """The models: the standard one and one for each condition that can be trained on, seed by seed."""
        trained: dict[str, tuple[str, dict[str, str]]] = {STANDARD: ("standard", {})}
        for condition in self.conditions():
            if (how := _intervention(condition)) is not None:
                trained.setdefault(condition.name, how)
        return [
            Member(name, dataclasses.replace(begun, intervention=how, settings=tuple(settings.items())))
            for begun in map(self._begun, self.seeds)
            for name, (how, settings) in trained.items()
        ]

    def starts(self) -> list[Member]:
        """The models that the members go on from, seed by seed; those that ship are not among them."""
        return [start for seed in self.seeds if isinstance(start := self._start(seed), Member)]

    def _begun(self, seed: int) -> Recipe:
        """What all members of a seed have in common."""
        start = self._start(seed)
        if start is None:
            return dataclasses.replace(self.base, seed=seed)
        return dataclasses.replace(
            self.base,
            seed=seed,
            epochs=self.further,
            learning_rate=self.base.learning_rate / 2,
            start=start if isinstance(start, str) else str(start.path),
        )

    def _start(self, seed: int) -> str | Member | None:
        """The model that a seed's members go on from: of the catalogue, one to be trained, or none."""
        if not self.further:
            return None
        recipe = dataclasses.replace(self.base, seed=seed)
        ready = [
            name
            for name, zoo_recipe in zoo.ZOO.items()
            if zoo_recipe == recipe and runs.is_made_by(zoo.path_of(name), recipe)
        ]
        return ready[0] if ready else Member(STANDARD, recipe)

    def dataset(self) -> Dataset:
        """The test images."""
        if self.base.dataset == "scenes":
            side = {} if self.base.side is None else {"side": self.base.side}
            return Scenes("test", size=self.images or SCENES_IMAGES, **side)
        return datasets.load_dataset(self.base.dataset, split="test", limit=self.images, side=self.base.side)

    def table(self, evaluated: pd.DataFrame, models: dict[str, Member]) -> pd.DataFrame:
        """The tidy table of accuracies that `robustcore.overlap.measure` takes, from a table of evaluations.

        Args:
            evaluated: as `robustcore.evaluate` gives it.
            models: the member behind each of its model names.

        Returns:
            One row for each model and condition: trained_on, tested_on, seed, accuracy (the mean over severities), n, reason; kind,
            severities, strength; architecture, dataset, split, epochs, further, precision.
        """
        means = mean_over_severities(evaluated)
        owners = [models[name] for name in means["model"]]
        return pd.DataFrame(
            {
                "trained_on": [member.trained_on for member in owners],
                "tested_on": means["name"],
                "seed": [member.recipe.seed for member in owners],
                "accuracy": means["accuracy"],
                "n": means["n"],
                "reason": means["reason"],
                "kind": means["kind"],
                "severities": means["severities"],
                "strength": means["strength"],
                "architecture": self.base.model,
                "dataset": means["dataset"],
                "split": means["split"],
                "epochs": self.base.epochs,
                "further": self.further,
                "precision": self.precision,
            }
        )

    def output(self) -> Path:
        """The default path of the table."""
        named = "+".join(Path(name).stem if name.endswith(".toml") else name for name in self.suite)
        return paths.cache() / "overlap" / f"{named}-{self.base.model.replace('/', '-')}.csv"


def _intervention(condition: Condition) -> tuple[str, dict[str, str]] | None:
    """The training on a condition: augmentation on a corruption, adversarial training with an attack; None where there is none."""
    if condition.kind == "corruption":
        return "augmentation", {"corruption": condition.name}
    if condition.kind == "attack" and condition.name in interventions.names():
        return condition.name, {}
    return None


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write(path, table.to_csv(index=False))


def tables() -> dict[str, Path]:
    """The tables that there are, by file name without its ending: those that ship, and those computed here, which go first.
    Those of populations (`population.tables`) are of another kind and not among them."""
    by_stem = {path.stem: path for folder in populations.folders() for path in sorted(folder.glob("*.csv"))}
    return {stem: path for stem, path in by_stem.items() if not stem.startswith(populations.PREFIX)}


def read(path: Path | str) -> pd.DataFrame:
    """A table that `write` wrote."""
    try:
        return pd.read_csv(path, keep_default_na=True, dtype={"severities": str, "strength": str, "reason": str})
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(f"The table of accuracies {path} cannot be read ({error}).") from error
