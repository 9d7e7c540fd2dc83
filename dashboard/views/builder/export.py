"""The selection as a suite: a file to download, or saved on this machine for the other pages."""

from __future__ import annotations

import re

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.session import permissions
from dashboard.views.builder.inputs import KEY, CandidateAtlas
from dashboard.widgets import addresses, links, states
from robustcore.errors import RobustcoreError
from robustcore.evaluation import suites
from robustcore.reports.overlap import benchmark

SAVED, SAVE_ERROR = f"{KEY}_saved", f"{KEY}_save_error"
LONGEST = 80


def show(atlas: CandidateAtlas, names: list[str]) -> None:
    """Name, download, save; after saving, links to the pages that take it."""
    with st.container(border=True, key=f"{KEY}_export"):
        st.subheader("Use this benchmark", anchor=False)
        registered = [name for name in names if name in corruptions.names()]
        if not registered:
            st.caption("Choose a corruption to save the benchmark as a suite.")
            return
        if len(registered) < len(names):
            missing = ", ".join(n for n in names if n not in registered)
            states.notice(f"Left out of the file, not in this version: {missing}.")
        left, right = st.columns([1.4, 2], vertical_alignment="bottom")
        written = left.text_input(
            "Name", value="my-benchmark", max_chars=LONGEST, key=f"{KEY}_name", bind="query-params"
        )
        name = _slug(written or "")
        suite = benchmark.suite(name, registered, _description(atlas, registered))
        with right, st.container(horizontal=True):
            st.download_button(
                "Download suite",
                suites.to_toml(suite),
                file_name=f"{name}.toml",
                mime="application/toml",
                key=f"{KEY}_toml",
                icon=":material/download:",
                on_click="ignore",
            )
            if not permissions.read_only():
                st.button(
                    "Save to this machine",
                    key=f"{KEY}_keep",
                    icon=":material/save:",
                    on_click=_save,
                    args=(suite,),
                    help="Saved in the cache folder; Evaluate and Compare then list it.",
                )
        if error := st.session_state.pop(SAVE_ERROR, ""):
            states.error(error)
        _after_saving(f"{suites.OWN}{name}")
        st.code(
            f"robustcore evaluate --model {cache.models.DEFAULT_MODEL} --suite {name}.toml",
            language="bash",
            wrap_lines=True,
        )


def _after_saving(name: str) -> None:
    if st.session_state.get(SAVED) != name or name not in suites.own():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":green[:material/check:] Saved as `{name}`.")
        links.to("evaluate", "Evaluate models", addresses.evaluate(suites=[name]))
        links.to("compare", "Compare models", addresses.compare(suites=[name]))


def _save(suite: suites.Suite) -> None:
    try:
        permissions.check("Saving a suite")
        st.session_state[SAVED] = suites.keep(suite)
    except RobustcoreError as error:
        st.session_state[SAVE_ERROR] = str(error)


def _slug(text: str) -> str:
    """A name that a file can have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:LONGEST] or "my-benchmark"


def _description(atlas: CandidateAtlas, names: list[str]) -> str:
    titles = atlas.category_names
    counts = {label: len(set(members) & set(names)) for label, members in atlas.categories.items()}
    spread = ", ".join(f"{count} of {titles[label]}" for label, count in counts.items() if count)
    return f"{len(names)} corruptions chosen from the candidates of {atlas.name}" + (f": {spread}." if spread else ".")
