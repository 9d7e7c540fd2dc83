"""One image under a corruption or an attack: answer and anomaly score side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

import robustcore.corruptions as corruptions
from dashboard import cache, data_urls
from dashboard.session import selection
from dashboard.views.detection import scoring
from dashboard.views.detection.controls import KEY, Choice
from dashboard.widgets import figure, image_picker, markup, states, thumbnails
from dashboard.widgets.choice import Choice as Image
from robustcore import derived
from robustcore.detection import scores
from robustcore.display import display_name
from robustcore.figures.confidence import detection as figures
from robustcore.metrics import detection as metrics
from robustcore.reports.detection import Course, DetectionReport, UnknownSet
from robustcore.reports.preview import gallery
from robustcore.reports.preview.attack_anatomy import Settings
from robustcore.reports.provenance import Footer, package_version

_WAYS = {"corruption": "Corruption", "attack": "Attack"}
_EPS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_STEPS = 20  # of an attack


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
        way, name = _pick_way()
        threshold = metrics.threshold_at_recall(report.known_scores[score], report.unknown_scores[score, of_set.name])
        right = image.right_among(choice.card.classes)
        if way == "corruption":
            _corrupted(choice, report, score, of_set, image, right, threshold, name)
        else:
            _attacked(choice, report, score, of_set, image, right, threshold)


def _pick_way() -> tuple[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = selection.segmented("Change", list(_WAYS), key=f"{KEY}_way", kind="way of change", text=_WAYS.__getitem__)
        name = ""
        if way == "corruption":
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
    return way, name


def _corrupted(
    choice: Choice,
    report: DetectionReport,
    score: str,
    of_set: UnknownSet,
    image: Image,
    right: frozenset[int],
    threshold: float,
    name: str,
) -> None:
    cells = tuple(gallery.cells(name))
    grid = cache.gallery.grid(image.item, cells, "memory")
    images = torch.cat([grid.clean, grid.images])
    course = scoring.course(choice, images, derived.digest(image.item.fingerprint, name), score)
    steps = [0, *(int(cell.severity or 0) for cell in cells)]
    _draw(
        choice,
        report,
        score,
        of_set,
        image,
        right,
        threshold,
        course,
        steps,
        "severity (0: clean)",
        images,
        list(grid.thumbnails),
    )


def _attacked(
    choice: Choice,
    report: DetectionReport,
    score: str,
    of_set: UnknownSet,
    image: Image,
    right: frozenset[int],
    threshold: float,
) -> None:
    model = choice.case.model[0]
    eps = selection.selectbox(
        "ε (L∞)", list(_EPS), key=f"{KEY}_eps", kind="eps", default=2.0, text=lambda v: f"{v:g}/255", width=140
    )
    answer = cache.attacks.clean_answer(model, image.item)
    label = answer if not right or answer in right else min(right)
    settings = Settings("pgd", eps / 255, "linf", "untargeted", options=(("steps", _STEPS),))
    done, _ = cache.attacks.attacked(model, None, image.item, label, settings)
    trace = done.result.trace
    if trace is None or len(trace.queries) < 2:
        st.caption("The attack asked the model only once: the model errs on the clean image already.")
        return
    places = sorted({0, len(trace.queries) - 1, *range(0, len(trace.queries), max(1, len(trace.queries) // _STEPS))})
    images = torch.stack([trace.images[place, 0] for place in places])
    course = scoring.course(choice, images, derived.digest(image.item.fingerprint, repr(settings), label), score)
    steps = [int(trace.queries[place]) for place in places]
    shown = sorted({0, len(images) // 4, len(images) // 2, 3 * len(images) // 4, len(images) - 1})
    sources = data_urls.thumbnails(images[shown])
    _draw(
        choice,
        report,
        score,
        of_set,
        image,
        right,
        threshold,
        course,
        steps,
        "query of the model",
        images,
        sources,
        shown,
    )


def _draw(
    choice: Choice,
    report: DetectionReport,
    score: str,
    of_set: UnknownSet,
    image: Image,
    right: frozenset[int],
    threshold: float,
    course: Course,
    steps: list[int],
    axis: str,
    images: Any,
    sources: list[str],
    shown: list[int] | None = None,
) -> None:
    classes = choice.card.classes
    accepted = list(right) or [int(course.answers[0])]
    table = pd.DataFrame(
        {
            "step": steps,
            "score": course.scores,
            "answer": [display_name(classes[k]) for k in course.answers],
            "confidence": course.confidence,
            "wrong": ~np.isin(course.answers, accepted),
            "flagged": course.scores >= threshold,
        }
    )
    places = range(len(images)) if shown is None else shown
    thumbs = [
        thumbnails.Thumb(
            "",
            source,
            f"{axis} {steps[place]}: {table['answer'][place]}",
            (
                (
                    f"{table['answer'][place]}{' · flagged' if table['flagged'][place] else ''}",
                    thumbnails.CHANGED if table["wrong"][place] else thumbnails.RIGHT,
                ),
            ),
            max(images.shape[-2:]) <= data_urls.EXACT_SIDE,
        )
        for place, source in zip(places, sources, strict=True)
    ]
    false_alarms = float((report.known_scores[score] >= threshold).mean())
    st.markdown(_verdict(course, right, threshold, steps, axis.partition(" ")[0]))
    st.caption(
        f"At this threshold 95 % of {states.plain(of_set.title)} are flagged, and {100 * false_alarms:.0f} % of the known images too."
    )
    markup.show(thumbnails.row(thumbs), key=f"{KEY}_course_images")
    middle = np.quantile(report.known_scores[score], [0.25, 0.75])
    title = scores.get(score).title
    footer = Footer(
        further=(
            f"{choice.case.model[0]} on {image.title}; {title}, flagged where 95 % of {of_set.title} are "
            f"({report.known:,} known and {len(report.unknown_scores[score, of_set.name]):,} unknown images). Grey band: the middle half of "
            "the known images.",
            package_version(),
        )
    )
    figure.card(
        figures.course(
            table,
            axis=axis,
            score=title,
            threshold=threshold,
            known=(float(middle[0]), float(middle[1])),
            footer=footer.text,
            alt=f"The score {title} of one image at each step, with the threshold of the detector",
            ticks=steps if len(steps) <= 8 else None,
        ),
        key=f"{KEY}-course-figure",
        title="Answer and score, step by step",
        says="A cross is an answer that has turned. Above the dashed line the image is flagged as unknown.",
        table=table,
        footer=footer,
    )


def _verdict(course: Course, right: frozenset[int], threshold: float, steps: list[int], word: str) -> str:
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
        return f"**Unnoticed**: the answer turns at {states.plain(word)} {steps[turned]}, and the detector never flags the image."
    if noticed < turned:
        return f"**Noticed in time**: flagged from {word} {steps[noticed]}, the answer turns at {steps[turned]}."
    if noticed == turned:
        return f"**Noticed as it turns**: flagged and answered otherwise from {word} {steps[turned]}."
    return f"**Noticed too late**: the answer turns at {word} {steps[turned]}, flagged only from {steps[noticed]}."
