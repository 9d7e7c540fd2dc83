"""What is stored of the chosen models under attack, as the calls that read it, and which of the models are shown first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pandas as pd

from dashboard import cache
from dashboard.cache import compare
from dashboard.cache.datasets import Data
from dashboard.views.compare import first_models, python_code
from dashboard.views.compare.controls import Choice
from robustcore.calls import Attribute, Call
from robustcore.evaluation import Subject
from robustcore.reports.attacks import nearest, preset_scores, robust_accuracy, union
from robustcore.reports.compare import comparison as comparisons

Reader = Callable[[tuple[Subject, ...], Data, int], pd.DataFrame]


@dataclasses.dataclass(frozen=True)
class Stored:
    """Tables of stored results under attack.

    Attributes:
        choice: what is chosen on the page.
        models: those with weights or results of their own: not published ones.
        budget: norm and radius by which the models are chosen that are shown first; None where no attack with a budget is stored.
    """

    choice: Choice
    models: tuple[str, ...]
    budget: tuple[str, float] | None = None

    def at(self, budget: tuple[str, float] | None) -> Stored:
        """The same with another budget, and with all that was read already."""
        other = dataclasses.replace(self, budget=budget)
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("budget", "first")})
        return other

    @cached_property
    def _images(self) -> Call:
        return compare.dataset(self.choice.data)

    @cached_property
    def _subjects(self) -> Call:
        return Call(comparisons.subjects, list(self.models), self._images, name="models")

    @cached_property
    def unions(self) -> Call:
        """Of `union.unions`."""
        return self._read(union.unions, cache.results.attack_unions, "unions")

    @cached_property
    def nearest(self) -> Call:
        """Of `nearest.curves`."""
        return self._read(nearest.curves, cache.results.nearest_changes, "smallest_changes")

    @cached_property
    def presets(self) -> Call:
        """Of `preset_scores.preset_scores`."""
        return self._read(preset_scores.preset_scores, cache.results.preset_scores, "scores")

    @cached_property
    def curves(self) -> Call:
        """Of `robust_accuracy.curves`, with what was crafted on others of the models."""
        crafted = Call(robust_accuracy.stored_surrogates, self._subjects, self._images)
        return self._read(robust_accuracy.curves, cache.results.robust_accuracy, "curves", surrogates=crafted)

    @cached_property
    def every(self) -> pd.DataFrame:
        """Of `evaluated.attacks`: whatever the attack and its settings."""
        return cache.results.evaluated_attacks(self.subjects, self.choice.data, self.choice.seed)

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """The models as results know them, looked up once."""
        return cache.results.subjects_of(self.models, self.choice.data)

    @property
    def digest(self) -> str:
        """What tells these models on these data from others."""
        return "".join(
            [cache.datasets.evaluated_dataset(self.choice.data).fingerprint, *(s.fingerprint for s in self.subjects)]
        )

    def _read(self, function: Callable[..., pd.DataFrame], reader: Reader, name: str, **keywords: Any) -> Call:
        call = Call(function, self._subjects, self._images, **keywords, seed=self.choice.seed, name=name)
        return call.supplied_by(lambda: reader(self.subjects, self.choice.data, self.choice.seed))

    @cached_property
    def first(self) -> dict[str, Call]:
        """The models that every figure has, by what holds against all attacks of the budget; nothing where all are drawn alike."""
        held = Call(union.at_budget, self.unions, *self.budget) if self.budget else self.unions
        strengths = Call(robust_accuracy.strengths, held, self.curves, name="strengths")
        return first_models.call(self.choice, strengths, python_code.families(self.models, self.models))

    def few(self, rows: Call, name: str = "shown") -> Call:
        """The rows of these models; all where they have none, since they were chosen by other attacks."""
        if not self.first:
            return rows
        few = Call(Attribute(self.first["emphasis"], "rows"), rows, name=name)
        return rows if few.value.empty else few

    @property
    def sentence(self) -> str:
        """Which models are drawn, of many."""
        return first_models.sentence(self.first, "“All results” has the others")
