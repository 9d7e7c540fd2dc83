"""One model: its card, its numbers, what breaks it first, the images that it loses, and the pages that show more."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import SCENES
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.model import lost_images, numbers, onward, training
from dashboard.widgets import links, states
from dashboard.widgets.jobs import history
from robustcore.errors import RobustcoreError
from robustcore.models import Card
from robustcore.reports.overview import headlines
from robustcore.training import families

PAGE = Page(
    title="Model",
    icon=":material/deployed_code:",
    order=11,
    question="What is known of this model?",
    purpose="What it is, how it was trained, what it withstands and what breaks it.",
    help="The card of a model, its accuracy by family of corruptions next to standard training for as long, its training, what breaks it "
    "first and the images that it loses. Every other page can be opened with the model chosen.",
    listed=False,
    terms=("Card", "Intervention", "Family", "Budget", "Natural shift"),
)
KEY = "name"  # short, since addresses with it are written by hand


def render() -> None:
    """The page below its heading."""
    evaluated = cache.results.evaluated(SCENES)
    names = list(dict.fromkeys([*cache.models.model_names(), *evaluated]))
    name = selection.selectbox("Model", names, key=KEY, kind="model", width=420)
    card = _card(name)
    st.subheader(families.model_title(card) if card else name, anchor=False)
    st.caption(states.plain(name))
    if card is not None:
        training.facts(name, card)
    onward.show(name)
    if name not in evaluated:
        place = states.empty(
            "No results yet", "An evaluation on scenes fills this page.", icon=":material/query_stats:"
        )
        with place:
            links.to("evaluate", "Evaluate it", {"evaluate_model": name})
    else:
        overview = cache.results.overview(tuple(evaluated), SCENES)
        trainings = {each: cache.models.training(each)[0] for each in overview.table["model"]}
        control = cache.models.controls(overview.table["model"]).get(name, "")
        numbers.show(overview, name, control or headlines.standard_model(overview, trainings), as_long=bool(control))
        lost_images.show(name)
    if card is not None:
        history.show(name, card.recipe.get("history"), key="model_history", source=f"Card of {name}.")


def _card(name: str) -> Card | None:
    """None where the model's weights are not here."""
    try:
        return cache.models.card(name)
    except RobustcoreError as error:
        states.notice(str(error))
        return None
