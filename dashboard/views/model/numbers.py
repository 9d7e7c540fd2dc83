"""The accuracies of a model by family, next to those of standard training, and what breaks it first."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from dashboard.widgets import addresses, figure, links, markup, states
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.reports.overview import findings, model_profile
from robustcore.reports.overview.overview import EPS, WITHOUT, Overview

_TITLES = {
    "clean": "Clean images",
    "attack_1": f"Attack (PGD, ε = {findings.eps(EPS[0])})",
    "attack_2": f"Attack (PGD, ε = {findings.eps(EPS[1])})",
    "shifted": "Natural shifts",
}


def show(overview: Overview, model: str, standard: str, *, as_long: bool) -> None:
    """The table with bars, and two sentences; `as_long`: whether the standard model was trained for as long."""
    other = "" if standard == model else standard
    table = model_profile.profile(overview, model, other)
    with st.container(border=True, key="card-model-numbers"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("What does it withstand?", anchor=False)
            states.origin_badge(overview.provenance.shipped)
        st.markdown(_broken(overview, model))
        markup.show(_table(table, other, as_long), key="model_numbers")
        st.caption(states.plain(_small_print(overview, model)))
        with st.container(horizontal=True):
            links.to(
                "compare",
                "Corruption by corruption",
                addresses.compare([m for m in (model, other) if m], view="corruptions"),
            )
            figure.download_csv(table, "model_numbers")


def _row(overview: Overview, model: str) -> Mapping[Hashable, Any]:
    return {str(row["model"]): row for row in overview.table.to_dict("records")}[model]


def _small_print(overview: Overview, model: str) -> str:
    row = _row(overview, model)
    attacked = f", {row['attack_images']:,} under attack" if row["attack_images"] else ""
    return (
        f"Accuracy; of a family the mean over its corruptions and their severities; natural shifts: mean over the sets {WITHOUT}. "
        f"Test images of scenes: {row['n']:,}{attacked}; seed 0."
    )


def _broken(overview: Overview, model: str) -> str:
    """What breaks the model first, and where it is least accurate."""
    row = _row(overview, model)
    parts = []
    if name := str(row["broken_name"] or ""):
        parts.append(
            f"**{display_name(name, 'corruption')}** breaks it first: severity {row['broken_severity']} "
            f"leaves {100 * float(row['broken_at']):.0f} %."
        )
    elif row["conditions"]:
        parts.append("No corruption halves its clean accuracy.")
    if row["attack_known"] and not math.isnan(float(row["broken_eps"])):
        parts.append(f"The smallest attack that does: PGD at ε = {findings.eps(float(row['broken_eps']))}.")
    if worst := model_profile.hardest(overview, model, 3):
        listed = ", ".join(f"{display_name(n, 'corruption', inside=True)} {100 * a:.0f} %" for n, a in worst)
        parts.append(f"Hardest on average: {listed}.")
    return " ".join(parts)


def _table(table: pd.DataFrame, other: str, as_long: bool) -> Markup:
    standard = "Standard training for as long" if as_long else "Standard training"
    heads = ["Under", "This model", *([standard, "Difference"] if other else [])]
    head = Markup().join(Markup('<th scope="col">{}</th>').format(each) for each in heads)
    body = Markup()
    for row in table.to_dict("records"):
        part, conditions = str(row["part"]), int(row["conditions"])
        title = _TITLES.get(part) or corruptions.families.title(part)
        small = f"{conditions} corruption{'s' * (conditions > 1)}" if conditions else ""
        cells = _value(heads[1], float(row["value"]))
        if other:
            gain = float(row["difference"])
            text = "–" if math.isnan(gain) else f"{100 * gain:+.1f} points"
            cells += _value(heads[2], float(row["other"])) + Markup('<td data-head="{}">{}</td>').format(heads[3], text)
        body += Markup('<tr><th scope="row">{}<small>{}</small></th>{}</tr>').format(title, small, cells)
    return Markup('<table class="rc-models"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, body)


def _value(head: str, value: float) -> Markup:
    if math.isnan(value):
        return Markup('<td data-head="{}"><span class="rc-muted">not evaluated</span></td>').format(head)
    return Markup(
        '<td data-head="{}">{:.1f}\N{NO-BREAK SPACE}%<span class="rc-bar"><i style="width:{:.1f}%"></i></span></td>'
    ).format(head, 100 * value, 100 * value)
