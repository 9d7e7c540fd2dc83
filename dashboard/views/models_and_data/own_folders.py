"""Folders of one's own: keep one in the lists of data, and take it off again."""

from __future__ import annotations

import os

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import actions, permissions, roots
from dashboard.views.models_and_data import own_models
from dashboard.widgets import states
from robustcore import datasets
from robustcore.datasets import added
from robustcore.errors import RobustcoreError

KEY = own_models.KEY


def keep(data: Data) -> None:
    """A button that keeps the folder that was typed, where it is in no list yet."""
    listed = not data.name or data.name in datasets.names() or cache.datasets.entry(data.name) is not None
    if permissions.read_only() or listed:
        return
    if st.button(
        "Keep in the lists of data",
        key=f"{KEY}_keep_folder",
        icon=":material/bookmark_add:",
        help="Every page then offers this folder. The images stay where they are.",
    ):
        try:
            path = actions.add_folder(data.name)
        except RobustcoreError as error:
            states.error(str(error), title="The folder was not kept")
            return
        _changed(f"{path[-60:]} is in every list of data now.")


def show() -> None:
    """The folders that were kept, each with a button that takes it off the list."""
    listed = [folder for folder in added.folders() if roots.allows(folder)]
    if not listed:
        return
    st.subheader("Your folders", anchor=False)
    for place, folder in enumerate(listed):
        with st.container(border=True, key=f"{KEY}_folder_{place}", horizontal=True, vertical_alignment="center"):
            gone = "" if os.path.exists(folder) else " · **it is gone**"
            st.markdown(f"{states.plain(folder)}{gone}", width="stretch")
            if not permissions.read_only() and st.button(
                "Remove",
                icon=":material/delete:",
                key=f"{KEY}_remove_folder_{place}",
                help="From the lists only; the images and their results stay.",
            ):
                actions.remove_folder(folder)
                _changed(f"{folder[-60:]} is off the list; its images and results stay.")


def _changed(sentence: str) -> None:
    cache.expiry.results_changed()  # the lists of data are read with them
    own_models.changed("", sentence)
