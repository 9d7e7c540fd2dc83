"""The evidence for claims about overlaps: atlases, their categories, the models; and how a figure becomes a verdict."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import corruptions, derived, overlap
from robustcore.atlas.populations import Population
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.metrics.bootstrap import interval
from robustcore.notes import Note, note
from robustcore.overlap import Overlap, categories, correlation
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim

TOPIC = "overlap"
METRIC = "residual"  # the thesis' experiments (4.2.3)
ENOUGH = 2 / 3  # of what a claim speaks of has to be defined for a verdict
ENOUGH_SET_AFTERWARDS = "That two thirds have to be defined was added after figures had been seen."
PUBLISHED_K, FEWEST_CANDIDATES = 6, 20
INITIALISATIONS = categories.INITIALISATIONS
SCENES = "Scenes at 64 pixels and small networks are not ImageNet."

Array = npt.NDArray[np.float64]
Judged = tuple[str, tuple[Note, ...], pd.DataFrame | None]  # verdict, figures, table


class Evidence:
    """Atlases by name, each measured once, and the models that were not trained for an atlas."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], population: Population | None) -> None:
        self._tables = tables
        self._models = None if population is None else population.independent
        self._measured: dict[str, Overlap] = {}

    def atlas(self, name: str) -> Overlap:
        """The overlaps of an atlas; a name that ends with * is the first that begins so.

        Raises:
            InvalidArgumentError: there is none.
        """
        keys = [key for key in sorted(self._tables) if key == name or (name[-1] == "*" and key.startswith(name[:-1]))]
        if not keys:
            raise InvalidArgumentError(f"there is no atlas {name.rstrip('*-')} yet")
        if keys[0] not in self._measured:
            self._measured[keys[0]] = overlap.measure(self._tables[keys[0]], metric=METRIC)
        return self._measured[keys[0]]

    @property
    def imagenet_c(self) -> tuple[Overlap, list[str]]:
        """The overlaps of ImageNet-C with the ResNet, from an atlas of it alone or with other corruptions, and which of its
        corruptions have defined ones."""
        try:
            overlap = self.atlas("imagenet-c-scenes-resnet")
        except InvalidArgumentError:
            overlap = self.atlas("imagenet-c+*")
        whole = corruptions.names("imagenet-c")
        return overlap, [name for name in whole if name in overlap.names and name not in overlap.undefined]

    @property
    def candidates(self) -> Overlap:
        """The overlaps of the candidate corruptions."""
        return self.atlas("candidates*")

    @functools.cached_property
    def sweep(self) -> categories.Sweep:
        """The categories of the candidates."""
        if defined(self.candidates) < FEWEST_CANDIDATES:
            raise InvalidArgumentError(f"only {defined(self.candidates)} candidates have defined overlaps")
        scores = self.candidates.scores
        return derived.once(
            "categories",
            derived.digest(scores, INITIALISATIONS),
            lambda: categories.sweep(scores, initialisations=INITIALISATIONS),
        )

    @property
    def models(self) -> Population:
        """The models that were not trained for an atlas.

        Raises:
            InvalidArgumentError: there are none.
        """
        if self._models is None:
            raise InvalidArgumentError("there is no table of models")
        return self._models

    @functools.cached_property
    def tested(self) -> tuple[pd.Series, Population]:
        """The categories of the candidates that models were tested on, and these models."""
        labels = self.sweep.categories[self.sweep.chosen or PUBLISHED_K].labels
        counts = self.models.synthetic.reindex(columns=list(labels.index)).notna().sum()
        names = [str(name) for name in labels.index if counts[name] and 2 * counts[name] >= counts.max()]
        models = self.models.complete(names)
        models = models.only([str(model) for model in models.natural.dropna().index])
        if len(models) < correlation.FEW or len(names) < FEWEST_CANDIDATES:
            raise InvalidArgumentError(
                f"{len(models)} models were tested on {len(names)} candidates and on the natural sets; {correlation.FEW} models and "
                f"{FEWEST_CANDIDATES} candidates are the fewest"
            )
        return labels[names], models


def claim(
    judge: Callable[[], Judged], *, text: str, source: str, rule: str, limits: str, set_afterwards: str = ""
) -> Claim:
    """A claim with its verdict; undecided with the reason where something is missing."""
    try:
        verdict, figures, table = judge()
    except InvalidArgumentError as error:
        verdict, figures, table = UNDECIDED, (not_judged(str(error).rstrip(".")),), None
    return Claim(TOPIC, text, source, verdict, rule, figures, table, limits, set_afterwards=set_afterwards)


def of_most(verdict: str, defined: int, of: int, what: str) -> tuple[str, tuple[Note, ...]]:
    """A verdict, undecided where too little of what the claim speaks of is defined; and a note on that.

    Args:
        verdict: what the defined part says.
        defined, of: how many pairs or corruptions are defined, and how many there are.
        what: their name.
    """
    if defined >= ENOUGH * of:
        return verdict, ()
    return UNDECIDED, (too_few_defined(defined, of, what),)


def signed(overlap: Overlap, names: Sequence[str]) -> tuple[Array, Array]:
    """(K, K) signed overlaps, and (draws, K, K) their bootstrap over images and seeds.

    Raises:
        InvalidArgumentError: there is no bootstrap.
    """
    if overlap.replicates is None:
        raise InvalidArgumentError("the overlaps have no intervals")
    places = [overlap.names.index(name) for name in names]
    return overlap.signed.to_numpy(float)[np.ix_(places, places)], overlap.replicates[:, places][:, :, places]


def ends(values: Sequence[float] | Array) -> tuple[float, float]:
    """The 95 % interval of drawn values."""
    low, high = interval(np.asarray(values, float))
    return float(low), float(high)


def of_interval(low: float, high: float, margin: float) -> str:
    """Not reproduced below what would count as a difference, reproduced above 0, else undecided."""
    if high < margin:
        return NOT_REPRODUCED
    return REPRODUCED if low > 0 else UNDECIDED


def defined(overlap: Overlap) -> int:
    """How many corruptions have defined overlaps."""
    return len(overlap.names) - len(overlap.undefined)


def left_out(names: Sequence[str]) -> tuple[Note, ...]:
    """A note on the corruptions of ImageNet-C that are not among these."""
    missing = tuple(name for name in corruptions.names("imagenet-c") if name not in names)
    return (undefined_left_out(missing),) if missing else ()


def one_seed(overlap: Overlap) -> tuple[Note, ...]:
    """A note where each model was trained once."""
    return (intervals_over_images(),) if len(overlap.by_seed) < 2 else ()


@note
def not_judged(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}"


@note
def too_few_defined(defined: int, of: int, what: str) -> str:
    return f"{defined} of {of} {what} are defined, less than two thirds: nothing can be said of the others"


@note
def undefined_left_out(corruptions: tuple[str, ...]) -> str:
    return f"Undefined and left out: {', '.join(display_name(name, 'corruption', inside=True) for name in corruptions)}"


@note
def intervals_over_images() -> str:
    return "One training seed: intervals cover images only and are too narrow"
