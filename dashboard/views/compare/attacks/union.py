"""What holds against every attack: the headline of Compare > Attacks, with a bar for each attack of the budget."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.views.compare import first_models
from dashboard.widgets import figure, labels, states
from robustcore import attacks
from robustcore.attacks.budgets import TITLES, written
from robustcore.figures import bars, heatmap
from robustcore.reports.attacks import union as unions
from robustcore.reports.emphasis import Emphasis

FEW = 8  # models whose bars can be told apart
_TELLING = 0.4  # share of images that hold at which models differ most
_STRONGEST = attacks.get("autoattack").title
_SCALE = bars.Scale(title="images that hold (%)", factor=100, number=".1f", unit=" %", limits=(0, 100))


def pick(prefix: str, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of one budget, which is chosen among those that attacks were evaluated at; all of none."""
    if table.empty:
        return table
    budgets = [(str(norm), float(eps)) for norm, eps in table[["norm", "eps"]].drop_duplicates().to_numpy()]
    budgets.sort(key=lambda budget: (budget[0] != "linf", budget[1]))
    chosen = selection.selectbox(
        "Budget",
        budgets,
        key=f"{prefix}_union_budget",
        kind="budget",
        default=_usual(table, budgets),
        text=_budget,
        help="How far an attack may change an image. Smaller budgets are part of larger ones.",
    )
    rows = table[(table["norm"] == chosen[0]) & (table["eps"] == chosen[1])]
    rows.attrs |= table.attrs
    return rows


def show(prefix: str, rows: pd.DataFrame, first: Emphasis) -> None:
    """Draw the headline and, of the models that are shown first, the bars of one budget; nothing where no attack with a budget is stored."""
    if rows.empty:
        return
    chosen = str(rows["norm"].iloc[0]), float(rows["eps"].iloc[0])
    every = rows[rows["attack"] == unions.EVERY].sort_values("value", ascending=False, kind="stable")
    st.markdown(_headline(every, chosen))
    for note in unions.unequal(rows):
        states.notice(note.text)
    shown = first_models.few(rows, first)
    _bars(prefix, shown, list(first.rows(every)["model"]), chosen)


def _usual(table: pd.DataFrame, budgets: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """The budget at which models differ most: where about 40 % hold. Of those of AutoAttack where there are some, and in L-inf."""
    shares = table[table["attack"] == unions.EVERY].groupby(["norm", "eps"])["value"].mean()
    strong = set(table.loc[table["attack"] == _STRONGEST, ["norm", "eps"]].itertuples(index=False, name=None))
    return min(
        budgets, key=lambda budget: (budget not in strong, budget[0] != "linf", abs(float(shares[budget]) - _TELLING))
    )


def _budget(budget: tuple[str, float]) -> str:
    norm, eps = budget
    return f"{TITLES[norm]} {written(eps, norm)}"


def _headline(every: pd.DataFrame, budget: tuple[str, float]) -> str:
    best = every.iloc[0]
    several = f"{int(best['attacks'])} evaluated attack{'' if best['attacks'] == 1 else 's'}"
    share = (
        f"**{labels.percent(float(best['value']))}** of the images (95 % interval {labels.percent(float(best['low']))} to "
        f"{labels.percent(float(best['high']))}) hold against all {several} within {_budget(budget)}"
    )
    name = states.plain(str(best["model"]))
    return f"{name}: {share}." if len(every) == 1 else f"Of {len(every)} models {name} holds best: {share}."


def _bars(prefix: str, rows: pd.DataFrame, models: Sequence[str], budget: tuple[str, float]) -> None:
    footer = unions.footer(rows)
    # The union first, then the attacks by name; within each the model that holds best.
    places = {model: place for place, model in enumerate(models)}
    order = rows.assign(
        name=rows["attack"],
        single=rows["attack"] != unions.EVERY,
        place=[places[str(model)] for model in rows["model"]],
    )
    drawn = order.sort_values(["single", "name", "place"], kind="stable")
    alt = f"Share of images that hold against each attack and against all within {_budget(budget)}"
    if len(models) > FEW:
        picture = heatmap.heatmap(drawn, _SCALE, footer=footer.text, alt=alt)
    else:
        picture = bars.condition_bars(drawn, _SCALE, footer=footer.text, alt=alt)
    figure.card(
        picture,
        key=f"{prefix}-attack-union",
        title="What holds against every attack",
        says="The share of images that are classified correctly and stay so: under all stored attacks within the budget, and under each "
        "one at it that knows the model. An attack that leaves much more than all together is not the one to judge by.",
        table=rows,
        footer=footer,
        origin=rows.attrs["provenance"],
    )
