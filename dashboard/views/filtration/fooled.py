"""Whether the kept images fool models that did not choose them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import streamlit as st

from dashboard import cache
from dashboard.session import selection
from dashboard.views.filtration import controls
from dashboard.views.filtration.controls import KEY, Choice
from dashboard.widgets import figure, states
from dashboard.workers import tasks
from robustcore import derived
from robustcore.evaluation.filtration import Selection
from robustcore.evaluation.filtration.scores import Bools
from robustcore.figures import filtration as figures
from robustcore.notes import Note
from robustcore.reports.filtration import footers, transfer

_SEED = 0


def others(choice: Choice, chosen: Selection) -> None:
    """The choice of further models, and the figure."""
    names = controls.judges(choice)
    with st.container(key=f"{KEY}_others"):
        judges = selection.multiselect(
            "Models that did not choose",
            names,
            key=controls.key("judge", choice.data),
            kind="model",
            default=names[:3],
            max_selections=8,
            placeholder="Choose one or more",
        )
    kept = tuple(int(place) for place in chosen.kept["place"])
    at_random = tuple(transfer.random_places(choice.dataset, chosen, images=choice.images, seed=_SEED).tolist())
    report = transfer.transfer(
        [
            (name, name in choice.names, _right(choice, name, kept), _right(choice, name, at_random))
            for name in (*choice.names, *judges)
        ]
    )
    footer = footers.of_transfer(choice.dataset.name, choice.dataset.split, len(kept), choice.images, _SEED)
    figure.card(
        figures.transfer(
            report.table,
            footer=footer.text,
            alt="Accuracy of each model on the kept images and on random images of the same classes",
        ),
        key=f"{KEY}-transfer",
        title="Do they fool models that did not choose them?",
        says="Images that are hard in themselves fool every model: the red diamonds are then left of the grey circles for models "
        "that did not choose, too.",
        table=report.table,
        footer=footer,
        below=functools.partial(_say, report.notes),
    )


def _say(notes: Sequence[Note]) -> None:
    st.markdown("\n".join(f"- {states.plain(note.text)}" for note in notes))


def _right(choice: Choice, name: str, places: tuple[int, ...]) -> Bools:
    images = tasks.ImagesKey.of(choice.dataset)
    model = name, cache.models.fingerprint(name)
    key = derived.digest(images, model[1], choice.answers, list(places))
    right: Bools = cache.offload.offload(
        "filtration-judges", key, tasks.right_answers, images, model, choice.answers, places
    )
    return right
