"""One image under a corruption, an attack or a natural shift: answer and anomaly score side by side."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

import robustcore.corruptions as corruptions
from dashboard import cache, data_urls
from dashboard.session import selection
from dashboard.views.detection import scoring
from dashboard.views.detection.controls import KEY, Choice
from dashboard.widgets import figure, image_picker, markup, states, thumbnails
from dashboard.widgets.choice import Choice as Image
from robustcore import derived
from robustcore.detection import scores
from robustcore.detection.scores import Scores
from robustcore.display import display_name
from robustcore.figures.confidence import detection as figures
from robustcore.metrics import detection as metrics
from robustcore.reports.detection import Course, DetectionReport, UnknownSet
from robustcore.reports.preview import gallery
from robustcore.reports.preview.attack_anatomy import Settings
from robustcore.reports.provenance import Footer, package_version

_WAYS = {"corruption": "Corruption", "attack": "Attack", "shift": "Natural shift"}
_EPS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_STEPS = 20  # of an attack
_MOST = 0.5  # of the known images: with more false alarms a detector is of little use
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the way to another viewpoint


@dataclasses.dataclass(frozen=True)
class Watched:
    """One image and the detector that looks at it.

    Attributes:
        choice: of the page.
        report: of the detection.
        score: the name of the score.
        of_set: the unknown images that the threshold is for.
        image: that is changed.
    """

    choice: Choice
    report: DetectionReport
    score: str
    of_set: UnknownSet
    image: Image

    @property
    def threshold(self) -> float:
        """The score from which on 95 % of the unknown images are flagged."""
        return metrics.threshold_at_recall(self.known, self.unknown)

    @property
    def known(self) -> Scores:
        """The scores of the known images."""
        return self.report.known_scores[self.score]

    @property
    def unknown(self) -> Scores:
        """The scores of the unknown ones."""
        return self.report.unknown_scores[self.score, self.of_set.name]

    @property
    def right(self) -> frozenset[int]:
        """The classes that are right for the image."""
        return self.image.right_among(self.choice.card.classes)


@dataclasses.dataclass(frozen=True)
class Way:
    """How the image was changed.

    Attributes:
        images: uint8 (n, 3, side, side), the unchanged one first.
        steps: (n,) what the axis has for each.
        axis: what a step is; its first word is the one of a sentence.
        shown: the places of those that are drawn as pictures.
        sources: these as data addresses.
        key: tells image and way from others.
    """

    images: Tensor
    steps: tuple[float, ...]
    axis: str
    shown: tuple[int, ...]
    sources: tuple[str, ...]
    key: str


def show(choice: Choice, report: DetectionReport, score: str, of_set: UnknownSet) -> None:
    """The section, with controls of its own."""
    knows_scenes = choice.card.dataset == "scenes"
    prefix = f"{KEY}_{'scene' if knows_scenes else 'photo'}"
    model = choice.case.model[0]
    st.session_state[f"{prefix}_model"] = model  # the picker begins with images that this model knows
    with st.container(border=True, key=f"card-{KEY}-course"):
        st.subheader("Does the detector notice before the answer turns?", anchor=False)
        st.caption(
            "One image is changed more and more. A useful detector flags it (dashed line) before the model answers another class."
        )
        image = image_picker.pick(prefix, model)
        if image is None:
            return
        watched = Watched(choice, report, score, of_set, image)
        way = _pick_way(watched)
        if way is None:
            st.caption("The attack asked the model only once: the model errs on the clean image already.")
            return
        _draw(watched, way)


def _pick_way(watched: Watched) -> Way | None:
    """Draw the controls and change the image; None where an attack has nothing to do."""
    offered = [way for way in _WAYS if way != "shift" or watched.image.origin == "scenes"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = selection.segmented("Change", offered, key=f"{KEY}_way", kind="way of change", text=_WAYS.__getitem__)
        if way == "attack":
            eps = selection.selectbox(
                "ε (L∞)", list(_EPS), key=f"{KEY}_eps", kind="eps", default=2.0, text=lambda v: f"{v:g}/255", width=140
            )
            return _attacked(watched, eps)
        if way == "shift":
            return _shifted(watched.image)
        names = [n for n in corruptions.names("imagenet-c") if corruptions.get(n).severities]
        name = selection.selectbox(
            "Corruption",
            names,
            key=f"{KEY}_corruption",
            kind="corruption",
            default="gaussian_noise",
            text=lambda n: display_name(n, "corruption"),
            width=240,
        )
    return _corrupted(watched.image, name)


def _corrupted(image: Image, name: str) -> Way:
    cells = tuple(gallery.cells(name))
    grid = cache.gallery.grid(image.item, cells, "memory")
    return Way(
        images=torch.cat([grid.clean, grid.images]),
        steps=(0, *(int(cell.severity or 0) for cell in cells)),
        axis="severity (0: clean)",
        shown=tuple(range(len(cells) + 1)),
        sources=tuple(grid.thumbnails),
        key=derived.digest(image.item.fingerprint, name),
    )


def _shifted(image: Image) -> Way:
    images = cache.images.seen_from_elsewhere(image.item.id, _SHARES)
    return Way(
        images=images,
        steps=_SHARES,
        axis="share of the way to another viewpoint (0: as drawn)",
        shown=tuple(range(len(images))),
        sources=tuple(data_urls.thumbnails(images)),
        key=derived.digest(image.item.fingerprint, "viewpoint", _SHARES),
    )


def _attacked(watched: Watched, eps: float) -> Way | None:
    model, item, right = watched.choice.case.model[0], watched.image.item, watched.right
    answer = cache.attacks.clean_answer(model, item)
    label = answer if not right or answer in right else min(right)
    settings = Settings("pgd", eps / 255, "linf", "untargeted", options=(("steps", _STEPS),))
    done, _ = cache.attacks.attacked(model, None, item, label, settings)
    trace = done.result.trace
    if trace is None or len(trace.queries) < 2:
        return None
    places = sorted({0, len(trace.queries) - 1, *range(0, len(trace.queries), max(1, len(trace.queries) // _STEPS))})
    images = torch.stack([trace.images[place, 0] for place in places])
    last = len(images) - 1
    shown = sorted({0, len(images) // 4, len(images) // 2, 3 * len(images) // 4, last})
    return Way(
        images=images,
        steps=tuple(int(trace.queries[place]) for place in places),
        axis="query of the model",
        shown=tuple(shown),
        sources=tuple(data_urls.thumbnails(images[shown])),
        key=derived.digest(item.fingerprint, repr(settings), label),
    )


def _draw(watched: Watched, way: Way) -> None:
    choice, report, threshold = watched.choice, watched.report, watched.threshold
    course = scoring.course(choice, report, way.images, way.key, watched.score)
    accepted = list(watched.right) or [int(course.answers[0])]
    table = pd.DataFrame(
        {
            "step": way.steps,
            "score": course.scores,
            "answer": [display_name(choice.card.classes[k]) for k in course.answers],
            "confidence": course.confidence,
            "wrong": ~np.isin(course.answers, accepted),
            "flagged": course.scores >= threshold,
        }
    )
    thumbs = [
        thumbnails.Thumb(
            "",
            source,
            f"{way.axis} {way.steps[place]:g}: {table['answer'][place]}",
            (
                (
                    f"{table['answer'][place]}{' · flagged' if table['flagged'][place] else ''}",
                    thumbnails.CHANGED if table["wrong"][place] else thumbnails.RIGHT,
                ),
            ),
            max(way.images.shape[-2:]) <= data_urls.EXACT_SIDE,
        )
        for place, source in zip(way.shown, way.sources, strict=True)
    ]
    false_alarms = float((watched.known >= threshold).mean())
    st.markdown(_verdict(course, watched.right, threshold, way))
    st.caption(
        f"At this threshold 95 % of {states.plain(watched.of_set.title)} are flagged, and {100 * false_alarms:.0f} % of the known "
        "images too."
        + (
            " A detector that flags most known images notices everything, and says little."
            if false_alarms > _MOST
            else ""
        )
    )
    markup.show(thumbnails.row(thumbs), key=f"{KEY}_course_images")
    middle = np.quantile(watched.known, [0.25, 0.75])
    title = scores.get(watched.score).title
    footer = Footer(
        further=(
            f"{choice.case.model[0]} on {watched.image.title}; {title}, flagged where 95 % of {watched.of_set.title} are "
            f"({report.known:,} known and {len(watched.unknown):,} unknown images). Grey band: the middle half of the known images.",
            package_version(),
        )
    )
    figure.card(
        figures.course(
            table,
            axis=way.axis,
            score=title,
            threshold=threshold,
            known=(float(middle[0]), float(middle[1])),
            footer=footer.text,
            alt=f"The score {title} of one image at each step, with the threshold of the detector",
            ticks=way.steps if len(way.steps) <= 8 else None,
        ),
        key=f"{KEY}-course-figure",
        title="Answer and score, step by step",
        says="A cross is an answer that has turned. Above the dashed line the image is flagged as unknown.",
        table=table,
        footer=footer,
    )


def _verdict(course: Course, right: frozenset[int], threshold: float, way: Way) -> str:
    steps, word = [f"{step:g}" for step in way.steps], way.axis.partition(" ")[0]
    turned, noticed = course.turned(right), course.noticed(threshold)
    if turned == 0:
        return "**The clean image is misclassified already.** " + (
            "The detector flags it." if noticed == 0 else "The detector does not flag it."
        )
    if noticed == 0:
        return "**A false alarm**: the detector flags the clean image already."
    if turned is None and noticed is None:
        return "**Neither**: the answer stands, and the detector does not flag the image."
    if turned is None:
        return f"**The answer stands**; the detector flags the image from {word} {steps[noticed or 0]}."
    if noticed is None:
        return f"**Unnoticed**: the answer turns at {word} {steps[turned]}, and the detector never flags the image."
    if noticed < turned:
        return f"**Noticed in time**: flagged from {word} {steps[noticed]}, the answer turns at {steps[turned]}."
    if noticed == turned:
        return f"**Noticed as it turns**: flagged and answered otherwise from {word} {steps[turned]}."
    return f"**Noticed too late**: the answer turns at {word} {steps[turned]}, flagged only from {steps[noticed]}."
