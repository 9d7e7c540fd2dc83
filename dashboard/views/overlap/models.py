"""The trained models: whether they are comparable, and which corruptions have no overlap."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure, states
from robustcore.reports.overlap import atlas


def view(matrix: Matrix) -> None:
    """Clean accuracies, self-gains against their thresholds, gains on natural shifts."""
    from robustcore.figures.overlap_curves import clean_accuracies

    comparison = atlas.clean_comparison(matrix.overlap)
    sentence = matrix.text(comparison)
    rows = atlas.models(matrix.overlap)
    table = _readable(matrix, rows)
    figure.card(
        clean_accuracies(rows, matrix.labels, footer=matrix.footer, alt=sentence),
        key=f"{KEY}-clean",
        title="Are the trained models comparable?" + (" No" if comparison.kind == "clean_not_comparable" else ""),
        says=states.plain(sentence),
        table=table,
        footer=matrix.footer,
        help="Robustness is relative to clean accuracy. An undertrained model has less accuracy to lose, so it looks robust to "
        "corruptions it was not trained on.",
    )
    _thresholds(matrix)
    _shifts(matrix)
    for note in matrix.overlap.notes:
        if note.kind != "clean_accuracies_differ":  # the first figure says it
            st.caption(states.plain(matrix.text(note)))


def _readable(matrix: Matrix, rows: pd.DataFrame) -> pd.DataFrame:
    """The models with names and reasons as people read them."""
    return rows.assign(
        trained_on=rows["trained_on"].map(lambda name: matrix.labels.get(name, name)),
        reason=[matrix.text(why) for why in rows["reason"]],
    )


def _thresholds(matrix: Matrix) -> None:
    from robustcore.figures.overlap_curves import self_gains

    rows = atlas.models(matrix.overlap).iloc[1:].sort_values("self_gain", ascending=False)
    undefined = matrix.overlap.undefined
    count = len(matrix.overlap.names)
    sentence = (
        f"{len(undefined)} of {count} have none: training on them gains no more than three standard errors (grey line), and an "
        "overlap divides by this gain."
        if undefined
        else f"All {count}: training on each gains more than three standard errors (grey line)."
    )
    table = _readable(matrix, rows)
    figure.card(
        self_gains(rows, matrix.labels, footer=matrix.footer, alt=sentence),
        key=f"{KEY}-self-gains",
        title="Which corruptions have overlaps?",
        says=states.plain(sentence),
        table=table[["trained_on", "self_gain", "threshold", "defined", "reason"]],
        footer=matrix.footer,
    )
    if undefined:
        with st.expander("Reasons", icon=":material/grid_off:", key=f"{KEY}_reasons"):
            lines = [
                f"- **{states.plain(matrix.labels[n])}**: {states.plain(matrix.text(why))}"
                for n, why in undefined.items()
            ]
            st.markdown("\n".join(lines))


def _shifts(matrix: Matrix) -> None:
    """What training on each corruption gains on natural shifts, which no model was trained on."""
    from robustcore.figures.bars import Scale
    from robustcore.figures.heatmap import heatmap

    rows = atlas.gains_on_shifts(matrix.overlap, matrix.table)
    if rows.empty:
        return
    order = rows.groupby("model")["value"].mean().sort_values(ascending=False).index
    rows = rows.set_index("model").loc[list(order)].reset_index()
    table = rows.assign(
        model=rows["model"].map(matrix.labels), name=[str(n).rpartition("/")[2].capitalize() for n in rows["name"]]
    )
    residual = matrix.overlap.metric == "residual"
    scale = Scale(
        "gain over the standard model (points)" if residual else "gain over the standard model (APP, %)", 100, ".1f"
    )
    with st.container(key=f"{KEY}_shifts"):
        figure.card(
            heatmap(table, scale, footer=matrix.footer, alt="Gain of each model on each natural shift"),
            key=f"{KEY}-shifts",
            title="Does training on a corruption help on natural shifts?",
            says="Each row is a model trained on that corruption, the largest mean gain on top; each column is a shift no model was "
            "trained on. Point at a cell for its interval.",
            table=table,
            footer=matrix.footer,
        )
