"""The scores, computed by workers part by part: finished parts are kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.session import permissions, runs, selection
from dashboard.views.detection.controls import KEY, Choice
from dashboard.widgets.kept import outputs as kept_outputs
from dashboard.widgets.kept.outputs import Part
from dashboard.workers import detections
from robustcore import derived
from robustcore.evaluation import Store
from robustcore.evaluation.plan import Subject
from robustcore.reports import detection
from robustcore.reports.detection import Course, DetectionReport

_RUNNING = f"{KEY}_running"  # in the session: the key of what is computed
_KEPT = f"{KEY}_report"  # in the session: (key, report)
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
    subject = Subject(model, fingerprint, tuple(choice.card.classes), choice.card.own_preparation)
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
    total = sum(part.size for part in _parts(choice))
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


def _parts(choice: Choice) -> list[Part]:
    """The sets of images that the model has to see."""
    case = choice.case
    parts = [Part("known images", detections.keep_known, (case,), min(case.limit, len(choice.dataset)))]
    if case.validation is not None:
        parts.append(Part("validation images", detections.keep_validation, (case,), case.limit))
    for each, key in zip(choice.unknown, choice.sets, strict=True):
        parts.append(Part(each.title, detections.keep_unknown, (case, key), min(case.limit, len(each.images))))
    return parts


def _compute(choice: Choice, key: str) -> None:
    """Compute with a progress bar and a button that stops; then the page is drawn again."""
    try:
        kept_outputs.compute(
            _parts(choice),
            key=KEY,
            identity=key,
            side=choice.dataset.side,
            stop=lambda: st.session_state.pop(_RUNNING, None),
            last="fitting scores, and drawing images for the intervals",
        )
        offload(_KIND, key, detections.detected, choice.case, choice.sets)
    finally:
        if not runs.overtaken()():
            st.session_state.pop(_RUNNING, None)
    selection.rerun()
