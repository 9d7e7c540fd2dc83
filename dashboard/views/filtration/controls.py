"""What is filtered, by which models, with which rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import roots, selection
from dashboard.widgets import data_picker, model_picker
from robustcore.datasets import Dataset
from robustcore.errors import RobustcoreError
from robustcore.evaluation.filtration import Rules
from robustcore.images.crops import COUNTS
from robustcore.models import Classifier

KEY = "filtration"
FOLDER = "A folder …"
_FIRST = {
    "scenes": ("scenes/resnet-standard", "scenes/vgg-standard"),
    "": ("imagenet/efficientnet-lite0", "imagenet/efficientnet-lite1"),  # of folders
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a visitor has chosen.

    Attributes:
        data: as the page names it.
        dataset: its images.
        names: of the models, as they are loaded.
        models: the models by the names that tables have, in their order.
        answers: "all" or "folder".
        crops: of each image.
        images: how many of the first ones.
        rules: the two numbers.
    """

    data: Data
    dataset: Dataset
    names: tuple[str, ...]
    models: dict[str, Classifier]
    answers: str
    crops: int
    images: int
    rules: Rules

    @property
    def classes(self) -> list[tuple[str, Sequence[str]]]:
        """(name, classes) of the models."""
        return [(name, model.card.classes) for name, model in self.models.items()]


def pick() -> Choice | None:
    """Draw the controls; None while a folder is not named yet."""
    from robustcore.evaluation import filtration

    with st.container(border=True, key=f"{KEY}_controls"):
        left, first, second = st.columns([1.2, 1, 1], gap="medium")
        with left:
            data = _pick_data()
        names = cache.models.model_names()
        start = _FIRST.get(data.name, _FIRST[""])
        with first:
            one = model_picker.pick("First model", names, key=key("first", data), default=_default(start[0], names))
        with second:
            two = model_picker.pick("Second model", names, key=key("second", data), default=_default(start[1], names))
        if not data.name:
            return None
        dataset = cache.datasets.dataset(data)
        a, b, c, d, e = st.columns([1, 1.1, 1.1, 1, 1], gap="medium", vertical_alignment="bottom")
        with a:
            images = selection.number(
                "Images",
                1,
                len(dataset),
                key=key("images", data),
                default=min(len(dataset), 5_000),
                kind="number of images",
                step=100,
                help=f"The first ones of a fixed, shuffled order; there are {len(dataset):,}.",
            )
        with b:
            crops = selection.segmented(
                "Crops",
                list(COUNTS),
                key=f"{KEY}_crops",
                kind="number of crops",
                default=10,
                width="stretch",
                help="10: centre, corners and their mirror images. An image goes if a model is right on one of them.",
            )
        with c:
            answers = selection.segmented(
                "Answers",
                ["all", "folder"],
                key=f"{KEY}_answers",
                kind="set of answers",
                text={"all": "All classes", "folder": "These classes"}.__getitem__,
                width="stretch",
                help="Whether a model of 1,000 classes may answer with all of them, or with the classes of these images alone.",
            )
        with d:
            confidence = selection.number(
                "Confidence at most (%)",
                1,
                99,
                key=f"{KEY}_confidence",
                default=15,
                kind="confidence",
                help="An image goes if a model gives its class more than this, as the mean over the crops.",
            )
        with e:
            per_confusion = selection.number(
                "Per confusion",
                1,
                1_000,
                key=f"{KEY}_per_confusion",
                default=15,
                kind="number of images per confusion",
                help="So many images stay of one class taken for another: those with the least confidence in their class.",
            )
    models = filtration.loaded([cache.models.model(one), cache.models.model(two)], dataset, answers)
    return Choice(data, dataset, (one, two), models, answers, crops, images, Rules(confidence / 100, per_confusion))


def key(name: str, data: Data) -> str:
    """Scenes and folders have their own models and numbers."""
    return f"{KEY}_{name}" if data.name == "scenes" else f"{KEY}_folder_{name}"


def _default(name: str, names: Sequence[str]) -> str:
    return name if name in names else names[0]


def _pick_data() -> Data:
    here = [entry.name for entry in cache.datasets.entries() if entry.here]
    name = selection.selectbox(
        "Images of",
        [*here, *([FOLDER] if roots.open_to_paths() else [])],
        key=f"{KEY}_dataset",
        kind="dataset",
        text=data_picker.label,
        help="The more images, the better: a good model is wrong on every crop of one image in a hundred.",
    )
    if name == FOLDER:
        path = st.text_input(
            "Folder", key=f"{KEY}_folder", bind="query-params", placeholder="/data/animals", max_chars=1000
        )
        name = (path or "").strip()
    return Data(name, data_picker.pick_split(name, key=f"{KEY}_split", evaluated=False))


def judges(choice: Choice) -> list[str]:
    """Models of this machine that know the classes and did not choose."""
    from robustcore.evaluation import classes

    others = []
    for name in cache.models.model_names():
        if name in choice.names:
            continue
        try:
            classes.matching(name, cache.models.card(name).classes, choice.dataset.name, choice.dataset.classes)
        except RobustcoreError:
            continue
        others.append(name)
    return others
