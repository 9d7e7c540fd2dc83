"""Grad-CAM and input gradient of each model, clean, corrupted and attacked, and how far they move."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, data_urls
from dashboard.session import selection
from dashboard.views.inside.case import KEY, STORAGE, Case
from dashboard.widgets import labels, markup, states
from dashboard.widgets.markup import Markup
from robustcore import corruptions
from robustcore.display import display_name
from robustcore.images import to_array, to_tensor
from robustcore.inside import attribution, pictures
from robustcore.inside.attacked import attack_title
from robustcore.reports.inside import movement_notes

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.inside.attribution import Attribution

_CLASSES = {"clean": "The answer to the clean image", "own": "Each image's own answer"}
FOUND = ""
_OWN = -1


@dataclasses.dataclass(frozen=True)
class Form:
    """One form of the image.

    Attributes:
        title: for people.
        image: uint8 (3, H, W); None until the attack is done.
        maps: of this form; None until they are computed.
    """

    title: str
    image: Tensor | None
    maps: Attribution | None = None


def view(case: Case) -> None:
    """A block for each model; the images come at once, the maps as they are computed, those of the clean image first."""
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
    for model, (figure, _) in zip(case.models, places, strict=True):  # first the images alone
        _draw(case, model, figure, _forms(case))
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


def _forms(case: Case) -> list[Form]:
    """The forms of the image before anything is computed."""
    clean, corrupted = case.images
    attacked = [Form(attack_title(case.radius), None)] if case.radius else []
    return [Form("Clean", clean), Form(case.corruption, corrupted), *attacked]


def _block(
    case: Case,
    model: str,
    place: int,
    own: bool,
    figure: st.delta_generator.DeltaGenerator,
    below: st.delta_generator.DeltaGenerator,
) -> None:
    item = case.choice.item
    forms = _forms(case)
    found = cache.inside.maps.explained(model, item, None, STORAGE).maps
    with below:
        layer = _pick_layer(found, place)
    clean = found if layer == FOUND else cache.inside.maps.explained(model, item, None, STORAGE, layer=layer).maps
    forms[0] = dataclasses.replace(forms[0], maps=clean)
    _draw(case, model, figure, forms)
    layer = layer or ("" if found.layer is None else found.layer.name)  # it is not sought again
    target = _OWN if own else int(clean.target[0])
    missing = []
    for index, (cell, radius) in enumerate([(case.cell, 0), (None, case.radius)][: len(forms) - 1], start=1):
        try:
            done = cache.inside.maps.explained(model, item, cell, STORAGE, radius=radius, layer=layer, target=target)
        except attribution.NO_GRADIENT as error:  # no gradient for an attack to follow
            missing.append(str(error))
            continue
        forms[index] = dataclasses.replace(forms[index], image=done.image, maps=done.maps)
        _draw(case, model, figure, forms)
    known = [form for form in forms if form.maps is not None]
    _draw(case, model, figure, known)
    with below:
        _movements(case, known)
        for sentence in missing:
            states.notice(sentence)


def _movements(case: Case, forms: list[Form]) -> None:
    """How far the maps of each further form move."""
    done = attribution.joined([form.maps for form in forms if form.maps is not None])
    mask = cache.inside.maps.object_mask(case.choice.item.fingerprint, _item=case.choice.item)
    moves = corruptions.get(case.cell.name).family == "geometry"
    for index, form in enumerate(forms[1:], start=1):
        moved = attribution.movement(done, mask, form=index, moves_pixels=moves and form.title == case.corruption)
        if sentences := [f"- {states.plain(note.text)}" for note in movement_notes(moved, form.title)]:
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


def _draw(case: Case, model: str, place: st.delta_generator.DeltaGenerator, forms: list[Form]) -> None:
    """A row for each form: the image, Grad-CAM, input gradient; what is not there yet is a grey square."""
    known = [form.maps for form in forms if form.maps is not None]
    cam, gradient = (all(getattr(maps, name) is not None for maps in known) for name in ("cam", "gradient"))
    parts = [part for form in forms for part in _row(case, model, form, cam, gradient)]
    with place.container():
        markup.html(
            Markup('<div class="rc-maps" style="--rc-columns:{}">{}</div>').format(
                1 + cam + gradient, Markup().join(parts)
            )
        )


def _row(case: Case, model: str, form: Form, cam: bool, gradient: bool) -> list[Markup]:
    maps = form.maps
    if maps is None or form.image is None:
        image = _waiting(form.title) if form.image is None else _figure(case, form.image, form.title)
        return [
            image,
            *([_waiting("Grad-CAM …")] if cam else []),
            *([_waiting("Input gradient …")] if gradient else []),
        ]
    classes = cache.models.card(model).classes
    pixels = to_array(form.image)
    answer = f"{display_name(classes[int(maps.answers[0, 0])])} {labels.confidence(float(maps.probabilities[0, 0]))}"
    target = display_name(classes[int(maps.target[0])])
    parts = [_figure(case, form.image, f"{form.title}: {answer}")]
    if cam and maps.cam is not None:
        parts.append(_figure(case, to_tensor(pictures.cam_overlay(pixels, maps.cam[0])), f"Grad-CAM of {target}"))
    if gradient and maps.gradient is not None:
        drawn = to_tensor(pictures.gradient_overlay(pixels, maps.gradient[0]))
        parts.append(_figure(case, drawn, f"Input gradient of {target}"))
    return parts


def _waiting(caption: str) -> Markup:
    return Markup('<figure><div class="rc-blank"></div><figcaption>{}</figcaption></figure>').format(caption)


def _figure(case: Case, image: Tensor, caption: str) -> Markup:
    return Markup('<figure><img src="{}" alt="{}"{}><figcaption>{}</figcaption></figure>').format(
        data_urls.exact(image),
        caption,
        Markup(" class=crisp") if case.crisp else "",
        caption,
    )
