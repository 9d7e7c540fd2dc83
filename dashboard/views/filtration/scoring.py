"""The models' answers, computed by a worker part by part: each part is kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.session import permissions, selection
from dashboard.views.filtration.controls import KEY, Choice
from dashboard.workers import tasks
from robustcore.evaluation import filtration
from robustcore.evaluation.filtration import Scores, scores, shipped

_RUNNING, _SCORES = f"{KEY}_running", f"{KEY}_scores"


def answers(choice: Choice, key: str) -> Scores | None:
    """All answers where they are there; else what can be done about it is drawn, and they are None."""
    wanted = (key, choice.images)
    known: tuple[tuple[str, int], Scores] | None = st.session_state.get(_SCORES)
    if known is not None and known[0] == wanted:
        return known[1]
    whole = shipped.of_key(key)
    parts = list(filtration.parts(choice.images))
    kept = [] if whole is not None else [scores.kept_part(key, *part) for part in parts]
    missing = [part for part, each in zip(parts, kept, strict=False) if each is None]
    if missing:
        _compute(choice, wanted, missing, choice.images - sum(stop - start for start, stop in missing))
        return None
    answered = (
        whole.first(choice.images) if whole is not None else Scores.joined([each for each in kept if each is not None])
    )
    st.session_state[_SCORES] = (wanted, answered)
    return answered


def _compute(choice: Choice, wanted: tuple[str, int], missing: list[tuple[int, int]], done: int) -> None:
    """The button, or the progress of what it started."""
    total = choice.images
    if st.session_state.get(_RUNNING) != wanted:
        begun = f"{done:,} of {total:,} images are scored. " if done else ""
        st.markdown(
            f"{begun}Both models look at {choice.crops} crops of each image; a model that is right on one of them settles the image."
        )
        if permissions.read_only():
            st.info(
                "This dashboard was started with --read-only: nothing is computed for a filtration.",
                icon=":material/lock:",
            )
            return
        label = "Continue" if done else f"Filter {total:,} images"
        st.button(
            label,
            type="primary",
            icon=":material/filter_alt:",
            key=f"{KEY}_start",
            on_click=st.session_state.__setitem__,
            args=(_RUNNING, wanted),
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(done / total, f"{done:,} of {total:,} images")
        st.button(
            "Stop", icon=":material/stop:", key=f"{KEY}_stop", on_click=st.session_state.pop, args=(_RUNNING, None)
        )
    st.caption("Finished images are kept. Leaving the page stops it; so does Stop.")
    models = tuple((name, cache.models.fingerprint(name)) for name in choice.names)
    images = tasks.ImagesKey.of(choice.dataset)
    for start, stop in missing:
        cache.offload.offload(
            scores.KIND,
            scores.part_of(wanted[0], start, stop),
            tasks.filtration_scores,
            images,
            models,
            choice.answers,
            start,
            stop,
            choice.crops,
        )
        done += stop - start
        bar.progress(done / total, f"{done:,} of {total:,} images")
    st.session_state.pop(_RUNNING, None)
    selection.rerun()
