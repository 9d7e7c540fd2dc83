"""What holds against every attack: the share of images that none changes within a budget, and what each leaves."""

from __future__ import annotations

import pandas as pd

from dashboard.session import selection
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from dashboard.widgets import labels
from robustcore.attacks.budgets import TITLES, written
from robustcore.calls import Call
from robustcore.reports.attacks import union


def view(stored: Stored) -> View:
    """The bars, or of many models the colours, of one budget."""
    from robustcore.figures import under_attack

    table: pd.DataFrame = stored.unions.value
    budgets = [(str(norm), float(eps)) for norm, eps in table[["norm", "eps"]].drop_duplicates().to_numpy()]
    budgets.sort(key=lambda budget: (budget[0] != "linf", budget[1]))
    norm, eps = selection.selectbox(
        "Budget",
        budgets,
        key=f"{KEY}_union_budget",
        kind="budget",
        default=stored.budget,
        text=_budget,
        width=320,
        help="How far an attack may change an image. Smaller budgets are part of larger ones.",
    )
    stored = stored.at((norm, eps))  # by which the models are chosen that are shown first
    rows = Call(union.at_budget, stored.unions, norm, eps, name="rows")
    shown = stored.few(rows)
    footer = Call(union.footer, shown)
    every = rows.value[rows.value["attack"] == union.EVERY]
    return View(
        "attack-union",
        "What holds against every attack",
        f"{_headline(every, (norm, eps))} The share of images that are classified correctly and stay so: under all stored attacks "
        "within the budget, and under each at it that knows the model. An attack that leaves much more than all together is not "
        f"the one to judge by.{stored.sentence}",
        shown.value,
        footer.value,
        Call(under_attack.held, shown, footer=footer, name="figure"),
        origin=table.attrs["provenance"],
        notes=tuple(union.unequal(rows.value)),
        wide=shown.value["model"].nunique() > under_attack.FEW,
    )


def _budget(budget: tuple[str, float]) -> str:
    norm, eps = budget
    return f"{TITLES[norm]} {written(eps, norm)}"


def _headline(every: pd.DataFrame, budget: tuple[str, float]) -> str:
    """The model of which most images hold; the rows are in this order."""
    best = every.iloc[0]
    several = f"{int(best['attacks'])} evaluated attack{'' if best['attacks'] == 1 else 's'}"
    share = (
        f"{labels.percent(float(best['value']))} of the images (95 % interval {labels.percent(float(best['low']))} to "
        f"{labels.percent(float(best['high']))}) hold against all {several} within {_budget(budget)}"
    )
    name = str(best["model"])
    return f"{name}: {share}." if len(every) == 1 else f"Of {len(every)} models {name} holds best: {share}."
