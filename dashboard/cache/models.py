"""Models: what there is, what each is, and the loaded ones."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import file_versions
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.file_versions import FileVersion
from dashboard.workers import tasks

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.images.preparation import Preparation
    from robustcore.models import Card, Classifier
    from robustcore.reports.preview.gallery import Answers

DEFAULT_MODEL = "scenes/resnet-standard"
PHOTOGRAPHS_MODEL = "imagenet/efficientnet-lite0"  # that answers to photographs, where it is installed
_SMALL = 3_000_000  # parameters; smaller models answer a whole grid at once
_SMALL_FILE = 16_000_000  # bytes; of models in such files many are kept loaded, of others four

_STARTED = time.time_ns()
_quick: set[tuple[str, FileVersion | None]] = set()  # small models that are loaded


@st.cache_data(ttl=10, max_entries=1, show_spinner=False, refresh_mode="background")
def model_names() -> list[str]:
    """The models whose weights are on this machine, the demo's first."""
    import robustcore.models

    names = robustcore.models.names(offline=True)
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, not name.startswith("scenes/"), name))


def version(name: str) -> FileVersion | None:
    """The version of a model's file: a model that is trained again under its name is another one at once.

    None for models without a file here (random weights, published ones that are fetched when they are asked for).
    """
    import robustcore.models

    file = robustcore.models.file_of(name)
    try:
        return None if file is None else file_versions.version(file)
    except OSError:  # it went away meanwhile: whoever loads it says so
        return None


def fingerprint(name: str) -> str:
    """The fingerprint of the model that has the name now; it is read again only when the model's file has changed."""
    now = version(name)
    return _small_fingerprint(name, now) if _is_small(now) else _fingerprint(name, now)


@st.cache_data(max_entries=512, show_spinner=False)
def _small_fingerprint(name: str, version: FileVersion | None) -> str:
    return model(name).fingerprint()


@st.cache_data(max_entries=512, show_spinner="Loading the model …")
def _fingerprint(name: str, version: FileVersion | None) -> str:
    """Loaded by a worker: a large network takes seconds, and whoever asks for its fingerprint lets a worker run it."""
    from robustcore import derived

    # The code that builds a network may change without its file: what an earlier server read is not met.
    digest: str = offload("fingerprint", derived.digest(name, version, _STARTED), tasks.fingerprint, name)
    return digest


def card(name: str) -> Card:
    """What the model of that name is, without its weights."""
    return _card(name, version(name))


@st.cache_resource(max_entries=64, show_spinner=False)
def _card(name: str, version: FileVersion | None) -> Card:
    import robustcore.models

    return robustcore.models.card(name)


def model(name: str) -> Classifier:
    """The model of that name, ready to answer."""
    now = version(name)
    return _small_model(name, now) if _is_small(now) else _model(name, now)


def _is_small(version: FileVersion | None) -> bool:
    return version is not None and version.size < _SMALL_FILE


@shared()
def _model(name: str, version: FileVersion | None) -> Classifier:
    return _load(name, version)


@shared()
def _small_model(name: str, version: FileVersion | None) -> Classifier:
    return _load(name, version)


def _load(name: str, version: FileVersion | None) -> Classifier:
    import robustcore.models

    classifier = robustcore.models.load_model(name, "auto")
    if sum(p.numel() for p in classifier.parameters()) < _SMALL:
        _quick.add((name, version))
    return classifier


tasks.use_models(model)


def is_quick(name: str) -> bool:
    """Whether a model is so small that it answers a whole grid at once; one in a small file is loaded for it."""
    now = version(name)
    if _is_small(now):
        _small_model(name, now)
    return (name, now) in _quick


def answers(name: str, images: Tensor) -> Answers:
    """A model's answers to uint8 (n, 3, H, W) images: a small model's at once, a large one's by a worker, which loads it."""
    from robustcore import derived
    from robustcore.reports.preview import gallery

    if is_quick(name):
        return gallery.answers(model(name), images)
    key = name, fingerprint(name)
    answered: Answers = offload("image-answers", derived.digest(key, images), tasks.image_answers, key, images)
    return answered


def preparation(name: str) -> Preparation | None:
    """How the model of that name wants images prepared; None where its card says nothing, or cannot be read."""
    from robustcore.errors import RobustcoreError

    try:
        return card(name).preparation
    except RobustcoreError:
        return None


def own_preparation(name: str) -> Preparation | None:
    """How an evaluation prepares the images of files for the model of that name; None where its card cannot be read."""
    from robustcore.errors import RobustcoreError

    try:
        return card(name).own_preparation
    except RobustcoreError:
        return None


def alike(name: str) -> list[str]:
    """The models with the same classes, that one too; a file that cannot be read is reported when its model is chosen."""
    classes = tuple(card(name).classes)
    return [other for other in model_names() if _classes(other) == classes]


def _classes(name: str) -> tuple[str, ...] | None:
    from robustcore.errors import RobustcoreError

    try:
        return tuple(card(name).classes)
    except RobustcoreError:
        return None


@st.cache_data(ttl=60, max_entries=16, show_spinner=False)
def families(names: tuple[str, ...]) -> dict[str, str]:
    """Model -> the family of its training, family by family."""
    from robustcore.training import families

    return families.by_model(names)


def training(name: str) -> tuple[str, str]:
    """A model's training intervention and the family of it, by its card; "unknown" where there is no card."""
    from robustcore.errors import RobustcoreError
    from robustcore.training import families

    try:
        described = card(name)
    except RobustcoreError:
        return families.UNKNOWN, families.title(families.UNKNOWN)
    return families.label(described), families.title(families.family(described))


def controls(names: Iterable[str]) -> dict[str, str]:
    """Model -> the one trained for as long without an intervention, which it is fairly compared with; see `families.controls`."""
    from robustcore.errors import RobustcoreError
    from robustcore.training import families

    cards = {}
    for name in names:
        try:
            cards[name] = card(name)
        except RobustcoreError:  # without a card nobody knows how long it was trained
            continue
    return families.controls(cards)
