"""The table of all models, with search, sorting and grouping; what is not evaluated, provenance and downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.views.overview import addresses, model_table, rows
from dashboard.views.overview.addresses import KEY
from dashboard.widgets import figure, links, report, states
from robustcore.datasets.scenes import filtered_shift
from robustcore.display import display_name
from robustcore.reports.overview.overview import WITHOUT, Overview

FIT = 12  # rows shown without "Show all": the best of each group
ORDERS = {
    "mean": "Corruptions",
    "clean": "Clean images",
    "attack_1": "Attack",
    "shifted": "Natural shifts",
    "balance": "Trade-off",
}
GROUPS = {"family": "Training", "architecture": "Architecture", "none": "None"}
_KNOWING = {
    "msp": (
        "Unknown shapes: softmax",
        "AUROC of the maximum softmax, unknown shapes against known ones; 50 % is guessing.",
    ),
    "max_logit": (
        "Unknown shapes: logit",
        "AUROC of the maximum logit, unknown shapes against known ones; 50 % is guessing.",
    ),
    "fpr95": (
        "Unknown shapes: FPR95",
        "Known shapes flagged where 95 % of the unknown ones are, by the maximum logit; lower is better.",
    ),
    "debiased": ("RMS calibration", "Confidence against accuracy on clean images, debiased; lower is better."),
    "ece": ("ECE", "Expected calibration error on clean images, 15 bins; lower is better."),
    "aurra": ("AURRA", "Mean accuracy of the surest answers on clean images; higher is better."),
}
_COLUMNS = {"Corruptions": "mean", "Attacks": "attack_1", "Natural shifts": "shifted"}


def show(overview: Overview, kinds: Mapping[str, rows.Kind], data: Data, standard: str) -> None:
    """The table with its controls and provenance; the standard model and the one that was trained on without an intervention come first."""
    with st.container(border=True, key=f"card-{KEY}"):
        st.subheader("All models", anchor=False)
        st.caption(
            "Accuracy, higher is better. What breaks a model first: the corruption that halves its clean accuracy at the lowest "
            "severity (1 to 5), and the smallest attack that does (ε: largest change of a pixel value). Click any number to see "
            "the evidence."
        )
        pinned = _pinned(overview, kinds, standard)
        table, by, hidden = _chosen(overview, kinds, pinned)
        if table.empty:
            st.caption("No model matches. Search by name, architecture or training.")
        else:
            model_table.show(
                rows.headings(overview), rows.grouped(table, overview, kinds, by, data, pinned), key=f"{KEY}_models"
            )
        if hidden:
            st.caption(f"The best of each group. {hidden} more: turn on “Show all” or search.")
        _shifts(overview, table)
        _knowing(table, data)
        for note in overview.notes:
            st.caption(states.plain(note.text))
        missing = [title for title, column in _COLUMNS.items() if overview.table[column].isna().all()]
        if data.name != "scenes":  # a dataset of one's own has no registered shifts
            missing = [title for title in missing if title != "Natural shifts"]
        if missing:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"Not evaluated for any model: {', '.join(missing).lower()}.")
                links.to(
                    "evaluate", "Evaluate these", addresses.evaluation(missing, data, list(overview.table["model"]))
                )
        st.caption(
            states.plain(
                overview.provenance.sentence(
                    formula="Corruptions: mean over severities, then over corruptions; natural shifts: mean over the sets"
                    f"{f' {WITHOUT}' if data.name == 'scenes' else ''}; attack: white-box PGD in L-inf, 10 steps"
                )
            )
        )
        figure.evidence(overview.provenance, KEY)
        with st.container(horizontal=True):
            figure.download_csv(overview.table, KEY)
            _report(overview, data, standard)


def _report(overview: Overview, data: Data, standard: str) -> None:
    """Save all models, under all that the table has, against the standard one: the same whatever of the table is in view."""
    table = overview.table
    suites = [addresses.SUITES[title] for title, column in _COLUMNS.items() if table[column].notna().any()]
    if data.name != "scenes":
        suites = [suite for suite in suites if suite != addresses.SUITES["Natural shifts"]]
    models = tuple(table.loc[table["conditions"] > 0, "model"])
    report.button(models, data, suites, key=KEY, reference=standard if standard in models else "")


def _shifts(overview: Overview, table: pd.DataFrame) -> None:
    """The accuracy on each natural shift, behind a switch."""
    sets = overview.by_condition[overview.by_condition["kind"] == "shift"]
    if sets.empty or not selection.toggle("Show each natural shift", key=f"{KEY}_shifts"):
        return
    models = [m for m in table["model"] if m in set(sets["model"])]
    square = sets.pivot(index="model", columns="name", values="accuracy").reindex(models)
    percent = 100 * square[list(dict.fromkeys(sets["name"]))]
    number = st.column_config.NumberColumn
    st.dataframe(
        percent.rename(columns=display_name).reset_index().rename(columns={"model": "Model"}),
        hide_index=True,
        column_config={display_name(name): number(format="%.1f %%") for name in percent.columns},
    )
    if filtered_shift.SET.rpartition("/")[2] in percent.columns:
        st.caption(
            f"Filtered: errors of {filtered_shift.chosen_against()[0]}. The mean of natural shifts is {WITHOUT}."
        )


def _knowing(table: pd.DataFrame, data: Data) -> None:
    """Detection of unknown images and calibration of each model, behind a switch."""
    if table.empty or not selection.toggle("Show detection and calibration", key=f"{KEY}_knowing"):
        return
    values = cache.results.knowing(tuple(table["model"]), data)
    percent = values.assign(**{name: 100 * values[name] for name in _KNOWING}).dropna(axis="columns", how="all")
    number = st.column_config.NumberColumn
    st.dataframe(
        percent,
        hide_index=True,
        width="stretch",
        column_config={
            "model": "Model",
            **{name: number(title, format="%.1f %%", help=says) for name, (title, says) in _KNOWING.items()},
        },
        key=f"{KEY}_knowing_table",
    )
    with st.container(horizontal=True):
        links.to("detection", "All scores and sets", {"detection_model": str(table["model"].iloc[0])})
        links.to("calibration", "Calibration under corruptions")


def _pinned(overview: Overview, kinds: Mapping[str, rows.Kind], standard: str) -> list[str]:
    """The standard model and, of its architecture, the one trained for as long as the others without an intervention, which their
    gains are over."""
    if not standard:
        return []
    controls = dict.fromkeys(cache.models.controls(overview.table["model"]).values())
    return [standard, *(name for name in controls if kinds[name].architecture == kinds[standard].architecture)]


def _chosen(overview: Overview, kinds: Mapping[str, rows.Kind], pinned: Sequence[str]) -> tuple[pd.DataFrame, str, int]:
    """The rows to show, best first and after those that are ranked the others, how they are grouped, and how many are hidden.

    The pinned ones are never hidden.
    """
    table = overview.table
    table = table.assign(
        architecture=[kinds[m].architecture for m in table["model"]],
        training=[kinds[m].training for m in table["model"]],
        family=[kinds[m].family for m in table["model"]],
    )
    if len(table) <= 3:
        return _best_first(table, overview, "mean"), "none", 0
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_controls"):
        wanted = st.text_input(
            "Search", key=f"{KEY}_find", bind="query-params", placeholder="model or training", width=220, max_chars=100
        )
        order = selection.selectbox(
            "Sort by", list(ORDERS), key=f"{KEY}_order", kind="order", text=ORDERS.__getitem__, width=190
        )
        by = selection.segmented("Group by", list(GROUPS), key=f"{KEY}_group", kind="group", text=GROUPS.__getitem__)
        everything = len(table) > FIT and selection.toggle(f"Show all {len(table)}", key=f"{KEY}_all")
    if wanted:
        words = (
            table["model"] + " " + table["architecture"] + " " + table["training"] + " " + table["family"]
        ).str.lower()
        table = table[words.str.contains(wanted.strip().lower(), regex=False)]
    table = _best_first(table, overview, order)
    if everything or wanted or len(table) <= FIT:
        return table, by, 0
    groups = table["model"].str[:0] if by == "none" else table[by]
    best = table[table.groupby(groups).cumcount() < max(1, FIT // groups.nunique())].head(2 * FIT)
    kept = table[table.index.isin(best.index) | table["model"].isin(pinned)]
    return kept, by, len(table) - len(kept)


def _best_first(table: pd.DataFrame, overview: Overview, column: str) -> pd.DataFrame:
    # A table without rows would take the rows of what is assigned to it.
    ordered = table.assign(ranked=overview.ranked(column).reindex(table.index)).sort_values(
        ["ranked", column], ascending=False, na_position="last", kind="stable"
    )
    return ordered.drop(columns="ranked")
