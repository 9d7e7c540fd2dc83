"""One image under a perturbation sequence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.data import images, models

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.datasets import Item
    from robustcore.reports.look import Answers


@dataclasses.dataclass(frozen=True)
class Film:
    """The frames of a sequence: uint8 tensors, and for the browser each of them and all of them in motion."""

    key: str
    frames: Tensor  # (F, 3, side, side)
    thumbnails: tuple[str, ...]
    animation: str


def film(item: Item, name: str, difficulty: int, seed: int) -> Film:
    """An image under a perturbation sequence."""
    return _film(images.key(item), name, difficulty, seed, _item=item)


@st.cache_resource(max_entries=16, show_spinner="Making the frames …")
def _film(image: str, name: str, difficulty: int, seed: int, *, _item: Item) -> Film:
    from dashboard.widgets import pictures
    from robustcore.reports import film

    frames = film.shoot(_item, name, difficulty=difficulty, seed=seed)
    key = f"{image} {name} {difficulty} {seed}"
    return Film(key, frames, tuple(pictures.thumbnails(frames)), pictures.animation(frames))


def film_answers(model_name: str, shown: Film) -> Answers:
    """A model's answers to the frames."""
    return _film_answers(model_name, shown.key, _film=shown)


@st.cache_data(max_entries=64, show_spinner="Asking the model …")
def _film_answers(model_name: str, film: str, *, _film: Film) -> Answers:
    from robustcore.reports import look

    return look.answers(models.model(model_name), _film.frames)
