"""Models of one's own: add one, give it another name, remove it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache
from dashboard.session import actions, permissions, roots
from dashboard.views.models_and_data import examinations
from dashboard.widgets import states
from robustcore.errors import RobustcoreError
from robustcore.models import added

KEY = "models"
_ASKED = "_models_asked"  # in the session: what is being added, (name, model, what is said of it)
_CHOOSE = "_models_choose"  # in the session: a model to choose, and what to say of it


def take_up() -> None:
    """Choose the model that was added or renamed last; called before the picker is drawn."""
    name, sentence = st.session_state.pop(_CHOOSE, ("", ""))
    if name:
        st.session_state[f"{KEY}_model"] = name
    if sentence:
        st.toast(states.plain(sentence), icon=":material/check:")


def add() -> None:
    """The button with the form; what is sent is loaded by `carry_out`."""
    if permissions.read_only():
        return
    with st.popover("Add a model", icon=":material/add:", width="stretch"), st.form(f"{KEY}_add", border=False):
        paths = "a file of weights, or " if roots.open_to_paths() else ""
        model = st.text_input(
            "Path or name",
            key=f"{KEY}_add_model",
            placeholder="/data/lite0.pth" if paths else "timm/resnet18.a1_in1k",
            help=f"{paths}a published model such as timm/resnet18.a1_in1k, which is fetched once. A file stays where it is.".capitalize(),
            max_chars=1000,
        )
        name = st.text_input(
            "Short name", key=f"{KEY}_add_name", placeholder="lite0", help="lite0 makes own/lite0.", max_chars=100
        )
        st.caption("What a file without a card does not say itself:")
        said = {
            "architecture": st.text_input(
                "Architecture",
                key=f"{KEY}_add_architecture",
                placeholder="timm/tf_efficientnet_lite0",
                help="torchvision/NAME, timm/NAME or scenes/NAME.",
            ),
            "classes": st.text_input(
                "Classes",
                key=f"{KEY}_add_classes",
                placeholder="imagenet, or a file with one name a line",
                help="The classes' names in the order of the logits; a number where they have none.",
            ),
        }
        with st.expander("Normalisation, input, entry"):
            for option, label, example in (
                ("mean", "Mean", "0.485,0.456,0.406"),
                ("std", "Standard deviation", "0.229,0.224,0.225"),
                ("side", "Input side, pixels", "224"),
                ("weights_from", "Entry with the weights", "state_dict_ema"),
            ):
                said[option] = st.text_input(label, key=f"{KEY}_add_{option}", placeholder=example)
            by_order = st.checkbox(
                "Take tensors by order and shape", key=f"{KEY}_add_keys", help="Where the names are foreign ones."
            )
            said["keys"] = "order" if by_order else ""
        if st.form_submit_button("Add", type="primary", key=f"{KEY}_add_send"):
            st.session_state[_ASKED] = (name or "", model or "", {key: value or "" for key, value in said.items()})


def carry_out() -> None:
    """Load what was sent, and add it; a button stops it."""
    asked: tuple[str, str, Mapping[str, str]] | None = st.session_state.get(_ASKED)
    if asked is None:
        return
    name, model, said = asked
    with st.container(border=True, key=f"{KEY}_adding", horizontal=True, vertical_alignment="center"):
        place = st.empty()
        st.button(
            "Stop", key=f"{KEY}_add_stop", icon=":material/stop:", on_click=lambda: st.session_state.pop(_ASKED, None)
        )
        try:
            with place, st.spinner(f"Loading the weights of {states.plain(model[-80:])} …", show_time=True):
                card = actions.add_model(name, model, said, examinations.loaded)
        except RobustcoreError as error:
            st.session_state.pop(_ASKED, None)
            with place:
                states.error(str(error), title="The model was not added")
            return
    del st.session_state[_ASKED]
    changed(card.name, f"{card.name} is in every list of models now.")


def show() -> None:
    """The models that were added, each with its place, and what can be done with it."""
    st.subheader("Your models", anchor=False)
    entries = added.models()
    if not entries:
        states.empty(
            "No model added yet",
            "A model that you add has a short name on every page and command. "
            + (
                "This dashboard is read-only: add one with robustcore models add."
                if permissions.read_only()
                else "Use “Add a model” above."
            ),
            icon=":material/deployed_code:",
        )
        return
    for name, entry in entries.items():
        with st.container(border=True, key=f"{KEY}_own_{name}", horizontal=True, vertical_alignment="center"):
            where = (
                entry.model if roots.allows(entry.path) or not entry.path.startswith("/") else "outside the data roots"
            )
            gone = "" if entry.is_here else " · **the file is gone**"
            st.markdown(f"**own/{states.plain(name)}**  \n{states.plain(where)}{gone}", width="stretch")
            if permissions.read_only():
                continue
            with st.popover("Rename", icon=":material/edit:"):
                other = st.text_input("New name", key=f"{KEY}_rename_{name}", max_chars=100, placeholder=name)
                if st.button("Rename", key=f"{KEY}_rename_send_{name}", type="primary", disabled=not other):
                    _rename(name, other or "")
            if st.button(
                "Remove",
                icon=":material/delete:",
                key=f"{KEY}_remove_{name}",
                help="From the list only; the file and its results stay.",
            ):
                actions.remove_model(name)
                changed("", f"own/{name} is forgotten; its file and its results stay.")


def _rename(name: str, other: str) -> None:
    try:
        new = f"own/{actions.rename_model(name, other)}"
    except RobustcoreError as error:
        states.error(str(error))
        return
    is_chosen = st.session_state.get(f"{KEY}_model") == f"own/{name}"
    changed(new if is_chosen else "", f"own/{name} is now {new}. Its results stay.")


def changed(chosen: str, sentence: str) -> None:
    """Draw the page again with the new list of models."""
    cache.models.model_names.clear()
    st.session_state[_CHOOSE] = (chosen, sentence)
    st.rerun()
