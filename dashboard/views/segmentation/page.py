"""Segmentation: image, truth, prediction and the map of an anomaly score."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
import torch

from dashboard import cache, data_urls
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.segmentation import measured
from dashboard.views.segmentation.controls import KEY, Choice
from dashboard.widgets import markup, pair, states
from dashboard.widgets.markup import Markup
from robustcore.datasets.scenes.street import ANOMALY, CLASSES, SIZES
from robustcore.display import display_name
from robustcore.images import UInt8Array
from robustcore.reports.segmentation import PixelsOfImage
from robustcore.segmentation import checkpoints, evaluation, pictures
from robustcore.segmentation.scores import SCORES

PAGE = Page(
    title="Segmentation",
    icon=":material/select_all:",
    order=26,
    group="Explore",
    question="Which pixels show something unknown?",
    purpose="A street scene with an object of no class: what is there, what the network answers, and where an anomaly score is high.",
    help="Test scenes come from towns of other textures; nine of ten hold an unknown shape, inserted before shadow and light. Move "
    "the threshold and the severity. Below: every score over many images, where false alarms are, and what corruptions do.",
)
_NETWORK, _AUTOENCODER = checkpoints.SHIPPED
_NONE = "none"
_TABLE = pictures.colours(len(CLASSES), 0)


def render() -> None:
    """The page below its heading."""
    if not all(checkpoints.path_of(name).is_file() for name in checkpoints.SHIPPED):
        states.empty(
            "The networks are not here",
            "Make them: robustcore demo trains and measures what is missing.",
            icon=PAGE.icon,
        )
        return
    choice = _pick()
    look = cache.scenes.segmentation.look(_NETWORK, _AUTOENCODER, choice.index, choice.corruption, choice.severity)
    _image(choice, look)
    measured.show(choice.score)


def _pick() -> Choice:
    with st.container(border=True, key=f"{KEY}_controls", gap="small"):
        left, middle, right = st.columns([1, 1.2, 1.2], gap="medium", vertical_alignment="bottom")
        with left, st.container(horizontal=True, vertical_alignment="bottom"):
            count = SIZES["test"]
            key = f"{KEY}_number"
            number = selection.number(
                f"Scene (of {count})", 1, count, key=key, default=3, kind="number of the scene", width=150
            )
            st.button(
                "Next",
                icon=":material/skip_next:",
                key=f"{KEY}_next",
                on_click=lambda: st.session_state.update({key: number % count + 1}),
            )
        with middle:
            score = selection.selectbox(
                "Anomaly score", list(SCORES), key=f"{KEY}_score", kind="score", text=lambda name: SCORES[name].title
            )
        with right:
            corruption = selection.selectbox(
                "Corruption",
                [_NONE, *evaluation.names_of_corruptions()],
                key=f"{KEY}_corruption",
                kind="corruption",
                text=lambda name: "None" if name == _NONE else display_name(name, "corruption"),
                help="Those of ImageNet-C under which pixels stay where they are.",
            )
        left, right = st.columns(2, gap="medium")
        with left:
            share = selection.slider(
                "Threshold: flagged pixels (% of the image)",
                1,
                50,
                key=f"{KEY}_share",
                default=10,
                kind="threshold",
                help="The pixels with the highest scores.",
            )
        with right:
            severity = 0
            if corruption != _NONE:
                severity = selection.slider("Severity", 1, 5, key=f"{KEY}_severity", default=3, kind="severity")
    return Choice(
        number - 1,
        score,
        share / 100,
        "" if corruption == _NONE else corruption,
        severity,
    )


def _image(choice: Choice, look: PixelsOfImage) -> None:
    scores = look.scores[choice.score]
    threshold = float(np.quantile(scores, 1 - choice.share))
    strange = look.mask == ANOMALY
    flagged = scores >= threshold
    title = SCORES[choice.score].title
    sides = [
        _side(look.image, "Image", "The street scene"),
        _side(_picture(look.mask), "Truth", "The classes that are there, the anomaly red"),
        _side(_picture(look.predicted), "Prediction", "The classes that the network answers"),
        _side(
            torch.from_numpy(pictures.of_scores(scores, threshold)),
            f"{title}, top {100 * choice.share:.0f} %",
            "The anomaly score, flagged pixels red",
        ),
    ]
    with st.container(border=True, key=f"card-{KEY}-image"):
        st.subheader("One scene, pixel by pixel", anchor=False)
        st.markdown(_said(look, choice, strange, flagged))
        for place, column in enumerate(st.columns(2, gap="medium")):
            with column:
                markup.show(pair.markup(*sides[2 * place : 2 * place + 2]), key=f"{KEY}_pictures_{place}")
        present = [int(label) for label in np.union1d(np.unique(look.mask), np.unique(look.predicted))]
        markup.html(_legend(present))
        metrics = look.metrics[choice.score]
        if math.isnan(metrics["auroc"]):
            st.caption("No anomaly in this scene, so that it has no AUROC.")
        else:
            st.caption(
                f"{title} in this scene: AUROC {100 * metrics['auroc']:.1f} %, AUPR {100 * metrics['aupr']:.1f} % (chance "
                f"{100 * strange.mean():.1f} %), FPR95 {100 * metrics['fpr95']:.1f} %; mIoU over its classes {100 * look.miou:.0f} %. Test "
                f"scene {choice.index + 1}, seed 0. Formula: {states.plain(SCORES[choice.score].formula)}."
            )


def _said(look: PixelsOfImage, choice: Choice, strange: np.ndarray, flagged: np.ndarray) -> str:
    if not strange.any():
        return f"Nothing unknown here: every one of the {int(flagged.sum()):,} flagged pixels is a false alarm."
    inside, outside = float(flagged[strange].mean()), float(flagged[~strange].mean())
    answers = np.bincount(look.predicted[strange], minlength=len(CLASSES))
    most = CLASSES[int(answers.argmax())]
    return (
        f"At this threshold **{100 * inside:.0f} %** of the unknown object is flagged, and {100 * outside:.0f} % of everything else. The "
        f"network mostly calls it **{display_name(most, inside=True)}**."
    )


def _picture(labels: np.ndarray) -> torch.Tensor:
    painted: UInt8Array = pictures.of_mask(labels, _TABLE)
    return torch.from_numpy(painted)


def _side(image: torch.Tensor, title: str, alt: str) -> pair.Side:
    return pair.Side(data_urls.exact(image), title, alt, [], True)


def _legend(labels: list[int]) -> Markup:
    """The colours of the classes that are in the pictures."""
    parts = []
    for label in labels:
        r, g, b = (int(value) for value in _TABLE[label])
        name = "anomaly" if label >= len(CLASSES) else display_name(CLASSES[label], inside=True)
        parts.append(
            Markup(
                '<span style="display:inline-flex;align-items:center;gap:.35rem;margin-right:.9rem">'
                '<span style="width:.8rem;height:.8rem;border-radius:2px;background:rgb({},{},{})"></span>{}</span>'
            ).format(r, g, b, name)
        )
    return Markup('<div style="font-size:.85rem;line-height:1.7">{}</div>').format(Markup().join(parts))
