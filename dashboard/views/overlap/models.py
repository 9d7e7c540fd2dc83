"""The models behind the overlaps: whether they are comparable, and what is undefined."""

from __future__ import annotations

import streamlit as st

from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import figure, states
from robustcore.reports.overlap import atlas


def view(found: Found) -> None:
    """Clean accuracies, then self-gains against their thresholds."""
    from robustcore.figures.overlap_curves import clean_accuracies

    comparable, said = atlas.said_of_clean(found.overlap, found.labels)
    rows = atlas.models(found.overlap)
    shown = rows.assign(trained_on=rows["trained_on"].map(lambda n: found.labels.get(n, n)))
    figure.card(
        clean_accuracies(rows, found.labels, footer=found.footer, alt=said),
        key=f"{KEY}-clean",
        title="Are the trained models comparable?" + ("" if comparable else " Not quite"),
        says=states.plain(said),
        table=shown,
        footer=found.footer,
        help="Robustness is measured against clean accuracy: a model that was trained too little loses less under corruptions, and "
        "seems to be robust to what it was not trained on.",
    )
    _thresholds(found)
    _shifts(found)
    for note in found.overlap.notes:
        if not note.startswith("The clean accuracies"):
            st.caption(states.plain(found.words(note)))


def _thresholds(found: Found) -> None:
    from robustcore.figures.overlap_curves import self_gains

    rows = atlas.models(found.overlap).iloc[1:].sort_values("self_gain", ascending=False)
    undefined = found.overlap.undefined
    said = (
        f"{len(undefined)} of {len(found.overlap.names)} have no overlap, since training on them does not help against them by more "
        "than three standard errors, over images and seeds (the grey line): an overlap divides by this gain."
        if undefined
        else f"All {len(found.overlap.names)} have: training on each helps against it by more than three standard errors (the grey line)."
    )
    shown = rows.assign(trained_on=rows["trained_on"].map(found.labels), reason=rows["reason"].map(found.words))
    figure.card(
        self_gains(rows, found.labels, footer=found.footer, alt=said),
        key=f"{KEY}-self-gains",
        title="Which corruptions have overlaps?",
        says=states.plain(said),
        table=shown[["trained_on", "self_gain", "threshold", "defined", "reason"]],
        footer=found.footer,
    )
    if undefined:
        with st.expander("Reasons", icon=":material/grid_off:", key=f"{KEY}_reasons"):
            lines = [
                f"- **{states.plain(found.labels[n])}**: {states.plain(found.words(why))}"
                for n, why in undefined.items()
            ]
            st.markdown("\n".join(lines))


def _shifts(found: Found) -> None:
    """What training on each corruption brings on natural shifts, which nothing was trained on."""
    from robustcore.figures.bars import Scale
    from robustcore.figures.heatmap import heatmap

    rows = atlas.further(found.overlap, found.table)
    if rows.empty:
        return
    order = rows.groupby("model")["value"].mean().sort_values(ascending=False).index
    rows = rows.set_index("model").loc[list(order)].reset_index()
    shown = rows.assign(
        model=rows["model"].map(found.labels), name=[str(n).rpartition("/")[2].capitalize() for n in rows["name"]]
    )
    residual = found.overlap.metric == "residual"
    scale = Scale(
        "gain over the standard model (points)" if residual else "gain over the standard model (APP, %)", 100, ".1f"
    )
    with st.container(key=f"{KEY}_shifts"):
        figure.card(
            heatmap(shown, scale, footer=found.footer, alt="Gain of each model on each natural shift"),
            key=f"{KEY}-shifts",
            title="Does training on a corruption help on natural shifts?",
            says="A row is a model by what it was trained on, the most helpful on top; a column is a shift that none was trained on. "
            "A pointer tells the interval.",
            table=shown,
            footer=found.footer,
        )
