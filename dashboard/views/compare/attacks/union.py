"""What holds against every attack: the share of images that none changes within a budget, and what each leaves."""

from __future__ import annotations

import pandas as pd

from dashboard.session import selection
from dashboard.views.compare import first_models, python_code
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from dashboard.widgets import labels
from robustcore.attacks.budgets import NORMS, TITLES, written
from robustcore.calls import Call
from robustcore.reports.attacks import union


def view(stored: Stored) -> View:
    """The bars, or of many models the colours, of one budget."""
    from robustcore.figures import under_attack

    stored, budget, rows = _pick(stored)
    shown = stored.few(rows)
    footer = Call(union.footer, shown)
    return View(
        "attack-union",
        "What holds against each attack",
        f"{_headline(union.together(rows.value), budget)} The share of images that are classified correctly and stay so: under all stored "
        "attacks within the budget, and under each at it that knows the model. An attack that leaves much more than all together is not "
        f"the one to judge by.{stored.sentence}",
        shown.value,
        footer.value,
        Call(under_attack.held, shown, footer=footer, name="figure"),
        origin=stored.unions.value.attrs["provenance"],
        notes=tuple(union.unequal(rows.value)),
        wide=shown.value["model"].nunique() > under_attack.FEW,
    )


def ranking(stored: Stored) -> View:
    """All models in order of what holds against every attack of one budget."""
    from robustcore.figures import under_attack

    stored, budget, rows = _pick(stored)
    every = Call(union.together, rows, name="together")
    footer = Call(union.footer, every)
    trained = python_code.families(stored.models, stored.models) if stored.first else None
    families = {} if trained is None else {"families": trained}
    below = first_models.sentence(stored.first, "below, a dot a model and the median of each family")
    return View(
        "attack-union-ranking",
        f"Robust accuracy within {_budget(budget)}",
        f"{_headline(every.value, budget)} The share of images that are classified correctly and that no stored attack within the budget "
        f"changes, with its 95 % interval.{below if stored.first else ''}",
        every.value,
        footer.value,
        Call(under_attack.ranked, every, footer=footer, **families, **stored.first, name="figure"),
        origin=stored.unions.value.attrs["provenance"],
        notes=tuple(union.unequal(rows.value)),
    )


def _pick(stored: Stored) -> tuple[Stored, tuple[str, float], Call]:
    """The rows of one budget, and the models that are shown first by it."""
    table: pd.DataFrame = stored.unions.value
    budgets = [(str(norm), float(eps)) for norm, eps in table[["norm", "eps"]].drop_duplicates().to_numpy()]
    budgets.sort(key=lambda budget: (NORMS.index(budget[0]), budget[1]))
    norm, eps = selection.selectbox(
        "Budget",
        budgets,
        key=f"{KEY}_union_budget",
        kind="budget",
        default=stored.budget,
        text=_budget,
        width=320,
        help="How far an attack may change an image. Smaller budgets are part of larger ones; norms are never mixed.",
    )
    stored = stored.at((norm, eps))
    return stored, (norm, eps), Call(union.at_budget, stored.unions, norm, eps, name="rows")


def _budget(budget: tuple[str, float]) -> str:
    norm, eps = budget
    return f"{TITLES[norm]} {written(eps, norm)}"


def _headline(every: pd.DataFrame, budget: tuple[str, float]) -> str:
    """The model of which most images hold; the rows are in this order."""
    best = every.iloc[0]
    several = f"{int(best['attacks'])} evaluated attack{'' if best['attacks'] == 1 else 's'}"
    share = (
        f"{labels.percent(float(best['value']))} of {int(best['n']):,} images (95 % interval {labels.percent(float(best['low']))} to "
        f"{labels.percent(float(best['high']))}) hold against all {several} within {_budget(budget)}"
    )
    name = str(best["model"])
    return f"{name}: {share}." if len(every) == 1 else f"Of {len(every)} models {name} holds best: {share}."
