"""Models: what there is, what each is, and the loaded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from robustcore.models import Card, Classifier

DEFAULT_MODEL = "scenes/resnet-standard"
_SMALL = 3_000_000  # parameters; smaller models answer a whole grid at once
_SMALL_FILE = 16_000_000  # bytes; of models in such files many are kept loaded, of others four

_quick: set[tuple[str, int]] = set()  # small models that are loaded, with their stamps


@st.cache_data(ttl=10, max_entries=1, show_spinner=False, refresh_mode="background")
def model_names() -> list[str]:
    """The models whose weights are on this machine, the demo's first."""
    import robustcore.models

    names = robustcore.models.names(offline=True)
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, not name.startswith("scenes/"), name))


def card(name: str) -> Card:
    """What the model of that name is, without its weights."""
    return _card(name, stamp(name))


@st.cache_resource(max_entries=64, show_spinner=False)
def _card(name: str, stamp: int) -> Card:
    import robustcore.models

    return robustcore.models.card(name)


def model(name: str) -> Classifier:
    """The model of that name, ready to answer."""
    load = _small_model if _has_small_file(name) else _model
    return load(name, stamp(name))


@st.cache_resource(max_entries=4, show_spinner=False)
def _model(name: str, stamp: int) -> Classifier:
    return _load(name, stamp)


@st.cache_resource(max_entries=64, show_spinner=False)  # the whole demo zoo: 2 MB each
def _small_model(name: str, stamp: int) -> Classifier:
    return _load(name, stamp)


def _has_small_file(name: str) -> bool:
    """Whether the model ships, or was trained here, in a small file."""
    from robustcore import models, paths

    folder, inner = paths.assets(), name
    if name.startswith(models.OWN):
        folder, inner = paths.cache(), name.removeprefix(models.OWN)
    file = folder / "models" / f"{inner}.safetensors"
    return file.is_file() and file.stat().st_size < _SMALL_FILE


def _load(name: str, stamp: int) -> Classifier:
    import robustcore.models

    classifier = robustcore.models.load_model(name, "auto")
    if sum(p.numel() for p in classifier.parameters()) < _SMALL:
        _quick.add((name, stamp))
    return classifier


def stamp(name: str) -> int:
    """Of a model that was trained here, when: a model trained again under its name is loaded again."""
    from robustcore import models, paths

    if not name.startswith(models.OWN):
        return 0
    file = paths.cache() / "models" / f"{name.removeprefix(models.OWN)}.safetensors"
    return file.stat().st_mtime_ns if file.is_file() else 0


def is_quick(name: str) -> bool:
    """Whether a model is loaded and small, so that it answers a whole grid at once."""
    return (name, stamp(name)) in _quick


def alike(name: str) -> list[str]:
    """The models that tell the same classes apart, that one too; one whose file cannot be read is told when it is chosen."""
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
    """A model's training intervention and the family of it, as its card tells them; "unknown" where there is no card."""
    from robustcore.errors import RobustcoreError
    from robustcore.training import families

    try:
        found = card(name)
    except RobustcoreError:
        return families.UNKNOWN, families.title(families.UNKNOWN)
    return families.label(found), families.title(families.family(found))
