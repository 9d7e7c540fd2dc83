"""Choosing one image and the model that answers: a photograph, a test image of scenes by class, or an upload."""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.session import permissions, selection
from dashboard.widgets import markup, model_picker, states, uploads
from dashboard.widgets.choice import Choice, preparation_code
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.images.preparation import Preparation

STRIP = 12  # small previews in a row
ORIGINS = {"photograph": "Photographs", "scenes": "Scenes", "upload": "Upload"}


def choose_model(prefix: str, none: str | None = None) -> str:
    """Draw the picker of the model that answers; its default is one that knows the chosen kind of image.

    Args:
        prefix: of the page's keys.
        none: what "no model" is called, on pages that can do without one.
    """
    names = [*cache.models.model_names(), *([] if none is None else [none])]
    key = f"{prefix}_default_model"
    if f"{prefix}_model" not in st.session_state or key not in st.session_state:
        st.session_state[key] = _model_for(_origin(prefix))
    default = str(st.session_state[key])
    return model_picker.pick("Model", names, key=f"{prefix}_model", default=default)


def _origin(prefix: str) -> str:
    """The kind of image that is chosen, or the one that the page begins with."""
    origins = {**{text: origin for origin, text in ORIGINS.items()}, **{origin: origin for origin in ORIGINS}}
    chosen = st.session_state.get(f"{prefix}_from") or st.query_params.get(f"{prefix}_from")
    if chosen in origins:
        return origins[chosen]
    model = st.session_state.get(f"{prefix}_model") or st.query_params.get(f"{prefix}_model")
    if model is not None:
        return "scenes" if _knows_scenes(model) else "photograph"
    return "photograph" if cache.models.PHOTOGRAPHS_MODEL in cache.models.model_names() else "scenes"


def _model_for(origin: str) -> str:
    return cache.models.DEFAULT_MODEL if origin == "scenes" else cache.models.PHOTOGRAPHS_MODEL


def _knows_scenes(model: str) -> bool:
    try:
        return cache.models.card(model).dataset == "scenes"
    except RobustcoreError:
        return False


def _follow(prefix: str) -> None:
    """Another kind of image was chosen: a model that does not know it gives way to one that does."""
    origin, key = st.session_state[f"{prefix}_from"], f"{prefix}_model"
    wanted = _model_for(origin)
    if wanted in cache.models.model_names() and _knows_scenes(st.session_state.get(key, wanted)) != (
        origin == "scenes"
    ):
        st.session_state[key] = wanted


def pick(prefix: str, model: str) -> Choice | None:
    """Draw the controls; None while there is nothing to show yet (its reason is on the page).

    Args:
        prefix: of the page's keys.
        model: the one that answers: photographs and uploads are prepared as it wants them.
    """
    origins = [o for o in ORIGINS if not (o == "upload" and permissions.read_only())]
    preparation = cache.models.preparation(model)
    key = f"{prefix}_default_from"
    if f"{prefix}_from" not in st.session_state or key not in st.session_state:
        st.session_state[key] = _origin(prefix)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        origin = selection.segmented(
            "Image",
            origins,
            key=f"{prefix}_from",
            kind="kind of image",
            text=ORIGINS.__getitem__,
            default=st.session_state[key],
            on_change=_follow,
            args=(prefix,),
        )
        place = _choose_test_image(prefix) if origin == "scenes" else None
    if cache.models.PHOTOGRAPHS_MODEL not in cache.models.model_names():
        st.caption(
            f"{cache.models.PHOTOGRAPHS_MODEL}, which answers to photographs, is not installed: pip install 'robustcore[imagenet]'."
        )
    if origin == "photograph":
        return _photograph(prefix, preparation)
    return uploads.pick(prefix, model, preparation) if place is None else _test_image(prefix, *place)


def _choose_test_image(prefix: str) -> tuple[str, int]:
    """Class and number, 1 .. n, among the test images."""
    classes = list(cache.images.test_images().classes)
    key = f"{prefix}_number"
    name = selection.selectbox("Class", classes, key=f"{prefix}_class", kind="class", text=display_name, width=150)
    count = len(cache.images.indices_of_class(classes.index(name)))
    number = selection.number(
        f"Number (of {count})", 1, count, key=key, default=1, kind="number of the image", width=150
    )
    st.button(
        "Next",
        icon=":material/skip_next:",
        key=f"{prefix}_another",
        help="Another image of this class.",
        on_click=lambda: st.session_state.update({key: number % count + 1}),
    )
    return name, number


def _test_image(prefix: str, name: str, number: int) -> Choice:
    """The chosen test image, below it its neighbours to choose from."""
    classes = cache.images.test_images().classes
    places = cache.images.indices_of_class(classes.index(name))
    first = (number - 1) // STRIP * STRIP
    parts = []
    for i in range(first, min(first + STRIP, len(places))):
        pressed = "true" if i == number - 1 else "false"
        source = cache.images.test_thumbnail(places[i])
        label = f"{name} {i + 1}"
        parts.append(
            Markup('<button data-pick="{}" aria-pressed="{}" aria-label="{}"><img src="{}" alt=""></button>').format(
                i + 1, pressed, label, source
            )
        )
    markup.show(
        Markup('<div class="rc-strip" role="group" aria-label="Images of this class">{}</div>').format(
            Markup().join(parts)
        ),
        key=f"{prefix}_strip",
        on_pick=lambda value: st.session_state.update({f"{prefix}_number": int(value)}),
    )
    index = places[number - 1]
    code = (
        'dataset = rc.load_dataset("scenes", split="test")\n'
        f"image, label = dataset[{index}]\n"
        f"image_id = int(dataset.ids[{index}])"
    )
    return Choice(cache.images.test_image(index), "scenes", classes, code, f"{name}, number {number}")


def _photograph(prefix: str, preparation: Preparation | None) -> Choice:
    from robustcore.datasets import photographs

    key = f"{prefix}_photograph"
    name = selection.selectbox(
        "Photograph", photographs.names(), key=key, kind="photograph", text=display_name, width=220
    )
    parts = [
        Markup('<button data-pick="{}" aria-pressed="{}" aria-label="{}"><img src="{}" alt=""></button>').format(
            each, "true" if each == name else "false", display_name(each), cache.images.photograph_thumbnail(each)
        )
        for each in photographs.names()
    ]
    markup.show(
        Markup('<div class="rc-strip" role="group" aria-label="Photographs">{}</div>').format(Markup().join(parts)),
        key=f"{prefix}_photographs",
        on_pick=lambda value: st.session_state.update({key: value}),
    )
    photo = photographs.PHOTOGRAPHS[name]
    right = f"Right: {' or '.join(photo.right)}." if photo.right else "No class of ImageNet is right for it."
    st.caption(states.plain(f"{photo.source}, {photo.licence}. {right}"))
    code = preparation_code(preparation) + (
        "from robustcore.datasets.photographs import photograph\n\n"
        f'item = photograph("{name}"{", preparation=preparation" if preparation else ""})\n'
        "image, image_id = item.image, item.id"
    )
    return Choice(cache.images.photograph(name, preparation), "photograph", (), code, f"the photograph “{name}”")
