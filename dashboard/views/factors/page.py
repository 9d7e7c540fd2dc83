"""Factors: one factor of a scene is changed, all else stays as it is."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.factors import further, gaps, one_scene, two_factors
from dashboard.views.factors.controls import KEY, Choice
from dashboard.widgets import states
from robustcore.datasets.scenes import FACTORS
from robustcore.display import display_name
from robustcore.errors import RobustcoreError

PAGE = Page(
    title="Factors",
    icon=":material/tune:",
    order=25,
    group="Explore",
    question="Which property of a scene changes the prediction?",
    purpose="Size, viewpoint, country, occlusion, year, camera or zoom of a scene is changed; everything else stays as it is.",
    help="Move the slider and watch the answers; the curve shows the accuracy of the models along the same factor. Below: two factors "
    "at once, and the gap between test images and changed ones for each factor, as the literature tables it.",
    terms=("Factor",),
)
_MODELS = ("scenes/resnet-standard", "scenes/vgg-standard", "scenes/resnet-random_erasing")


def render() -> None:
    """The page below its heading."""
    choice = _pick()
    if choice is None:
        return
    stored = cache.scenes.factors.comparison(choice.models)
    measured = None
    try:
        measured = cache.scenes.factors.gaps(stored)
    except RobustcoreError as error:
        states.notice(str(error))
    one_scene.show(choice, measured, stored.value.provenance)
    two_factors.show(choice)
    gaps.show()
    further.show()


def _pick() -> Choice | None:
    names = [name for name in cache.models.model_names() if cache.models.card(name).dataset == "scenes"]
    with st.container(border=True, key=f"{KEY}_controls", gap="small"):
        models = selection.multiselect(
            "Models",
            names,
            key=f"{KEY}_models",
            kind="model",
            default=_MODELS,
            max_selections=6,
            placeholder="Choose one or more",
            help="Up to six. The first one's answers are watched, and it is the one of the map of two factors.",
        )
        factor = selection.segmented(
            "Factor", list(FACTORS), key=f"{KEY}_factor", kind="factor", text=lambda name: FACTORS[name].title
        )
        st.caption(
            f"{FACTORS[factor].summary[:1].upper()}{FACTORS[factor].summary[1:]}. Stands for: {FACTORS[factor].set}."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            classes = list(cache.images.test_images().classes)
            name = selection.selectbox("Class", classes, key=f"{KEY}_class", kind="class", text=display_name, width=160)
            places = cache.images.indices_of_class(classes.index(name))
            key = f"{KEY}_number"
            number = selection.number(
                f"Number (of {len(places)})", 1, len(places), key=key, default=1, kind="number of the scene", width=160
            )
            st.button(
                "Next",
                icon=":material/skip_next:",
                key=f"{KEY}_next",
                help="Another scene of this class.",
                on_click=lambda: st.session_state.update({key: number % len(places) + 1}),
            )
    if not models:
        states.empty("No model yet", "Choose at least one model that was trained on scenes.", icon=PAGE.icon)
        return None
    return Choice(tuple(models), factor, places[number - 1], name)
