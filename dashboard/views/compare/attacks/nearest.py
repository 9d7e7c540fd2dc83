"""How small a change fools each model: robust accuracy against eps from one run, and the medians."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from dashboard.session import selection
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from robustcore.attacks.budgets import TITLES
from robustcore.calls import Call
from robustcore.reports.attacks import nearest


def view(stored: Stored) -> View:
    """The curves of one norm, of many models those that are shown first."""
    from robustcore.figures import under_attack

    table: pd.DataFrame = stored.nearest.value
    norms = [norm for norm in TITLES if norm in set(table["norm"])]
    norm = norms[0]
    if len(norms) > 1:
        norm = selection.segmented(
            "Norm of the smallest change", norms, key=f"{KEY}_nearest_norm", kind="norm", text=TITLES.__getitem__
        )
    few = stored.few(stored.nearest, "few")
    first = set(few.value["model"])
    medians = sorted((m for m in table.attrs["medians"] if m.norm == norm), key=lambda m: -m.value)
    medians = [m for m in medians if m.model in first]
    shown = [m.model for m in medians[: under_attack.FEW]]
    rows = Call(nearest.drawn, few, norm, shown, name="rows")
    footer = Call(nearest.footer, rows)
    return View(
        "nearest",
        "How small a change fools the model?",
        _says(medians, under_attack.FEW),
        rows.value,
        footer.value,
        Call(under_attack.nearest_curves, rows, footer=footer, name="figure"),
        origin=table.attrs["provenance"],
    )


def _says(medians: Sequence[nearest.Median], most: int) -> str:
    several = [
        f"{m.model} {_length(m.value, m.norm)} ({_length(m.low, m.norm)} to {_length(m.high, m.norm)})"
        for m in medians[:most]
    ]
    rest = (
        "" if len(medians) <= most else f" The {most} of {len(medians)} models that need the largest changes are drawn."
    )
    return (
        "A line falls where the smallest change that fools the model is reached. The median over the images, clean errors as 0, with "
        f"its 95 % interval: {', '.join(several)}.{rest}"
    )


def _length(value: float, norm: str) -> str:
    if not math.isfinite(value):
        return "not reached"
    return f"{255 * value:.2f}/255" if norm == "linf" else f"{value:.3g}"
