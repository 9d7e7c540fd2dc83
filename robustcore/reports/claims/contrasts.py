"""How much better one model is than another on the same images: the figures that claims are judged by.

A contrast is one model against another under one group of conditions. Its value is the difference of their accuracies, or of
their accuracy preserved percentages (APP, the accuracy over the clean one on the same images), the mean over the group;
above 0 the first is better. All contrasts are drawn together, in the paired bootstrap over the images.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Condition, Store, Subject, plan, suites
from robustcore.evaluation.operations.attack import crafted_on
from robustcore.evaluation.store.correctness import answers
from robustcore.metrics import bootstrap
from robustcore.notes import Note, note
from robustcore.reports import compare

ACCURACY, APP = "accuracy", "APP"
COLUMNS = [
    "model",
    "against",
    "condition",
    "measure",
    "n",
    "accuracy",
    "accuracy_against",
    "accuracy_baseline",
    "value",
    "low",
    "high",
]


@dataclasses.dataclass(frozen=True)
class Group:
    """Conditions whose mean is taken.

    Attributes:
        label: their name together.
        conditions: as a suite's rows; what leaves its severities open stands for all of them.
        measure: ACCURACY or APP.
        limit: at most so many images, or None for all.
        surrogate: the model by name that attacks are crafted on, "" for the one that is attacked.
    """

    label: str
    conditions: tuple[Condition, ...]
    measure: str = APP
    limit: int | None = None
    surrogate: str = ""

    def resolved(self, fingerprints: Mapping[str, str]) -> list[Condition]:
        """The conditions that are evaluated.

        Args:
            fingerprints: model -> its fingerprint. Without the surrogate's the conditions are ones that nothing is stored of.
        """
        conditions = suites.resolve(list(self.conditions))  # puts clean before them
        if self.surrogate:
            conditions = crafted_on(conditions, fingerprints.get(self.surrogate, self.surrogate))
        return conditions if Condition.clean() in self.conditions else conditions[1:]


@dataclasses.dataclass(frozen=True)
class Contrast:
    """One model against another under one group of conditions.

    Attributes:
        model, against: names.
        group: the conditions.
        baseline: a third model, whose accuracy is listed too where it is stored.
    """

    model: str
    against: str
    group: Group
    baseline: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """All of them but for a surrogate."""
        return (self.model, self.against, self.baseline) if self.baseline else (self.model, self.against)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high < 0


@dataclasses.dataclass(frozen=True)
class Gains:
    """Contrasts with what was measured.

    Attributes:
        table: one row for each contrast, `COLUMNS`.
        draws: (draws, contrasts) the value in every drawing of the images.
    """

    table: pd.DataFrame
    draws: npt.NDArray[np.float64]

    def only(self, *, models: Sequence[str] = (), against: str = "", conditions: Sequence[str] = ()) -> Gains:
        """Those of some models, against one, under some groups."""
        kept = np.ones(len(self.table), bool)
        for column, wanted in (("model", models), ("condition", conditions), ("against", [against] if against else ())):
            if wanted:
                kept &= self.table[column].isin(wanted).to_numpy()
        return Gains(self.table[kept], self.draws[:, kept])

    @property
    def undefined(self) -> tuple[str, ...]:
        """The models of which a difference or its interval is undefined; all where only the interval of the mean is."""
        lacking = self.table[["value", "low", "high"]].isna().any(axis=1)
        if not lacking.any():
            lacking |= any(np.isnan(dataclasses.astuple(self.mean())))
        return tuple(dict.fromkeys(str(model) for model in self.table.loc[lacking, "model"]))

    def each(self) -> list[Estimate]:
        """The contrasts one by one, as the table has them."""
        return [Estimate(*row) for row in self.table[["value", "low", "high"]].itertuples(index=False)]

    def mean(self) -> Estimate:
        """The mean over the contrasts."""
        low, high = bootstrap.interval(self.draws.mean(axis=1))
        return Estimate(float(self.table["value"].mean()), float(low), float(high))


class Evidence:
    """What is stored of some models under some groups of conditions; computes nothing that a model has to answer.

    Args:
        contrasts: all that will be asked for; what they need is read at once.
        dataset: what the models were scored on.
        store: as in `evaluate`.
        limit: at most so many images of each condition.
    """

    def __init__(
        self,
        contrasts: Iterable[Contrast],
        dataset: Dataset,
        *,
        store: Store | Path | str | None = None,
        limit: int | None = None,
    ) -> None:
        results = store if isinstance(store, Store) else Store(store)
        wanted = list(contrasts)
        names = list(dict.fromkeys(name for c in wanted for name in (*c.models, *filter(None, [c.group.surrogate]))))
        stored = {subject.name for subject in results.subjects(dataset.fingerprint)}
        self._subjects = {
            s.name: s for s in compare.subjects([n for n in names if n in stored], dataset, store=results)
        }
        self._limit = limit
        self._right, self._cells = self._read(wanted, dataset, results)
        images = max((len(right) for right in self._right.values()), default=1)
        self._weights = bootstrap.weights(images)
        self._draws: dict[tuple[str, Group], npt.NDArray[np.float64]] = {}

    def missing(self, contrasts: Sequence[Contrast]) -> Note | None:
        """Why these contrasts cannot be measured; None where they can."""
        names = dict.fromkeys(name for c in contrasts for name in (c.model, c.against))
        if absent := [name for name in names if name not in self._subjects]:
            return nothing_stored(tuple(absent))
        under: dict[str, None] = {}
        models: dict[str, None] = {}
        for contrast in contrasts:
            for model in (contrast.model, contrast.against):
                if self._of(model, contrast.group) is None:
                    under[contrast.group.label] = models[model] = None
        if not under:
            return None
        return not_all_images_stored(tuple(models), tuple(under))

    def gains(self, contrasts: Sequence[Contrast]) -> Gains:
        """The contrasts, measured; none of them may be `missing`."""
        rows, drawn = [], []
        for contrast in contrasts:
            group = contrast.group
            own, other = self._of(contrast.model, group), self._of(contrast.against, group)
            baseline = self._of(contrast.baseline, group)
            assert own is not None
            assert other is not None
            in_draws = self._drawn(contrast.model, group) - self._drawn(contrast.against, group)
            low, high = bootstrap.interval(in_draws)
            accuracies = [np.nan if answers is None else float(answers[0].mean()) for answers in (own, other, baseline)]
            value = _measured(group, own[0].mean(dtype=float), own[1].mean(dtype=float))
            value = value - _measured(group, other[0].mean(dtype=float), other[1].mean(dtype=float))
            rows.append(
                (
                    contrast.model,
                    contrast.against,
                    group.label,
                    group.measure,
                    len(own[0]),
                    *accuracies,
                    float(value),
                    float(low),
                    float(high),
                )
            )
            drawn.append(in_draws)
        return Gains(pd.DataFrame(rows, columns=COLUMNS), np.stack(drawn, axis=1))

    def clean_difference(self, contrasts: Sequence[Contrast]) -> float:
        """The largest difference of the two clean accuracies among contrasts that divide by them, 0 without such."""
        pairs = [
            (self._of(c.model, c.group), self._of(c.against, c.group)) for c in contrasts if c.group.measure == APP
        ]
        differences = [
            abs(own[1].mean() - other[1].mean()) for own, other in pairs if own is not None and other is not None
        ]
        return float(max(differences, default=0.0))

    def _drawn(self, model: str, group: Group) -> npt.NDArray[np.float64]:
        """(draws,) the group's measure of a model in every drawing; the same model is asked for again and again."""
        if (model, group) not in self._draws:
            right = self._of(model, group)
            assert right is not None
            drawn = bootstrap.accuracies(self._weights, np.stack(right, axis=1))
            self._draws[model, group] = _measured(group, drawn[:, 0], drawn[:, 1])
        return self._draws[model, group]

    def _of(self, model: str, group: Group) -> _Right | None:
        """(n,) the share of the group's conditions under which each image is answered rightly, and whether the clean one
        is, as 0 or 1."""
        cells = [self._right.get((model, c.canonical(), group.limit)) for c in self._cells[group]]
        clean = self._right.get((model, compare.CLEAN, None))
        answered = [right for right in cells if right is not None]
        if clean is None or len(answered) < len(cells):
            return None
        right: npt.NDArray[np.float32] = np.mean(answered, axis=0, dtype=np.float32)
        n = min(len(right), len(clean))
        return right[:n], clean[:n]

    def _read(
        self, contrasts: Sequence[Contrast], dataset: Dataset, store: Store
    ) -> tuple[Mapping[tuple[str, str, int | None], npt.NDArray[np.float32]], Mapping[Group, list[Condition]]]:
        """(model, canonical condition, limit) -> the right answers; and each group's conditions."""
        fingerprints = {name: subject.fingerprint for name, subject in self._subjects.items()}
        groups = {group: group.resolved(fingerprints) for group in dict.fromkeys(c.group for c in contrasts)}
        wanted: dict[int | None, dict[Condition, dict[Subject, None]]] = {None: {}}
        for contrast in contrasts:
            for name in contrast.models:
                if (subject := self._subjects.get(name)) is not None:
                    wanted[None].setdefault(Condition.clean(), {})[subject] = None
                    for condition in groups[contrast.group]:
                        wanted.setdefault(contrast.group.limit, {}).setdefault(condition, {})[subject] = None
        right: dict[tuple[str, str, int | None], npt.NDArray[np.float32]] = {}
        for limit, conditions in wanted.items():
            at_most = min((n for n in (limit, self._limit) if n is not None), default=None)
            cells = [
                cell
                for condition, subjects in conditions.items()
                for cell in plan.make(list(subjects), dataset, [condition], limit=at_most)
            ]
            stored = answers(cells, store)
            for cell in cells:
                if cell.key in stored:
                    key = (cell.model.name, cell.condition.canonical(), limit)
                    right[key] = stored[cell.key].correct.astype(np.float32)
        return right, groups


_Right = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _measured(group: Group, accuracy: npt.ArrayLike, clean: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The group's measure, of accuracies under it and of clean ones; NaN where APP would divide by 0."""
    own, base = np.asarray(accuracy, float), np.asarray(clean, float)
    if group.measure == ACCURACY:
        return own
    return own / np.where(base > 0, base, np.nan)


@note
def nothing_stored(models: tuple[str, ...]) -> str:
    return f"No results are stored for {_listed(models)}"


@note
def not_all_images_stored(models: tuple[str, ...], conditions: tuple[str, ...]) -> str:
    return f"Results on some images are missing for {_listed(models)} under {_listed(conditions)}"


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(names[:4])
    return few + (f" and {len(names) - 4} more" if len(names) > 4 else "")
