"""Which models, which images, and under what."""

from __future__ import annotations

import dataclasses

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.cache.datasets import SCENES, Data
from dashboard.session import selection
from dashboard.widgets import data_picker, labels
from robustcore.datasets import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.plan import Subject

KEY = "calibration"
MOST = 8  # models that are still told apart
_SUITE = "imagenet-c"
# Both architectures with standard training, and two augmentations.
_BEGIN_WITH = ("scenes/resnet-standard", "scenes/vgg-standard", "scenes/resnet-augmix", "scenes/resnet-deepaugment")


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a visitor has chosen.

    Attributes:
        subjects: the models, as results know them.
        data: as the page names it; `dataset` is what results are on.
        suite: of conditions.
        seed: of the evaluation.
    """

    subjects: tuple[Subject, ...]
    data: Data
    dataset: Dataset
    suite: str
    seed: int

    @property
    def models(self) -> list[str]:
        """The names of the models."""
        return [subject.name for subject in self.subjects]


def pick() -> Choice | None:
    """Draw the controls; None where no model is chosen.

    Raises:
        InvalidArgumentError: nothing is evaluated on the chosen images.
    """
    with st.container(border=True, key=f"{KEY}_controls"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            data = data_picker.data(
                "Images of", [entry.name for entry in cache.datasets.entries() if entry.stored], key=KEY
            )
            suite = selection.selectbox(
                "Suite", _suites(), key=f"{KEY}_suite", kind="suite", default=_SUITE, text=labels.suite, width=280
            )
            seed = selection.number(
                "Seed",
                0,
                2**31 - 1,
                key=f"{KEY}_seed",
                default=0,
                kind="seed",
                help="The seed the evaluation was run with.",
                width=140,
            )
        evaluated = cache.results.evaluated(data)
        if not evaluated:
            raise InvalidArgumentError(f"Nothing is evaluated on {data_picker.words(data)}: run an evaluation first.")
        models = selection.multiselect(
            "Models",
            evaluated,
            key=f"{KEY}_model",
            kind="model",
            default=_models_at_first(evaluated),
            placeholder="Choose one or more",
            max_selections=MOST,
            text=str,
        )
    if not models:
        return None
    return _choice(data, models[:MOST], suite, seed)


def first() -> Choice | None:
    """What the page begins with; None where nothing is evaluated. Draws nothing."""
    evaluated = cache.results.evaluated(SCENES)
    return _choice(SCENES, _models_at_first(evaluated), _SUITE, 0) if evaluated else None


def _choice(data: Data, models: list[str], suite: str, seed: int) -> Choice:
    subjects = tuple(cache.results.subject(name, data) for name in models)
    return Choice(subjects, data, cache.datasets.evaluated_dataset(data), suite, seed)


def _models_at_first(evaluated: list[str]) -> list[str]:
    return ([name for name in _BEGIN_WITH if name in evaluated] or evaluated)[: len(_BEGIN_WITH)]


def _suites() -> list[str]:
    return [name for name in corruptions.suites.names("corruption") if corruptions.names(name)]
