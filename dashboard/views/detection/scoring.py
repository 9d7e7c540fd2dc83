"""The scores, computed by workers part by part: finished parts are kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.session import permissions, runs, selection
from dashboard.views.detection.controls import KEY, Choice
from dashboard.widgets import states
from dashboard.workers import detections
from robustcore import derived
from robustcore.evaluation import Store
from robustcore.evaluation.plan import Subject
from robustcore.reports import detection
from robustcore.reports.detection import Course, DetectionReport

_RUNNING = f"{KEY}_running"  # in the session: the key of what is computed
_KEPT = f"{KEY}_report"  # in the session: (key, report)
_AT_ONCE, _AT_ONCE_LARGE = (
    512,
    128,
)  # images between two looks at the progress, small ones and those that are larger than
_SMALL_SIDE = 96  # pixels
_SHARE = 0.9  # of the work: the model's part
_QUICK = 80  # images that are scored without being asked for
_KIND = "detection"


def key_of(choice: Choice) -> str:
    """Of everything that a report depends on but the code."""
    sets = [(each.name, each.images.fingerprint) for each in choice.unknown]
    return derived.digest(dataclasses.astuple(choice.case), sets)


def report(choice: Choice) -> DetectionReport | None:
    """The whole report where it is there; else what stored answers give, and a way to the rest; None where there is nothing yet."""
    key = key_of(choice)
    whole = _whole(choice, key)
    if whole is not None:
        return whole
    stored = _stored(choice)
    if st.session_state.get(_RUNNING) == key:
        _compute(choice, key)
    _offer(choice, key, stored)
    return stored


def course(choice: Choice, report: DetectionReport, images: Any, image: str, score: str) -> Course:
    """Answers and scores along the way of one image; `image` tells it and the way from others."""
    key = derived.digest(dataclasses.astuple(choice.case), image, score, report.among)
    found: Course = offload(f"{_KIND}-course", key, detections.followed, choice.case, images, score, report.among)
    return found


def _whole(choice: Choice, key: str) -> DetectionReport | None:
    kept: tuple[str, DetectionReport] | None = st.session_state.get(_KEPT)
    if kept is None or kept[0] != key:
        found: DetectionReport | None = derived.get(_KIND, key)
        if found is None:
            return None
        kept = st.session_state[_KEPT] = (key, found)
    return dataclasses.replace(kept[1], sets=choice.unknown)


def _stored(choice: Choice) -> DetectionReport | None:
    """What results have; of models and data without results nothing."""
    sets = tuple(each for each, key in zip(choice.unknown, choice.sets, strict=True) if not key.images)
    if not sets:
        return None
    model, fingerprint = choice.case.model
    subject = Subject(model, fingerprint, tuple(choice.card.classes), choice.card.preparation)
    images = (choice.dataset.fingerprint, *(each.images.fingerprint for each in sets))
    found = _from_results(subject, images, choice.case.limit, _choice=choice, _sets=sets)
    if found is None:
        return None
    with_answers = set(found.table["set"])
    return dataclasses.replace(found, sets=tuple(each for each in sets if each.name in with_answers))


@reads_results(max_entries=16)
def _from_results(
    subject: Subject,
    images: tuple[str, ...],
    limit: int,
    *,
    _choice: Choice,
    _sets: tuple[detection.UnknownSet, ...],
) -> DetectionReport | None:
    found = detection.from_results(subject, _choice.dataset, _sets, Store(), limit=limit)
    return None if found is None else dataclasses.replace(found, sets=())  # their images are not kept


def _offer(choice: Choice, key: str, stored: DetectionReport | None) -> None:
    """The button that computes, beside what there is without it."""
    total = sum(size for *_, size in _parts(choice))
    if permissions.read_only():
        if stored is None:
            st.info(
                "This dashboard was started with --read-only: nothing is computed for a detection.",
                icon=":material/lock:",
            )
        return
    if stored is None and total <= _QUICK:
        _compute(choice, key)
        return
    says = (
        f"All scores on all sets: {total:,} images go through the model once."
        if stored is None
        else "From stored answers, without running the model. All scores on all sets: "
        f"{total:,} images go through the model once."
    )
    with st.container(border=True, key=f"{KEY}_offer", horizontal=True, vertical_alignment="center"):
        st.markdown(says, width="stretch")
        st.button(
            "Score all",
            type="primary",
            icon=":material/play_arrow:",
            key=f"{KEY}_start",
            on_click=st.session_state.__setitem__,
            args=(_RUNNING, key),
        )


def _parts(choice: Choice) -> Iterator[tuple[str, Callable[..., int], tuple[Any, ...], int]]:
    """(title, what keeps the outputs, its arguments, number of images) for each set of images."""
    limit = choice.case.limit
    yield "known images", detections.keep_known, (), min(limit, len(choice.dataset))
    if choice.case.validation is not None:
        yield "validation images", detections.keep_validation, (), limit
    for each, key in zip(choice.unknown, choice.sets, strict=True):
        yield each.title, detections.keep_unknown, (key,), min(limit, len(each.images))


def _compute(choice: Choice, key: str) -> None:
    """Compute with a progress bar and a button that stops; then the page is drawn again."""
    parts = list(_parts(choice))
    total = sum(size for *_, size in parts)
    with st.container(border=True, key=f"{KEY}_progress", horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"0 of {total:,} images")
        st.button(
            "Stop", icon=":material/stop:", key=f"{KEY}_stop", on_click=st.session_state.pop, args=(_RUNNING, None)
        )
    step = _AT_ONCE if choice.dataset.side <= _SMALL_SIDE else _AT_ONCE_LARGE
    done = 0
    try:
        for title, keep, arguments, size in parts:
            for stop in [*range(step, size, step), size]:
                bar.progress(_SHARE * done / total, f"{done:,} of {total:,} images; now: {states.plain(title)}")
                part = derived.digest(key, title, stop)
                offload(f"{_KIND}-outputs", part, keep, choice.case, *arguments, stop)
                done += stop - (stop - 1) // step * step
        bar.progress(_SHARE, f"{total:,} images; now: fitting scores, and drawing images for the intervals")
        offload(_KIND, key, detections.detected, choice.case, choice.sets)
    finally:
        if not runs.overtaken()():
            st.session_state.pop(_RUNNING, None)
    selection.rerun()
