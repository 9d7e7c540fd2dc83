"""Models and data: a model and images, how both are read, and the checks in which most complaints end."""

from __future__ import annotations

import time

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.pages import Page
from dashboard.session import permissions, roots, selection
from dashboard.views.models_and_data import check_list, examinations, own_folders, own_models, understanding
from dashboard.views.models_and_data.examinations import Subject
from dashboard.widgets import data_picker, links, markup, model_picker, states
from robustcore import datasets
from robustcore.datasets import prepared_for
from robustcore.errors import RobustcoreError
from robustcore.reports import doctor
from robustcore.reports.doctor import Check, Overview

PAGE = Page(
    title="Models and data",
    icon=":material/deployed_code:",
    order=50,
    group="Run",
    question="Are my model and images read correctly?",
    purpose="Add a model or name a folder, see how each is read, and check the usual causes of a wrong accuracy.",
    help="Shows architecture, classes, every step of the preparation and some answers. Then it tries other readings, such as BGR or "
    "another class order, and says what each gave and what to do.",
    terms=("Card", "Fingerprint"),
)
KEY = own_models.KEY
FOLDER = "a folder …"
MOST = 1000  # images that are examined
_AT_ONCE = 0.2  # seconds
_STARTED = "_models_started"  # in the session: whose checks somebody asked for


def render() -> None:
    """The page below its heading."""
    own_models.take_up()
    model, data, count = _pick()
    own_models.carry_out()
    if not data.name:
        states.empty("No folder yet", "Type the path of a folder of images above.", icon=":material/folder_open:")
    else:
        try:
            _examine(model, data, count)
            own_folders.keep(data)
        except RobustcoreError as error:
            states.error(str(error), title="This cannot be examined")
    own_models.show()
    own_folders.show()


def _pick() -> tuple[str, Data, int]:
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns(2, gap="medium")
        with left:
            names = cache.models.model_names()
            default = cache.models.PHOTOGRAPHS_MODEL if cache.models.PHOTOGRAPHS_MODEL in names else names[0]
            model = model_picker.pick("Model", names, key=f"{KEY}_model", default=default, on_change=_follow)
            own_models.add()
        with right:
            data = _pick_data(model)
            count = selection.number(
                "Images to look at",
                1,
                MOST,
                key=f"{KEY}_count",
                default=doctor.IMAGES,
                kind="number of images",
                step=50,
                help="Spread evenly over the data set. More images make a small difference visible, and take longer.",
            )
    return model, data, count


def _pick_data(model: str) -> Data:
    names = data_picker.here()
    name = selection.selectbox(
        "Images of",
        [*names, *([FOLDER] if roots.open_to_paths() else [])],
        key=f"{KEY}_dataset",
        kind="dataset",
        default=_data_for(model),
        text=data_picker.label,
        help="A folder has one folder of images for each class, or images alone; a csv file lists path and label.",
    )
    if name == FOLDER:
        path = st.text_input(
            "Folder", key=f"{KEY}_folder", bind="query-params", placeholder="/data/imagenet", max_chars=1000
        )
        name = (path or "").strip()
    return Data(name, data_picker.pick_split(name, key=f"{KEY}_split", evaluated=False))


def _follow() -> None:
    """Another model was chosen: images of the package that it does not know give way to those that it knows."""
    key = f"{KEY}_dataset"
    if st.session_state.get(key) in ("scenes", "photographs"):
        st.session_state[key] = _data_for(st.session_state[f"{KEY}_model"])


def _data_for(model: str) -> str:
    try:
        knows_scenes = cache.models.card(model).dataset == "scenes"
    except RobustcoreError:
        knows_scenes = False
    return "scenes" if knows_scenes else "photographs"


def _examine(model: str, data: Data, count: int) -> None:
    subject, dataset = examinations.subject(model, data, count)
    with st.container(border=True, key=f"card-{KEY}-facts"):
        left, right = st.columns(2, gap="large")
    with st.container(border=True, key=f"card-{KEY}-steps"):
        st.subheader("How an image reaches the model", anchor=False)
        way = st.empty()
    with st.container(border=True, key=f"card-{KEY}-answers"):
        st.subheader("Some answers", anchor=False)
        some = st.container()
    with left, st.spinner("Loading the model and the images …"):
        examined = examinations.overview(subject)
    with left:
        st.subheader("The model", anchor=False)
        markup.show(understanding.facts(examined.model), key=f"{KEY}_facts_model")
    with right:
        st.subheader("The images", anchor=False)
        markup.show(understanding.facts(examined.data), key=f"{KEY}_facts_data")
    for note in examined.left_out:
        states.notice(note.text)
    with way:
        markup.show(understanding.steps(examined.steps), key=f"{KEY}_way")
    with some:
        prepared = prepared_for(dataset, cache.models.own_preparation(model))
        markup.show(understanding.answers(examined, prepared), key=f"{KEY}_answers")
    _check(subject, examined, model)
    _next(model, data)


def _check(subject: Subject, found: Overview, model: str) -> None:
    """The checks, on a button: one after the other, each shown as soon as it has been run, and a button stops them."""
    with st.container(border=True, key=f"card-{KEY}-checks"):
        st.subheader("Checks", anchor=False)
        st.caption(
            f"Tried on {found.images:,} images, {found.labelled:,} of them with a label. A reading counts as better only where the "
            "difference is larger than chance explains."
        )
        head, table = st.container(), st.empty()
        if st.session_state.get(_STARTED) != subject:
            with head:
                st.button(
                    "Run the checks",
                    icon=":material/play_arrow:",
                    key=f"{KEY}_go_on",
                    on_click=_start,
                    args=(subject,),
                    help="The model answers the images once for each reading: seconds for a small model, minutes for a large one.",
                )
            return
        names = examinations.check_names(subject)
        checks: list[Check] = []
        with head:
            bar = st.empty()
            stop = st.empty()
        for done, name in enumerate(names):
            bar.progress(done / len(names), f"{done} of {len(names)} checks done; now: {states.plain(name)}")
            stop.button("Stop", icon=":material/stop:", key=f"{KEY}_stop_{done}", on_click=_start, args=(None,))
            began = time.monotonic()
            checks += examinations.check(subject, name)
            if done + 1 < len(names) and time.monotonic() - began < _AT_ONCE:
                continue  # it was kept: the next one is there at once
            with table:
                markup.show(check_list.markup(doctor.sorted_checks(checks)), key=f"{KEY}_checks_{done}")
        bar.empty()
        stop.empty()
        with head:
            card = cache.models.card(model)
            notes = doctor.conclusion(card.name, len(card.classes), found.labelled, checks)
            for note in notes:
                st.warning(states.plain(note.text), icon=":material/warning:")
            if not notes:
                st.success("Nothing suspicious was seen.", icon=":material/check:")


def _start(subject: Subject | None) -> None:
    st.session_state[_STARTED] = subject


def _next(model: str, data: Data) -> None:
    """Where to go from here."""
    named = model in cache.models.model_names()
    address = {"evaluate_model" if named else "evaluate_other": model}
    if data.name in datasets.names() or cache.datasets.entry(data.name) is not None:
        address["evaluate_dataset"] = data.name
    else:
        address |= {"evaluate_dataset": FOLDER, "evaluate_folder": data.name}
    with st.container(horizontal=True):
        if not permissions.read_only():
            links.to("evaluate", "Evaluate this model on these images", address)
        links.to("corruptions", "See it under corruptions", {"corruptions_model": model})


__all__ = ["PAGE", "render"]
