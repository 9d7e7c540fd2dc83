"""Accuracy against the budget of an attack: curves of a few models, a table of colours of many."""

from __future__ import annotations

import pandas as pd

from dashboard.session import selection
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from robustcore.calls import Call
from robustcore.reports.attacks import robust_accuracy

_TITLE = "Accuracy against the budget of an attack"


def view(stored: Stored) -> View:
    """The curves, or the table."""
    from robustcore.figures import under_attack

    rows = stored.few(stored.curves)
    return _table(stored, rows) if rows.value["model"].nunique() > under_attack.FEW else _curves(stored, rows)


def _curves(stored: Stored, rows: Call) -> View:
    """Of many models those that are shown first, without what was crafted on others: the view of transfer has it."""
    from robustcore.figures import under_attack

    drawn = Call(robust_accuracy.bounded, rows, white_box=bool(stored.first), name="rows")
    crafted = "; dashed: crafted on another model" if (drawn.value["access"] != robust_accuracy.WHITE).any() else ""
    footer = Call(robust_accuracy.curve_footer, drawn)
    return View(
        "robust-accuracy",
        _TITLE,
        f"A colour is a model. Solid: PGD, dotted: FGSM, both knowing the model{crafted}. Lower and faster means easier to fool."
        f"{stored.sentence}",
        drawn.value,
        footer.value,
        Call(under_attack.eps_curves, drawn, footer=footer, name="figure"),
        origin=stored.curves.value.attrs["provenance"],
    )


def _table(stored: Stored, rows: Call) -> View:
    """Of many models a table of colours: their lines would hide each other."""
    from robustcore.figures import under_attack

    table: pd.DataFrame = rows.value
    names = {str(name): str(name).upper() for name in table["attack"].unique()}
    attack = selection.segmented(
        "Attack", sorted(names, reverse=True), key=f"{KEY}_budget", kind="attack", text=names.__getitem__
    )
    drawn = Call(robust_accuracy.bounded, rows, attack=attack, white_box=True, name="rows")
    footer = Call(robust_accuracy.footer, drawn)
    return View(
        "robust-accuracy",
        _TITLE,
        f"Each row is a model, the hardest to fool on top, its clean accuracy beside its name; columns are what {names[attack]} "
        f"may change, knowing the model. Choose at most {under_attack.FEW} models to see curves, and attacks crafted on others in them."
        f"{stored.sentence}",
        drawn.value,
        footer.value,
        Call(under_attack.budgets, drawn, footer=footer, name="figure"),
        origin=stored.curves.value.attrs["provenance"],
        wide=True,
    )
