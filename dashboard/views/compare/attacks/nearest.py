"""How small a change fools each model: robust accuracy against eps from one run, and the medians."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.widgets import figure
from robustcore.attacks.budgets import TITLES
from robustcore.figures import robust_accuracy as figures
from robustcore.reports.attacks import nearest
from robustcore.reports.emphasis import Emphasis

FEW = 8  # models whose curves can be told apart


def show(prefix: str, models: Sequence[str], data: Data, seed: int, first: Emphasis) -> None:
    """Draw the curves of one norm, of many models those that are shown first; nothing where no attack that looks for the nearest image is stored."""
    table = cache.results.nearest_changes(tuple(models), data, seed)
    if table.empty:
        return
    norms = [norm for norm in TITLES if norm in set(table["norm"])]
    norm = norms[0]
    if len(norms) > 1:
        norm = selection.segmented(
            "Norm of the smallest change", norms, key=f"{prefix}_nearest_norm", kind="norm", text=TITLES.__getitem__
        )
    medians = sorted((m for m in table.attrs["medians"] if m.norm == norm), key=lambda m: -m.value)
    if first.is_partial:
        medians = [m for m in medians if m.model in first.first]
    shown = [m.model for m in medians[:FEW]]
    rows = table[(table["norm"] == norm) & table["model"].isin(shown)]
    rows.attrs |= table.attrs
    scale = 255 if norm == "linf" else 1
    unit = "n/255, L-inf" if norm == "linf" else f"{TITLES[norm]}, pixels in 0 to 1"
    footer = nearest.footer(rows)
    order = {model: place for place, model in enumerate(shown)}
    drawn = rows.assign(eps=scale * rows["eps"]).sort_values("model", key=lambda m: m.map(order), kind="stable")
    figure.card(
        figures.nearest_curves(
            drawn, unit=unit, footer=footer.text, alt=f"Share of images that hold against eps in {TITLES[norm]}"
        ),
        key=f"{prefix}-nearest",
        title="How small a change fools the model?",
        says=_says(medians),
        table=rows,
        footer=footer,
        origin=table.attrs["provenance"],
    )


def _says(medians: Sequence[nearest.Median]) -> str:
    several = [
        f"{m.model} {_length(m.value, m.norm)} ({_length(m.low, m.norm)} to {_length(m.high, m.norm)})"
        for m in medians[:FEW]
    ]
    rest = (
        "" if len(medians) <= FEW else f" The {FEW} of {len(medians)} models that need the largest changes are drawn."
    )
    return (
        "A line falls where the smallest change that fools the model is reached. The median over the images, clean errors as 0, with "
        f"its 95 % interval: {', '.join(several)}.{rest}"
    )


def _length(value: float, norm: str) -> str:
    if not math.isfinite(value):
        return "not reached"
    return f"{255 * value:.2f}/255" if norm == "linf" else f"{value:.3g}"
