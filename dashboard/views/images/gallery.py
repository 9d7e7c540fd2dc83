"""Rows of pictures with what models answered."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import streamlit as st

from dashboard import cache, data_urls
from dashboard.views.images.controls import KEY, Choice, canonical
from dashboard.widgets import markup, states, thumbnails
from dashboard.widgets.markup import Markup
from dashboard.widgets.thumbnails import UNKNOWN, WRONG
from robustcore.display import display_name


@dataclasses.dataclass(frozen=True)
class Picture:
    """An image under a condition.

    Attributes:
        place: of the image in its dataset.
        row: of the condition among the answers.
        lines: what stands below it, (text, mark of `thumbnails`).
    """

    place: int
    row: int
    lines: tuple[tuple[str, str], ...]


def missing(choice: Choice) -> bool:
    """Whether the images are not here; then a notice says why."""
    if why := cache.datasets.why_without_images(choice.data):
        states.notice(f"{why} The images themselves are left out.")
        return True
    return False


def row(choice: Choice, pictures: Sequence[Picture], *, key: str) -> None:
    """Some pictures side by side."""
    if not pictures:
        st.caption("None.")
        return
    markup.show(
        Markup('<div style="padding-top:.4rem">{}</div>').format(thumbnails.row(_thumbs(choice, pictures))),
        key=f"{KEY}_{key}",
    )


def rows(choice: Choice, lines: Sequence[tuple[str, Sequence[Picture]]], *, key: str) -> None:
    """One line for each image, such as one severity after the other; each line has a title."""
    thumbs = iter(_thumbs(choice, [picture for _, pictures in lines for picture in pictures]))
    parts = [
        Markup('<div class="rc-rows-one"><div class="rc-name">{}</div>{}</div>').format(
            title, thumbnails.row(list(itertools.islice(thumbs, len(pictures))))
        )
        for title, pictures in lines
    ]
    markup.show(Markup('<div class="rc-rows">{}</div>').format(Markup().join(parts)), key=f"{KEY}_{key}")


def _thumbs(choice: Choice, pictures: Sequence[Picture]) -> list[thumbnails.Thumb]:
    """The pictures, made by a worker, with what stands below them."""
    wanted = [(p.place, canonical(choice, p.row)) for p in pictures]
    images = cache.inside.answers.pictures(choice.data, choice.subject.preparation, wanted, choice.seed)
    crisp = max(images.shape[-2:]) <= data_urls.EXACT_SIDE
    return [
        thumbnails.Thumb("", source, _alt(choice, p), p.lines, crisp)
        for p, source in zip(pictures, data_urls.thumbnails(images), strict=True)
    ]


def answer(choice: Choice, place: int, condition: int) -> tuple[str, str]:
    """The model's answer to a picture, marked where it does not hold."""
    answered = choice.answered
    held = bool(answered.held[condition, place])
    return choice.class_name(int(answered.classes[condition, place])), UNKNOWN if held else WRONG


def truth(choice: Choice, place: int, condition: int = 0) -> tuple[str, str]:
    """What an image shows."""
    label = int(choice.answered.labels[condition, place])
    if label < 0:
        return "no label", UNKNOWN
    return f"is {display_name(choice.subject.classes[label], inside=True)}", UNKNOWN


def condition_words(choice: Choice, condition: int) -> str:
    """A condition of the answers, short."""
    chosen = choice.answered.conditions[condition]
    if chosen.kind == "clean":
        return "clean"
    level = "" if chosen.severity is None else f" {chosen.severity}"
    return f"{display_name(chosen.name, 'corruption')}{level}"


def _alt(choice: Choice, picture: Picture) -> str:
    words = "; ".join(text for text, _ in picture.lines)
    return f"Image {picture.place}, {condition_words(choice, picture.row)}: {words}"
