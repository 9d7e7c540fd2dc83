"""One image under a perturbation sequence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.datasets import Item
    from robustcore.reports.preview.gallery import Answers


@dataclasses.dataclass(frozen=True)
class Film:
    """The frames of a sequence: uint8 tensors, and for the browser each of them and all of them in motion."""

    key: str
    frames: Tensor  # (F, 3, side, side)
    thumbnails: tuple[str, ...]
    animation: str


def film(item: Item, name: str, difficulty: int, seed: int) -> Film:
    """An image under a perturbation sequence."""
    return _film(item.fingerprint, name, difficulty, seed, _item=item)


@st.cache_resource(max_entries=16, show_spinner="Making the frames …")
def _film(image: str, name: str, difficulty: int, seed: int, *, _item: Item) -> Film:
    from dashboard import data_urls
    from robustcore.reports.preview import sequence_frames as film

    frames = film.shoot(_item, name, difficulty=difficulty, seed=seed)
    key = f"{image} {name} {difficulty} {seed}"
    return Film(key, frames, tuple(data_urls.thumbnails(frames)), data_urls.animation(frames))


def film_answers(model_name: str, shown: Film) -> Answers:
    """A model's answers to the frames."""
    return _film_answers(models.fingerprint(model_name), shown.key, _name=model_name, _film=shown)


@st.cache_data(max_entries=64, show_spinner="Asking the model …")
def _film_answers(model: str, film: str, *, _name: str, _film: Film) -> Answers:
    from robustcore.reports.preview import gallery

    return gallery.answers(models.model(_name), _film.frames)
