"""Overview: a classifier that fails, what is known of all evaluated models, and which training helps."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.pages import Page
from dashboard.views.overview import cards, example, steps, table
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.rows import Kind
from dashboard.widgets import data_picker, links, states
from robustcore.errors import RobustcoreError
from robustcore.reports.overview import findings, headlines
from robustcore.reports.overview.overview import Overview
from robustcore.training import families

PAGE = Page(
    title="Overview",
    icon=":material/home:",
    order=10,
    question="What breaks an image classifier?",
    purpose="See one fail, find the training that fixes it, then test your own.",
    help="All models evaluated here or shipped with the package: accuracy on clean images, under corruption, under attack and "
    "under natural shifts, and what breaks each first. Click any number to see the evidence.",
    terms=("Natural shift", "Intervention", "Budget", "Severity", "Demo zoo"),
)


def render() -> None:
    """The page below its heading."""
    steps.show()
    example.show()
    data = _pick_dataset()
    models = cache.results.evaluated(data)
    if not models:
        place = states.empty(
            "No model has been evaluated yet",
            "An evaluation measures models on clean and corrupted images. Its results appear here as they arrive.",
            icon=":material/query_stats:",
        )
        with place:
            links.to("evaluate", "Evaluate a model")
        return
    overview = cache.results.overview(tuple(models), data)
    kinds = {name: _kind(name) for name in overview.table["model"]}
    standard = headlines.standard_model(overview, {model: kind.training for model, kind in kinds.items()})
    _summary(overview, kinds)
    cards.show_headlines(overview, kinds, data, standard)
    cards.show_advice(overview, kinds, data, standard)
    table.show(overview, kinds, data, standard)


def _pick_dataset() -> Data:
    """Those with results, and scenes; the split is asked for only where several have results."""
    names = [entry.name for entry in cache.datasets.entries() if entry.stored or entry.name == "scenes"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return data_picker.data("Dataset", names, key=KEY)


def _kind(model: str) -> Kind:
    """What a model is, by its card; "unknown" without a card."""
    training, family = cache.models.training(model)
    try:
        card = cache.models.card(model)
        architecture = card.architecture.rpartition("/")[2] or families.UNKNOWN
        return Kind(architecture, training, family, families.training_title(card), families.model_title(card) or model)
    except RobustcoreError:
        return Kind(families.UNKNOWN, training, family, families.UNKNOWN, model)


def _summary(overview: Overview, kinds: Mapping[str, Kind]) -> None:
    summary = findings.summary(overview, {model: kind.training for model, kind in kinds.items()})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(states.plain(summary.text))
        states.origin_badge(overview.provenance.shipped)
