"""One image under a perturbation sequence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models
from dashboard.cache.shared import shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from robustcore.datasets import Item
    from robustcore.models import Card
    from robustcore.reports.preview.gallery import Answers


@dataclasses.dataclass(frozen=True)
class SequenceFrames:
    """The frames of a sequence: uint8 tensors, and for the browser each of them and all of them in motion."""

    key: str
    shipped: Callable[[Card], Answers | None]  # what a model answers to them, where that ships
    frames: Tensor  # (F, 3, side, side)
    thumbnails: tuple[str, ...]
    animation: str


def sequence_frames(item: Item, name: str, difficulty: int, seed: int) -> SequenceFrames:
    """An image under a perturbation sequence."""
    return _sequence_frames(item.fingerprint, name, difficulty, seed, _item=item)


@shared(show_spinner="Computing the frames …")
def _sequence_frames(image: str, name: str, difficulty: int, seed: int, *, _item: Item) -> SequenceFrames:
    from dashboard import data_urls
    from robustcore.reports.preview import sequence_frames as preview
    from robustcore.reports.preview import shipped

    frames = preview.frames(_item, name, difficulty=difficulty, seed=seed)
    key = f"{image} {name} {difficulty} {seed}"

    def answers(card: Card) -> Answers | None:
        return shipped.of_sequence(card, _item, name, difficulty, seed, len(frames))

    return SequenceFrames(key, answers, frames, tuple(data_urls.thumbnails(frames)), data_urls.animation(frames))


def frame_answers(model_name: str, sequence: SequenceFrames) -> Answers:
    """A model's answers to the frames."""
    shipped = sequence.shipped(models.card(model_name))
    if shipped is not None:
        return shipped
    return _frame_answers(models.fingerprint(model_name), sequence.key, _name=model_name, _frames=sequence)


@st.cache_data(max_entries=64, show_spinner="Classifying the frames …")
def _frame_answers(model: str, frames: str, *, _name: str, _frames: SequenceFrames) -> Answers:
    return models.answers(_name, _frames.frames)
