"""One image under attack."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.workers.tasks import ModelKey
    from robustcore.datasets import Item
    from robustcore.reports.preview.attack_anatomy import Attacked, Settings, Survival
    from robustcore.reports.preview.shipped_attack import ShippedAttack


def attacked(
    victim: str, surrogate: str | None, item: Item, label: int, settings: Settings
) -> tuple[Attacked, tuple[Survival, ...]]:
    """An attack on one image, and whether it still succeeds after the image is saved and read again."""
    if surrogate is None and (shipped := _shipped(victim, item, label, settings)) is not None:
        return shipped.done, shipped.survivals
    return _attacked(
        _key(victim), _optional(surrogate), item.fingerprint, label, repr(settings), _item=item, _settings=settings
    )


def _shipped(victim: str, item: Item, label: int, settings: Settings) -> ShippedAttack | None:
    from robustcore.reports.preview import shipped_attack

    return shipped_attack.of_attack(models.card(victim), item, label, settings)


def _key(model: str) -> ModelKey:
    """What tells a model from another of its name."""
    return model, models.fingerprint(model)


def _optional(model: str | None) -> ModelKey | None:
    return None if model is None else _key(model)


def _sent(item: Item) -> Item:
    """What an attack needs of an image."""
    return dataclasses.replace(item, source=None)


@shared(show_spinner="Attacking …")
def _attacked(
    victim: ModelKey,
    surrogate: ModelKey | None,
    image: str,
    label: int,
    settings: str,
    *,
    _item: Item,
    _settings: Settings,
) -> tuple[Attacked, tuple[Survival, ...]]:
    from robustcore import derived

    key = derived.digest(victim, surrogate, image, label, settings)
    done: tuple[Attacked, tuple[Survival, ...]] = offload(
        "attack", key, tasks.attacked, victim, surrogate, _sent(_item), label, _settings
    )
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
    import pandas as pd

    from robustcore.reports.preview import shipped_attack

    tables = []
    others = names
    if surrogate is None and (shipped := _shipped(victim, item, done.label, settings)) is not None:
        tables.append(shipped_attack.judged(shipped, [models.card(name) for name in names]))
        others = [name for name in names if name not in set(tables[0]["model"])]
    if others:
        judges = tuple((name, models.fingerprint(name)) for name in others)
        key = _key(victim), _optional(surrogate), item.fingerprint, repr(settings)
        tables.append(_judged(judges, *key, done.label, _done=done))
    table = pd.concat(tables) if len(tables) > 1 else tables[0]
    return table.set_index("model").loc[names].reset_index()


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


def clean_answer(model_name: str, item: Item) -> int:
    """The class that a model gives to an image."""
    from robustcore.reports.preview import shipped

    if (answers := shipped.of_grid(models.card(model_name), item, [], "memory")) is not None:
        return int(answers.classes[0, 0])
    return _clean_answer(_key(model_name), item.fingerprint, _item=item)


@st.cache_data(max_entries=64, show_spinner="Classifying the image …")
def _clean_answer(model: ModelKey, image: str, *, _item: Item) -> int:
    from robustcore import derived

    answer: int = offload("clean-answer", derived.digest(model, image), tasks.clean_answer, model, _sent(_item))
    return answer
