"""What a specification promises, what it does not, and what nobody knows, under its sheets."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.cache import specifications
from dashboard.cache.specifications import Judged
from dashboard.widgets import figure, states
from robustcore.display import display_name
from robustcore.notes import Note
from robustcore.reports.specification.promise_notes import cheapest_row
from robustcore.reports.training_corruptions import trained_on_tested

_HEADINGS = (
    (
        "It promises",
        ":material/check_circle:",
        "What a model that meets all rows has shown, or what follows by overlap.",
    ),
    ("It does not promise", ":material/cancel:", "What a model that meets all rows may still fail at."),
    ("Nobody knows", ":material/help:", "What there is no evidence on."),
)


def show(judged: Judged, key: str) -> None:
    """Draw it below the sheets."""
    spec = judged.spec
    tested = dict.fromkeys(c.name for row in spec.rows for c in row.conditions if c.kind == "corruption")
    for note in trained_on_tested(dict.fromkeys(judged.table["model"]), tested):
        states.notice(note.text)
    st.subheader("What meeting it means", anchor=False)
    promise = specifications.promise(spec, judged.provenance.images[1])
    columns = st.columns(3, gap="medium")
    for column, (title, icon, help), notes in zip(
        columns, _HEADINGS, (promise.promised, promise.denied, promise.unknown), strict=True
    ):
        with column, st.container(border=True, key=f"{key}_{title.split()[-1].lower()}", height="stretch"):
            st.markdown(f"{icon} **{title}**", help=help)
            _listed(notes)
            if notes is promise.promised and promise.evidence:
                st.markdown("**Some evidence**", help="Overlaps too small to promise anything.")
                _listed(promise.evidence)
    if len(promise.cheapest):
        best = promise.cheapest.iloc[0]
        row = cheapest_row(str(best["corruption"]), int(best["adds"]), int(best["images"])).text
        st.markdown(f":material/add_circle: {states.plain(row)}")
    st.caption(states.plain(promise.basis.text))
    if len(promise.coverage):
        with st.expander("Corruptions outside the specification", icon=":material/table_chart:"):
            shown = promise.coverage.assign(
                corruption=promise.coverage["corruption"].map(_name), by=promise.coverage["by"].map(_name)
            )
            st.dataframe(shown, hide_index=True, width="stretch")
            st.caption(
                "Covered: the overlap with a corruption that has a row of its own is at least 0.5, and the lower end of its interval exceeds 0.1; "
                "some evidence: the overlap is smaller; not covered: no overlap can reach 0.1. "
                "Isolated: it overlaps with no corruption of the atlas."
            )
            figure.download_csv(promise.coverage, f"{key}-coverage")


def _name(name: str) -> str:
    return display_name(name, "corruption", suite=True) if name else ""


def _listed(notes: Sequence[Note]) -> None:
    for note in notes:
        st.markdown(f"- {states.plain(note.text)}")
