"""One image under attack."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models
from dashboard.cache.offload import offload
from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.workers.tasks import ModelKey
    from robustcore.datasets import Item
    from robustcore.reports.preview.attack_anatomy import Attacked, Settings, Survival


def attacked(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> Attacked:
    """An attack on one image."""
    return _attacked(
        _key(victim), _optional(surrogate), item.fingerprint, label, repr(settings), _item=item, _settings=settings
    )


def _key(model: str) -> ModelKey:
    """What tells a model from another of its name."""
    return model, models.fingerprint(model)


def _optional(model: str | None) -> ModelKey | None:
    return None if model is None else _key(model)


def _sent(item: Item) -> Item:
    """What an attack needs of an image."""
    return dataclasses.replace(item, source=None)


@st.cache_resource(max_entries=16, show_spinner="Attacking …")  # an attack's steps take up to 16 MiB
def _attacked(
    victim: ModelKey,
    surrogate: ModelKey | None,
    image: str,
    label: int,
    settings: str,
    *,
    _item: Item,
    _settings: Settings,
) -> Attacked:
    from robustcore import derived

    key = derived.digest(victim, surrogate, image, label, settings)
    done: Attacked = offload("attack", key, tasks.attacked, victim, surrogate, _sent(_item), label, _settings)
    return done


def attack_sweep(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> pd.DataFrame:
    """The same attack at several budgets."""
    return _sweep(
        _key(victim), _optional(surrogate), item.fingerprint, label, repr(settings), _item=item, _settings=settings
    )


@st.cache_data(max_entries=32, show_spinner="Attacking with other budgets …")
def _sweep(
    victim: ModelKey,
    surrogate: ModelKey | None,
    image: str,
    label: int,
    settings: str,
    *,
    _item: Item,
    _settings: Settings,
) -> pd.DataFrame:
    from robustcore import derived

    key = derived.digest(victim, surrogate, image, label, settings)
    table: pd.DataFrame = offload(
        "attack-sweep", key, tasks.attack_sweep, victim, surrogate, _sent(_item), label, _settings
    )
    return table


def judged(
    names: list[str], victim: str, surrogate: str | None, item: Item, settings: Settings, done: Attacked
) -> pd.DataFrame:
    """The answers of other models to an attacked image."""
    judges = tuple((name, models.fingerprint(name)) for name in names)
    return _judged(judges, _key(victim), _optional(surrogate), item.fingerprint, repr(settings), done.label, _done=done)


@st.cache_data(max_entries=32, show_spinner="Classifying with the other models …")
def _judged(
    judges: tuple[ModelKey, ...],
    victim: ModelKey,
    surrogate: ModelKey | None,
    image: str,
    settings: str,
    label: int,
    *,
    _done: Attacked,
) -> pd.DataFrame:
    from robustcore import derived

    key = derived.digest(judges, victim, surrogate, image, settings, label)
    untraced = dataclasses.replace(_done, result=dataclasses.replace(_done.result, trace=None))
    table: pd.DataFrame = offload("attack-judges", key, tasks.judged, judges, untraced)
    return table


def survivals(victim: str, done: Attacked) -> list[Survival]:
    """Whether an attack still succeeds after the image is saved and read again; a few milliseconds."""
    from robustcore.reports.preview import attack_anatomy

    return attack_anatomy.survivals(models.model(victim), done)


def clean_answer(model_name: str, item: Item) -> int:
    """The class that a model gives to an image."""
    from robustcore.reports.preview import gallery

    return int(gallery.answers(models.model(model_name), item.image[None]).classes[0, 0])
