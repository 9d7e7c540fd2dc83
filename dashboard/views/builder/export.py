"""The selection as a suite: a file for the command line, or kept here by a name that the other pages list."""

from __future__ import annotations

import re

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.session import permissions
from dashboard.views.builder.inputs import KEY, Ground
from dashboard.widgets import links, states
from robustcore.errors import RobustcoreError
from robustcore.evaluation import suites
from robustcore.reports.overlap import benchmark

KEPT, FAILED = f"{KEY}_kept", f"{KEY}_failed"
LONGEST = 80


def show(found: Ground, names: list[str]) -> None:
    """Name, download, keep; after keeping, the way to the pages that take it."""
    with st.container(border=True, key=f"{KEY}_export"):
        st.subheader("Use it", anchor=False)
        known = [name for name in names if name in corruptions.names()]
        if not known:
            st.caption("Choose a corruption, and the benchmark can be saved as a suite.")
            return
        if len(known) < len(names):
            states.notice(
                f"{', '.join(n for n in names if n not in known)}: not in this version, and left out of the file."
            )
        left, right = st.columns([1.4, 2], vertical_alignment="bottom")
        written = left.text_input(
            "Name", value="my-benchmark", max_chars=LONGEST, key=f"{KEY}_name", bind="query-params"
        )
        name = _slug(written or "")
        suite = benchmark.suite(name, known, _description(found, known))
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
            if not cache.read_only():
                st.button(
                    "Keep it here",
                    key=f"{KEY}_keep",
                    icon=":material/save:",
                    on_click=_keep,
                    args=(suite,),
                    help="In the cache's folder suites; the pages Evaluate and Compare list it then.",
                )
        if failed := st.session_state.pop(FAILED, ""):
            states.error(failed)
        _after(f"{suites.OWN}{name}")
        st.code(
            f"robustcore evaluate --model {cache.DEFAULT_MODEL} --suite {name}.toml", language="bash", wrap_lines=True
        )


def _after(kept: str) -> None:
    if st.session_state.get(KEPT) != kept or kept not in suites.own():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":green[:material/check:] Kept as `{kept}`.")
        links.to("evaluate", "Evaluate models under it", {"evaluate_suite": [kept]})
        links.to("compare", "Compare models under it", {"compare_suite": [kept]})


def _keep(suite: suites.Suite) -> None:
    try:
        permissions.check("Keeping a suite")
        st.session_state[KEPT] = suites.keep(suite)
    except RobustcoreError as error:
        st.session_state[FAILED] = str(error)


def _slug(text: str) -> str:
    """A name that a file can have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:LONGEST] or "my-benchmark"


def _description(found: Ground, names: list[str]) -> str:
    counts = found.labels[[n for n in names if found.labels.get(n, 0) > 0]].value_counts().sort_index()
    spread = ", ".join(f"{count} of category {label}" for label, count in counts.items())
    return f"{len(names)} corruptions chosen among the candidates of {found.name}" + (f": {spread}." if spread else ".")
