"""Every attack that was evaluated, as a table: whatever its settings, and whatever it was crafted on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.widgets import figure, states
from robustcore.display import display_name
from robustcore.reports.attacks import evaluated

_ITSELF = "the model itself"


def show(prefix: str, table: pd.DataFrame) -> None:
    """Draw the table of `evaluated.attacks`, and say what is stored and unknown here."""
    for note in table.attrs["notes"]:
        states.notice(note.text)
    if table.empty:
        return
    with st.container(border=True, key=f"card-{prefix}-every-attack"):
        st.subheader("Every attack that was evaluated", anchor=False)
        st.caption(
            "A row for each model, attack and setting; transfer rows name the model that the images were crafted on."
        )
        rows = _chosen(prefix, table)
        formatted = rows.assign(
            attack=rows["attack"].map(lambda name: display_name(name, "attack")),
            surrogate=rows["surrogate"].where(rows["surrogate"] != "", _ITSELF),
            **{name: 100 * rows[name] for name in ("accuracy", "low", "high", "success")},
            linf=255 * rows["linf"],
        ).drop(columns="condition")
        st.dataframe(
            formatted,
            hide_index=True,
            width="stretch",
            height=min(420, 38 + 35 * len(formatted)),
            column_config=_columns(),
        )
        st.caption(states.plain(evaluated.footer(table).text))
        figure.download_csv(rows, f"{prefix}-every-attack")


def _chosen(prefix: str, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the attacks and of what they were crafted on that are chosen."""
    names = list(dict.fromkeys(table["attack"]))
    crafted = list(dict.fromkeys(table["surrogate"]))
    if len(names) > 1:
        wanted = selection.pills(
            "Attacks",
            names,
            key=f"{prefix}_attacks",
            kind="attack",
            text=lambda name: display_name(name, "attack"),
            help="Choose none for all.",
        )
        table = table[table["attack"].isin(wanted or names)]
    if len(crafted) > 1:
        on = selection.pills(
            "Source model",
            crafted,
            key=f"{prefix}_crafted_on",
            kind="model",
            text=lambda name: name or _ITSELF,
            help="Choose none for all.",
        )
        table = table[table["surrogate"].isin(on or crafted)]
    return table.reset_index(drop=True)


def _columns() -> dict[str, Any]:
    """How each column is written."""
    config = st.column_config
    return {
        "model": config.TextColumn("Model", pinned=True),
        "attack": config.TextColumn("Attack"),
        "settings": config.TextColumn("Settings", help="Empty for the attack's or the preset's own."),
        "surrogate": config.TextColumn("Source model"),
        "n": config.NumberColumn("Images", format="localized"),
        "accuracy": config.NumberColumn("Accuracy", format="%.1f %%"),
        "low": config.NumberColumn("95 % from", format="%.1f", help="Wilson."),
        "high": config.NumberColumn("to", format="%.1f"),
        "success": config.NumberColumn("Success", format="%.1f %%", help="The attack reached its goal."),
        "linf": config.NumberColumn("L-inf, of 255", format="%.2f", help="Mean largest change of a value."),
        "l2": config.NumberColumn("L2", format="%.3f", help="Mean length of the change, pixels in 0 to 1."),
    }
