"""Which model, which images it knows, and which it does not."""

from __future__ import annotations

import dataclasses

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import permissions, roots, selection
from dashboard.widgets import data_picker, model_picker, states, uploads
from dashboard.workers.detections import Case, SetKey
from dashboard.workers.tasks import ImagesKey
from robustcore.datasets import Dataset, prepared_for
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.models import Card
from robustcore.reports import detection
from robustcore.reports.detection import UnknownSet

KEY = "detection"
FOLDER = "a folder …"
UPLOADS = "uploads"
MOST = 2500  # images of each set, where nothing else is said


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a visitor has chosen.

    Attributes:
        case: for the workers.
        sets: for the workers, in the order of `unknown`.
        card: of the model.
        dataset: the known images, as the model's are prepared.
        unknown: the sets with their images.
        data: as the page names it.
    """

    case: Case
    sets: tuple[SetKey, ...]
    card: Card
    dataset: Dataset
    unknown: tuple[UnknownSet, ...]
    data: Data


def pick() -> Choice | None:
    """Draw the controls; None while something is not named yet (its reason is on the page)."""
    with st.container(border=True, key=f"{KEY}_controls"):
        left, middle, right = st.columns([1.2, 1.2, 0.8], gap="medium")
        with left:
            names = cache.models.model_names()
            model = model_picker.pick("Model", names, key=f"{KEY}_model", default=names[0], on_change=_follow)
        card = cache.models.card(model)
        with middle:
            data = _pick_data(card)
        if not data.name:
            states.empty("No folder yet", "Type the path of a folder of images above.", icon=":material/folder_open:")
            return None
        loaded = cache.datasets.dataset(data)
        with right:
            limit = selection.number(
                "Images of each set",
                1,
                max(1, len(loaded)),
                key=f"{KEY}_limit_{'scenes' if data.name == 'scenes' else 'other'}",
                default=min(len(loaded), MOST),
                kind="number of images",
                step=100,
                help="The first ones of a fixed, shuffled order.",
            )
        dataset = prepared_for(loaded, card.own_preparation)
        wanted = _pick_sets(model, card, data, dataset)
        dropout = selection.toggle(
            "Dropout variance too",
            key=f"{KEY}_dropout",
            help="For networks with dropout: every image goes through the model 20 times more.",
        )
    if dataset.classes and not detection.knows(card, dataset):
        states.notice(
            f"None of the classes of {data_picker.label(data.name)} is among those of {model}: choose images of classes that it knows."
        )
    if not wanted:
        states.empty("No unknown images", "Choose at least one set of unknown images.", icon=":material/help_center:")
        return None
    unknown: list[UnknownSet] = []
    sets: list[SetKey] = []
    for each in wanted:
        try:
            (resolved,) = detection.resolved([_as_set(each)], dataset)
        except RobustcoreError as error:
            states.error(str(error), title="This set is left out")
            continue
        if resolved.name not in {other.name for other in unknown}:
            unknown.append(resolved)
            sets.append(each)
    if not sets:
        return None
    validation = cache.datasets.validation(data)
    case = Case(
        (model, cache.models.fingerprint(model)),
        ImagesKey.of(loaded),
        None if validation is None else ImagesKey.of(validation),
        min(limit, len(loaded)),
        dropout,
    )
    return Choice(case, tuple(sets), card, dataset, tuple(unknown), data)


def _as_set(key: SetKey) -> str | UnknownSet:
    return detection.of_images(key.name, key.title, key.images) if key.images else key.name


def _pick_data(card: Card) -> Data:
    name = selection.selectbox(
        "Known images",
        [*data_picker.here(), *([FOLDER] if roots.open_to_paths() else [])],
        key=f"{KEY}_dataset",
        kind="dataset",
        default=_data_for(card),
        text=data_picker.label,
        help="Images of classes that the model knows. They need no labels.",
    )
    if name == FOLDER:
        path = st.text_input(
            "Folder of known images",
            key=f"{KEY}_folder",
            bind="query-params",
            placeholder="/data/imagenet",
            max_chars=1000,
        )
        name = (path or "").strip()
    return Data(name, data_picker.pick_split(name, key=f"{KEY}_split", evaluated=False))


def _follow() -> None:
    """Another model was chosen: images of the package that it does not know give way to those that it knows."""
    key = f"{KEY}_dataset"
    if st.session_state.get(key) in ("scenes", "photographs"):
        try:
            card = cache.models.card(st.session_state[f"{KEY}_model"])
        except RobustcoreError:
            return
        st.session_state[key] = _data_for(card)


def _data_for(card: Card) -> str:
    return "scenes" if card.dataset == "scenes" else "photographs"


def _pick_sets(model: str, card: Card, data: Data, dataset: Dataset) -> list[SetKey]:
    first = detection.conditions_for(dataset)
    others = [name for name in data_picker.here() if name != data.name and name not in first]
    offered = [*first, *others, *([] if permissions.read_only() else [UPLOADS])]
    chosen = selection.multiselect(
        "Unknown images",
        offered,
        key=f"{KEY}_unknown_{'scenes' if data.name == 'scenes' else 'other'}",
        kind="set of unknown images",
        default=first,
        text=_title,
        placeholder="Choose one or more",
        help="Images of none of the model's classes: noise, another dataset, or your own.",
    )
    keys = [SetKey(name if name in first else roots.dataset(name)) for name in chosen if name != UPLOADS]
    if UPLOADS in chosen:
        preparation = card.own_preparation
        uploads.pick(f"{KEY}_set", model, preparation)
        kept = uploads.kept().values()
        images = tuple(cache.images.upload(each.content, each.name, preparation).image for each in kept)
        if images:
            keys.append(SetKey(UPLOADS, "Uploads", images))
    if roots.open_to_paths():
        path = st.text_input(
            "Folder of unknown images",
            key=f"{KEY}_unknown_folder",
            bind="query-params",
            placeholder="/data/textures",
            max_chars=1000,
            help="All images in it count as unknown, in class folders or not.",
        )
        if path and path.strip():
            place = roots.dataset(path.strip())
            roots.check_links(place)
            keys.append(SetKey(place))
    return keys


def _title(name: str) -> str:
    if name == UPLOADS:
        return "Your uploads"
    if name == "scenes/unknown":
        return "Unknown shapes"
    return data_picker.label(name) if name in data_picker.here() else display_name(name, "unknown")
