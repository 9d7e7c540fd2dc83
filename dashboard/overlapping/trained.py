"""The models behind the overlaps: whether they are comparable, and what is undefined."""

from __future__ import annotations

import streamlit as st

from dashboard.overlapping.choice import KEY
from dashboard.overlapping.found import Found
from dashboard.widgets import figure, states
from robustcore.reports import atlas


def view(found: Found) -> None:
    """Clean accuracies, then self-gains against their thresholds."""
    from robustcore.figures.overlap_curves import clean_accuracies

    comparable, said = atlas.said_of_clean(found.overlap, found.labels)
    rows = atlas.models(found.overlap)
    shown = rows.assign(trained_on=rows["trained_on"].map(lambda n: found.labels.get(n, n)))
    figure.card(
        clean_accuracies(rows, found.labels, footer=found.footer, alt=said),
        key=f"{KEY}-clean", title="Are the trained models comparable?" + ("" if comparable else " Not quite"),
        says=states.plain(said), table=shown, footer=found.footer,
        help="Robustness is measured against clean accuracy: a model that was trained too little loses less under corruptions, and "
        "seems to be robust to what it was not trained on.",
    )  # fmt: skip
    _thresholds(found)
    for note in found.overlap.notes:
        if not note.startswith("The clean accuracies"):
            st.caption(states.plain(found.words(note)))


def _thresholds(found: Found) -> None:
    rows = atlas.models(found.overlap).iloc[1:]
    rows = rows[rows["threshold"].notna() | ~rows["defined"]]
    with st.container(border=True, key=f"{KEY}_thresholds"):
        st.subheader("Where an overlap is defined", anchor=False)
        undefined = found.overlap.undefined
        said = (
            f"{len(undefined)} of {len(found.overlap.names)} corruptions have no overlap: "
            + "; ".join(f"{found.labels[name]} ({found.words(why)})" for name, why in undefined.items())
            if undefined
            else f"All {len(found.overlap.names)} corruptions: training on each helps against it by more than its threshold"
        )
        st.markdown(states.plain(f"{said}."))
        st.caption(
            "An overlap divides by the self-gain, what training on a corruption gains on it. The threshold is three standard errors "
            "of it, over images and seeds."
        )
        table = rows.assign(trained_on=rows["trained_on"].map(found.labels)).sort_values("self_gain")
        with st.expander("Self-gains and thresholds", icon=":material/table_chart:"):
            st.dataframe(
                table[["trained_on", "self_gain", "threshold", "defined"]], hide_index=True, width="stretch",
                column_config={
                    "self_gain": st.column_config.NumberColumn(format="%.3f"),
                    "threshold": st.column_config.NumberColumn(format="%.3f"),
                },
            )  # fmt: skip
