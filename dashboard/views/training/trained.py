"""How the newest training goes, or went, and what can be done with its model."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.widgets import links, states
from dashboard.widgets.jobs import history, panel
from robustcore import models
from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs.jobs import JobStatus
from robustcore.evaluation.jobs.training_request import TrainingRequest

_SECONDS = 4.0  # between two looks at a running training's epochs


def show() -> None:
    """The epochs of the newest training, drawn again while it runs."""
    listed = panel.listed_jobs("training")
    if not listed:
        return
    st.fragment(_newest, run_every=_SECONDS if listed[0].active else None)(listed[0])


def _newest(job: JobStatus) -> None:
    from robustcore.training import runs, state

    assert isinstance(job.request, TrainingRequest)
    recipe = job.request.recipe
    name = recipe.name()
    try:
        standing = state.peek(state.path_of(recipe))
        if standing is not None:
            done = f"{standing.epochs} of {recipe.epochs} epochs"
            history.show(name, standing.history, key=f"{job.id}_history", source=f"Training of {name}, {done}.")
            return
        output = runs.default_output(recipe)
        if not output.is_file():
            return
        own = models.name_of(output)
        card = cache.models.card(own)
        if not runs.has_recipe(card, recipe):  # the training did not end, and the model of its name is another one's
            return
    except RobustcoreError as error:
        states.notice(str(error))
        return
    history.show(own, card.recipe.get("history"), key=f"{job.id}_history", source=f"Card of {own}.")
    with st.container(horizontal=True):
        links.to("model", "About this model", {"name": own})
        links.to("evaluate", "Evaluate it", {"evaluate_model": own})
