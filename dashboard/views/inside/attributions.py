"""Grad-CAM and input gradient of each model, clean and corrupted, and how far they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, data_urls
from dashboard.session import selection
from dashboard.views.inside.case import KEY, STORAGE, Case
from dashboard.widgets import labels, markup, states
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.images import to_array, to_tensor
from robustcore.inside import pictures
from robustcore.reports.inside import movement_notes

if TYPE_CHECKING:
    from robustcore.inside.attribution import Attribution

_CLASSES = {"clean": "The answer to the clean image", "own": "Each image's own answer"}
FOUND = ""


def view(case: Case) -> None:
    """A block for each model; the images come at once, the maps as they are computed."""
    own = (
        selection.segmented(
            "Explain",
            list(_CLASSES),
            key=f"{KEY}_explained",
            kind="class",
            text=_CLASSES.__getitem__,
            help="Both maps are of one class's logit.",
        )
        == "own"
    )
    columns = st.columns(len(case.models), gap="large")
    places = []
    for column, model in zip(columns, case.models, strict=True):
        with column:
            st.subheader(states.plain(model), anchor=False)
            places.append((st.empty(), st.container()))
    for figure, _ in places:  # first the images alone
        with figure.container():
            markup.html(_first(case))
    for place, (model, (figure, below)) in enumerate(zip(case.models, places, strict=True)):
        if not case.answers_mean_something(model):
            with below:
                states.notice(
                    f"{model} knows only the twelve shapes of the test images; its answer to {case.choice.title} means nothing."
                )
            continue
        _block(case, model, place, own, figure, below)
    st.caption(
        "Grad-CAM: bright where the layer's maps speak for the class. Input gradient: red where brighter pixels would raise the "
        "class's logit, blue where they would lower it; drawn by the square root of its magnitude."
    )
    st.caption(states.plain(case.footer))


def _block(
    case: Case,
    model: str,
    place: int,
    own: bool,
    figure: st.delta_generator.DeltaGenerator,
    below: st.delta_generator.DeltaGenerator,
) -> None:
    done, moved = cache.inside.maps.attributed(model, case.choice.item, case.cell, STORAGE, FOUND, own)
    with below:
        layer = _pick_layer(done, place)
    if layer != FOUND:
        done, moved = cache.inside.maps.attributed(model, case.choice.item, case.cell, STORAGE, layer, own)
    with figure.container():
        markup.html(_maps(case, model, done))
    with below:
        if sentences := [f"- {states.plain(note.text)}" for note in movement_notes(moved)]:
            st.markdown("\n".join(sentences))
        for note in done.notes:
            states.notice(note.text)


def _pick_layer(done: Attribution, place: int) -> str:
    """The layer whose map is drawn; the found one by default."""
    if not done.choices:
        return FOUND
    found = f"{done.layer.name} (chosen automatically)" if done.layer is not None else "none found: choose one"
    return selection.selectbox(
        "Layer of Grad-CAM",
        [FOUND, *(name for name in done.choices if done.layer is None or name != done.layer.name)],
        key=f"{KEY}_layer_{place}",
        kind="layer",
        text=lambda name: name or found,
        width=420,
    )


def _first(case: Case) -> Markup:
    """The two images before anything is computed."""
    clean, corrupted = case.images
    wait = Markup('<figure><div class="rc-blank"></div><figcaption>{}</figcaption></figure>')
    row = [wait.format("Grad-CAM …"), wait.format("Input gradient …")]
    return _grid([_figure(case, clean, "Clean"), *row, _figure(case, corrupted, case.corruption), *row])


def _maps(case: Case, model: str, done: Attribution) -> Markup:
    classes = cache.models.card(model).classes
    parts = []
    for place, (image, title) in enumerate(zip(case.images, ("Clean", case.corruption), strict=True)):
        pixels = to_array(image)
        answer = f"{display_name(classes[int(done.answers[place, 0])])} {labels.percent(float(done.probabilities[place, 0]))}"
        target = display_name(classes[int(done.target[place])])
        parts.append(_figure(case, image, f"{title}: {answer}"))
        if done.cam is not None:
            drawn = to_tensor(pictures.cam_overlay(pixels, done.cam[place]))
            parts.append(_figure(case, drawn, f"Grad-CAM of {target}"))
        if done.gradient is not None:
            drawn = to_tensor(pictures.gradient_overlay(pixels, done.gradient[place]))
            parts.append(_figure(case, drawn, f"Input gradient of {target}"))
    return _grid(parts, columns=len(parts) // 2)


def _grid(parts: list[Markup], columns: int = 3) -> Markup:
    return Markup('<div class="rc-maps" style="--rc-columns:{}">{}</div>').format(columns, Markup().join(parts))


def _figure(case: Case, image: object, caption: str) -> Markup:
    return Markup('<figure><img src="{}" alt="{}"{}><figcaption>{}</figcaption></figure>').format(
        data_urls.exact(image),  # type: ignore[arg-type]
        caption,
        " class=crisp" if case.crisp else "",
        caption,
    )
