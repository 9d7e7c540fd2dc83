"""The models of the Overview: searched, grouped, best first; with what is missing, where it comes from, and the files."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.views.overview import addresses, model_table, rows
from dashboard.views.overview.addresses import KEY
from dashboard.widgets import figure, labels, links, report, states
from robustcore.reports.overview.overview import Overview

FIT = 12  # rows that are read at a glance; of more models the best of each group
ORDERS = {
    "mean": "Corruptions",
    "clean": "Clean images",
    "attack_1": "Attack",
    "shifted": "Natural shifts",
    "balance": "Trade-off",
}
GROUPS = {"family": "Training", "architecture": "Architecture", "none": "Not at all"}
_COLUMNS = {"Corruptions": "mean", "Attacks": "attack_1", "Natural shifts": "shifted"}


def show(found: Overview, kinds: Mapping[str, rows.Kind], dataset: str) -> None:
    """Models against what they were tried on, and what is needed to trust it."""
    with st.container(border=True, key=f"card-{KEY}"):
        st.subheader("How each model holds up", anchor=False)
        st.caption(
            "Accuracy, higher is better; a bar is full at 100 %. What breaks a model first is the corruption that leaves it less "
            "than half of its clean accuracy at the lowest severity (1 to 5), and the smallest attack (eps, the change allowed "
            "for each pixel value) that does. Numbers and names lead to the page that proves them."
        )
        table, by, hidden = _chosen(found.table, kinds)
        if table.empty:
            st.caption("No model has that in its name, its architecture or its training.")
        else:
            model_table.show(rows.headings(found), rows.grouped(table, found, kinds, by, dataset), key=f"{KEY}_models")
        if hidden:
            st.caption(f"The best of each group; {hidden} more models stand behind “Show all”, and in the search.")
        _shifts(found, table)
        for note in found.notes:
            st.caption(states.plain(note))
        missing = [title for title, column in _COLUMNS.items() if found.table[column].isna().all()]
        if dataset != "scenes":  # whether there are shifts of somebody's own images nobody here knows
            missing = [title for title in missing if title != "Natural shifts"]
        if missing:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"Not evaluated for any of these models: {', '.join(missing).lower()}.")
                links.to(
                    "evaluate", "Evaluate them", addresses.evaluation(missing, dataset, list(found.table["model"]))
                )
        st.caption(
            states.plain(
                found.provenance.sentence(
                    formula="Corruptions: mean over the severities of each, then over them; natural shifts: mean over the sets; "
                    "attack: PGD in L-inf, 10 steps, which knows the model"
                )
            )
        )
        figure.evidence(found.provenance, KEY)
        with st.container(horizontal=True):
            figure.download_csv(found.table, KEY)
            report.button(tuple(table.loc[table["conditions"] > 0, "model"]), dataset, key=KEY)


def _shifts(found: Overview, table: pd.DataFrame) -> None:
    """Each shifted set, behind a switch: their mean hides which of them a model fails on."""
    sets = found.by_condition[found.by_condition["kind"] == "shift"]
    if sets.empty or not selection.toggle("Natural shifts, set by set", key=f"{KEY}_shifts"):
        return
    known = [m for m in table["model"] if m in set(sets["model"])]
    square = sets.pivot(index="model", columns="name", values="accuracy").reindex(known)
    shown = 100 * square[list(dict.fromkeys(sets["name"]))]
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.rename(columns=labels.pretty).reset_index().rename(columns={"model": "Model"}),
        hide_index=True,
        column_config={labels.pretty(name): number(format="%.1f %%") for name in shown.columns},
    )


def _chosen(table: pd.DataFrame, kinds: Mapping[str, rows.Kind]) -> tuple[pd.DataFrame, str, int]:
    """The rows that are shown, best first, how they are grouped, and how many are not shown."""
    table = table.assign(
        architecture=[kinds[m].architecture for m in table["model"]],
        training=[kinds[m].training for m in table["model"]],
        family=[kinds[m].family for m in table["model"]],
    )
    if len(table) <= 3:
        return table.sort_values("mean", ascending=False, na_position="last", kind="stable"), "none", 0
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_controls"):
        wanted = st.text_input(
            "Find", key=f"{KEY}_find", bind="query-params", placeholder="a model, a training", width=220, max_chars=100
        )
        order = selection.selectbox(
            "Best first in", list(ORDERS), key=f"{KEY}_order", kind="order", text=ORDERS.__getitem__, width=190
        )
        by = selection.segmented("Grouped by", list(GROUPS), key=f"{KEY}_group", kind="group", text=GROUPS.__getitem__)
        everything = len(table) > FIT and selection.toggle(f"Show all {len(table)}", key=f"{KEY}_all")
    if wanted:
        words = (
            table["model"] + " " + table["architecture"] + " " + table["training"] + " " + table["family"]
        ).str.lower()
        table = table[words.str.contains(wanted.strip().lower(), regex=False)]
    table = table.sort_values(order, ascending=False, na_position="last", kind="stable")
    if everything or wanted or len(table) <= FIT:
        return table, by, 0
    groups = table["model"].str[:0] if by == "none" else table[by]
    shown = table[table.groupby(groups).cumcount() < max(1, FIT // groups.nunique())].head(2 * FIT)
    return shown, by, len(table) - len(shown)
