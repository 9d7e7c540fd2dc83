"""One image under attack."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from robustcore.datasets import Item
    from robustcore.reports.preview.attack_anatomy import Attacked, Settings, Survival

_RUNS = "_attack_runs"  # in the session: the number of the attack page's latest run
_attack_lock = threading.Lock()  # one attack at a time, so that two do not slow each other down


class _SupersededError(Exception):
    """The person has asked for something else in the meantime: what was begun is dropped."""


def new_run() -> None:
    """A run of the attack page begins: attacks of this person's earlier runs end before their next pass."""
    st.session_state.setdefault(_RUNS, {"latest": 0})["latest"] += 1


def attacked(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> Attacked:
    """An attack on one image."""
    runs: dict[str, int] = st.session_state.setdefault(_RUNS, {"latest": 0})
    mine = runs["latest"]
    try:
        return _attacked(
            *_key(victim, surrogate, item, label, settings),
            _victim=victim,
            _surrogate=surrogate,
            _item=item,
            _settings=settings,
            _cancel=lambda: runs["latest"] != mine,
        )
    except _SupersededError:
        st.stop()


def _key(
    victim: str, surrogate: str | None, item: Item, label: int, settings: Settings
) -> tuple[str, str | None, str, int, str]:
    """What determines an attack: the fingerprints of both models and of the image, the class, the settings."""
    crafted_on = None if surrogate is None else models.fingerprint(surrogate)
    return models.fingerprint(victim), crafted_on, item.fingerprint, label, repr(settings)


@st.cache_resource(max_entries=16, show_spinner="Attacking …")  # an attack's steps take up to 16 MiB
def _attacked(
    victim: str,
    surrogate: str | None,
    image: str,
    label: int,
    settings: str,
    *,
    _victim: str,
    _surrogate: str | None,
    _item: Item,
    _settings: Settings,
    _cancel: Callable[[], bool],
) -> Attacked:
    from robustcore.reports.preview import attack_anatomy

    crafts_on = None if _surrogate is None else models.model(_surrogate)
    with _attack_lock:
        done = attack_anatomy.attack(
            models.model(_victim), _item, label, _settings, surrogate=crafts_on, cancel=_cancel
        )
    if done.result.cancelled:
        raise _SupersededError
    return done


def attack_sweep(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> pd.DataFrame:
    """The same attack at several budgets."""
    return _sweep(
        *_key(victim, surrogate, item, label, settings),
        _victim=victim,
        _surrogate=surrogate,
        _item=item,
        _settings=settings,
    )


@st.cache_data(max_entries=32, show_spinner="Attacking with other budgets …")
def _sweep(
    victim: str,
    surrogate: str | None,
    image: str,
    label: int,
    settings: str,
    *,
    _victim: str,
    _surrogate: str | None,
    _item: Item,
    _settings: Settings,
) -> pd.DataFrame:
    from robustcore.reports.preview import attack_anatomy

    crafts_on = None if _surrogate is None else models.model(_surrogate)
    radii = attack_anatomy.radii(_settings) or ()
    with _attack_lock:
        return attack_anatomy.sweep(models.model(_victim), _item, label, _settings, radii, surrogate=crafts_on)


def judged(
    names: list[str], victim: str, surrogate: str | None, item: Item, settings: Settings, done: Attacked
) -> pd.DataFrame:
    """The answers of other models to an attacked image."""
    judges = tuple((name, models.fingerprint(name)) for name in names)
    return _judged(judges, *_key(victim, surrogate, item, done.label, settings), _done=done)


@st.cache_data(max_entries=32, show_spinner="Classifying with the other models …")
def _judged(
    judges: tuple[tuple[str, str], ...],
    victim: str,
    surrogate: str | None,
    image: str,
    label: int,
    settings: str,
    *,
    _done: Attacked,
) -> pd.DataFrame:
    from robustcore.reports.preview import attack_anatomy

    return attack_anatomy.judged({name: models.model(name) for name, _ in judges}, _done)


def survivals(victim: str, done: Attacked) -> list[Survival]:
    """Whether an attack still succeeds after the image is saved and read again; a few milliseconds."""
    from robustcore.reports.preview import attack_anatomy

    return attack_anatomy.survivals(models.model(victim), done)


def clean_answer(model_name: str, item: Item) -> int:
    """The class that a model gives to an image."""
    from robustcore.reports.preview import gallery

    return int(gallery.answers(models.model(model_name), item.image[None]).classes[0, 0])
