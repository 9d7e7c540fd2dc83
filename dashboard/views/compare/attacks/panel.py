"""The panel of robust accuracy: curves against eps, whom attacks transfer to, and signs of masked gradients."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import selection
from dashboard.views.compare import first_models
from dashboard.views.compare.attacks import every_attack, nearest, presets, union
from dashboard.views.compare.controls import Choice
from dashboard.widgets import figure, states
from robustcore.figures import robust_accuracy as figures
from robustcore.notes import Note
from robustcore.reports.attacks import robust_accuracy
from robustcore.reports.attacks.union import EVERY
from robustcore.reports.emphasis import Emphasis

FEW = 8  # models whose curves can be told apart


def panel(prefix: str, models: Sequence[str], choice: Choice) -> None:
    """Accuracy under attack of the models, as far as it is stored; of many models that of those that are shown first."""
    data, seed = choice.data, choice.seed
    st.subheader("Under attack", anchor=False)
    table = cache.results.robust_accuracy(tuple(models), data, seed)
    held = union.pick(prefix, cache.results.attack_unions(tuple(models), data, seed))
    first = _first(choice, held, table)
    if said := first_models.of_emphasis(first).strip():
        st.caption(f"{said} The table at the end has all; so have the figures with “All {len(models)} by name”.")
    union.show(prefix, held, first)
    nearest.show(prefix, models, data, seed, first)
    presets.show(prefix, models, data, seed, first)
    every, shown = table, first_models.few(table, first)
    table = every if shown.empty else shown  # they were chosen by other attacks
    if table.empty and not every_attack.show(prefix, models, data, seed):
        states.empty(
            "None of these models has been evaluated under attack",
            "Choose the suite “autoattack” or “robust-accuracy” on the page Evaluate.",
            icon=":material/bolt:",
        )
    if table.empty:
        return
    if table["model"].nunique() > FEW:
        _budgets(prefix, table)
    else:
        _curves(prefix, table, first)
    _signs(cache.results.masked_gradients(tuple(models), data, seed))
    _transfer(prefix, every, first)
    every_attack.show(prefix, models, data, seed)


def _first(choice: Choice, held: pd.DataFrame, table: pd.DataFrame) -> Emphasis:
    """The models that every figure under attack has, by what holds against all attacks of the budget, or by accuracy under PGD."""
    values = held[held["attack"] == EVERY]
    if values.empty:
        values = table[(table["attack"] == "pgd") & (table["access"] == "white-box") & (table["eps"] > 0)]
        values = values.assign(value=values["accuracy"])
    return first_models.of(choice, values[["model", "value"]])


def _curves(prefix: str, table: pd.DataFrame, first: Emphasis) -> None:
    """Of many models those that are shown first, without what was crafted on others: the table of transfer has it."""
    crafted = "; dashed: crafted on another model"
    if first.is_partial:
        crafted, kept = "", table["access"] == "white-box"
        rows = table[kept]
        rows.attrs |= table.attrs
        table = rows
    footer = robust_accuracy.curve_footer(table)
    drawn = figures.eps_curves(
        table[table["eps"] < 1], footer=footer.text, alt="Accuracy against eps for each model and attack"
    )
    figure.card(
        drawn,
        key=f"{prefix}-robust-accuracy",
        title="Accuracy against the budget of an attack",
        says=f"A colour is a model. Solid: PGD, dotted: FGSM, both knowing the model{crafted}. Lower and faster means easier to fool.",
        table=table,
        footer=footer,
        origin=table.attrs["provenance"],
    )


def _budgets(prefix: str, table: pd.DataFrame) -> None:
    """Of many models a table of colours: their lines would hide each other."""
    rows = table[(table["access"] == "white-box") & (table["eps"] < 1)]
    names = {name: name.upper() for name in rows["attack"].unique()}
    attack = selection.segmented(
        "Attack", sorted(names, reverse=True), key=f"{prefix}_budget", kind="attack", text=names.__getitem__
    )
    footer = robust_accuracy.footer(table)
    drawn = figures.budgets(
        rows[rows["attack"] == attack], footer=footer.text, alt="Accuracy of each model at each eps"
    )
    figure.card(
        drawn,
        key=f"{prefix}-robust-accuracy",
        title="Accuracy against the budget of an attack",
        says=f"Each row is a model, the hardest to fool on top, its clean accuracy beside its name; columns are what {names[attack]} "
        f"may change, knowing the model. Choose at most {FEW} models to see curves, and attacks crafted on others in them.",
        table=table,
        footer=footer,
        origin=table.attrs["provenance"],
    )


def _signs(signs: Sequence[Note]) -> None:
    """Of all models, whichever are drawn."""
    if not signs:
        st.caption(
            "No sign of masked gradients: ten steps do better than one, knowing the model helps, and an unbounded attack wins."
        )
    for sign in signs:
        states.notice(sign.text)


def _transfer(prefix: str, table: pd.DataFrame, first: Emphasis) -> None:
    """Rows judge, columns craft, at the radius that most pairs are evaluated at; of many models those judge that are shown first."""
    iterative = table[(table["attack"] == "pgd") & (table["eps"] > 0) & (table["eps"] < 1)]
    crafted = iterative["surrogate"].where(iterative["surrogate"] != "", iterative["model"])
    pairs = iterative.assign(crafted=crafted)
    rows = pairs[pairs["access"] != "white-box"]
    if rows.empty:
        return
    pairs_at = rows.groupby("eps").size()
    names = {f"{255 * eps:g}/255": eps for eps in sorted(pairs_at.index)}
    most = next(name for name, eps in names.items() if pairs_at[eps] == pairs_at.max())
    chosen = st.select_slider("eps of the transfer matrix", list(names), most)
    square = pairs[pairs["eps"] == names[chosen]].pivot_table(index="crafted", columns="model", values="accuracy")
    order = [m for m in dict.fromkeys(pairs["model"]) if m in square.index]
    square = square.reindex(index=order, columns=order)
    says = (
        "Rows are the models that judge, columns those that the images were crafted on; the diagonal knows its model."
    )
    footer = robust_accuracy.transfer_footer(first_models.few(table, first), names[chosen])
    alt = "Accuracy of each model on images crafted on each model"
    if len(order) > FEW:
        square = robust_accuracy.judged(square)
        if first.is_partial:
            square = square.loc[[m for m in square.index if m in first.first]].dropna(axis="columns", how="all")
        says = "Rows are the models that judge, columns those that the images were crafted on; what is crafted on itself is hardest."
        drawn = figures.transfer_columns(square, footer=footer.text, alt=alt)
    else:
        drawn = figures.transfer_heatmap(square.T, footer=footer.text, alt=alt)
    figure.card(
        drawn,
        key=f"{prefix}-transfer",
        title="Which models does an attack transfer to?",
        says=says,
        table=square.reset_index(),
        footer=footer,
        origin=table.attrs["provenance"],
    )
