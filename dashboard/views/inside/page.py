"""Inside: where a network looks, its channels, its weights, and how alike two networks are."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.inside import attributions, channels, combining, networks, similarity
from dashboard.views.inside.case import KEY, NONE, Case
from dashboard.widgets import image_picker, model_picker, states
from robustcore import corruptions
from robustcore.display import display_name
from robustcore.inside import attacked
from robustcore.reports.preview import gallery
from robustcore.reports.preview.gallery import GalleryImage

PAGE = Page(
    title="Inside",
    icon=":material/frame_inspect:",
    order=23,
    group="Explore",
    question="Where does the model look?",
    purpose="The evidence for an answer, the channels and the weights of one or two models, clean, corrupted and attacked side by side.",
    help="Choose a model, an image and a corruption. Maps shows where the answer comes from and how far that moves; the other "
    "views compare channels, weights and layers of two models.",
    terms=("Grad-CAM", "Input gradient", "CKA"),
)
VIEWS = {
    "maps": "Where it looks",
    "channels": "Feature maps",
    "weights": "Weights",
    "similarity": "Layer similarity",
    "combining": "Combined trainings",
}


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls", gap="small"):
        left, right = st.columns([1, 2.6], gap="medium")
        with left:
            first = image_picker.choose_model(KEY)
            second = model_picker.pick(
                "Second model",
                [NONE, *(name for name in cache.models.model_names() if name != first)],
                key=f"{KEY}_beside",
                default=NONE,
            )
        with right:
            choice = image_picker.pick(KEY, first)
        cell = _pick_corruption()
    view = selection.segmented(
        "View", list(VIEWS), key=f"{KEY}_view", kind="view", text=VIEWS.__getitem__, label_visibility="collapsed"
    )
    models = (first,) if second in (NONE, first) else (first, second)
    if view == "weights":
        networks.view(models)
    elif view == "similarity":
        similarity.view(models)
    elif view == "combining":
        combining.view()
    elif choice is None:
        states.empty("Choose an image", "Upload one above, or take a photograph or a scene.", icon=":material/image:")
    elif view == "maps":
        attributions.view(Case(models, choice, cell, _pick_radius()))
    else:
        channels.view(Case(models, choice, cell))


def _pick_radius() -> int:
    """The attack whose maps are shown too."""
    return selection.segmented(
        "Attacked image",
        [0, *attacked.RADII],
        key=f"{KEY}_eps",
        kind="radius of the attack",
        text=lambda radius: f"ε {radius}/255" if radius else "None",
        help=f"PGD of {attacked.STEPS} steps, L-inf, on each model, away from its answer to the clean image.",
    )


def _pick_corruption() -> GalleryImage:
    """The corruption, and its severity by slider."""
    names = sorted(corruptions.names(), key=lambda n: (corruptions.families.place(corruptions.get(n).family), n))
    left, right = st.columns([1, 2.6], gap="medium", vertical_alignment="bottom")
    with left:
        name = selection.selectbox(
            "Corruption",
            names,
            key=f"{KEY}_corruption",
            kind="corruption",
            default="gaussian_noise",
            text=lambda n: display_name(n, "corruption", suite=True),
        )
    cells = gallery.cells(name)
    if len(cells) == 1:
        return cells[0]
    word = "Severity" if corruptions.get(name).severities else "Draw"
    with right:
        level = selection.slider(
            word, 1, len(cells), key=f"{KEY}_{word.lower()}", default=min(3, len(cells)), kind=word.lower()
        )
    return cells[level - 1]
