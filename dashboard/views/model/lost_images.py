"""The images that a model loses under most corruptions."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, data_urls
from dashboard.cache.datasets import SCENES
from dashboard.widgets import links, markup, thumbnails
from dashboard.widgets.thumbnails import UNKNOWN
from robustcore.display import display_name
from robustcore.reports.images import Answered, breaking

SUITE, STORAGE, SEED = "imagenet-c", "memory", 0  # of the shipped evaluation
COUNT = 6
_EVERY = ""  # corruption


def show(model: str) -> None:
    """Some images that break first; nothing where the answers to single images are not stored."""
    subject = cache.results.subject(model, SCENES)
    answered = cache.inside.answers.answered(subject, SCENES, SUITE, STORAGE, SEED)
    if answered is None or not answered.rows(_EVERY):
        return
    found = breaking(answered, _EVERY)
    if not len(found.places):
        return
    places = [int(place) for place in found.places[:COUNT]]
    wanted = [(place, answered.conditions[0].canonical()) for place in places]
    images = cache.inside.answers.pictures(SCENES, subject.preparation, wanted, SEED)
    crisp = max(images.shape[-2:]) <= data_urls.EXACT_SIDE
    thumbs = []
    for source, place, lost in zip(data_urls.thumbnails(images), places, found.lost, strict=False):
        lines = (
            (_truth(answered, place, subject.classes), UNKNOWN),
            (f"lost {lost} of {found.conditions}", UNKNOWN),
        )
        thumbs.append(thumbnails.Thumb("", source, "; ".join(text for text, _ in lines), lines, crisp))
    with st.container(border=True, key="card-model-lost"):
        st.subheader("Which images does it lose?", anchor=False)
        st.caption(
            f"Classified correctly when clean, and lost first: under how many of the {found.conditions} corruptions and severities. "
            f"{found.wrong_when_clean:,} images are wrong even when clean."
        )
        markup.show(thumbnails.row(thumbs), key="model_lost")
        links.to("images", "More of them", {"images_model": model})


def _truth(answered: Answered, place: int, classes: tuple[str, ...]) -> str:
    label = int(answered.labels[0, place])
    return "no label" if label < 0 else f"is {display_name(classes[label], inside=True)}"
