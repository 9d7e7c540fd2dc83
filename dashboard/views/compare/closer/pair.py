"""The view of two models against each other: only where they differ."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import metric_views, python_code
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from robustcore.calls import Call, Node
from robustcore.display import display_name
from robustcore.reports.compare.closer import two_models
from robustcore.reports.compare.comparison import Comparison


def controls(choice: Choice) -> Settings:
    """The two models: to start with the first two pinned ones, or the first chosen one and its baseline."""
    offered = metric_views.offered(choice)
    start = [*choice.pinned, *(m for m in choice.models if m not in choice.pinned)]
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_pair"):
        left = st.container(width="content")  # which is chosen after the other, since they are never the same
        second = metric_views.pick_baseline(choice, "Second model", f"{KEY}_second", choice.pinned[1:2])
        others = [m for m in offered if m != second]
        if not others:
            return Settings(baseline=second)
        with left:
            first = selection.selectbox(
                "First model",
                others,
                key=f"{KEY}_first",
                kind="model",
                default=next((m for m in start if m != second), None),
                width=320,
            )
    return Settings(baseline=second, first=first)


def differences(results: Node, choice: Choice, settings: Settings) -> View | str:
    """The paired difference under each condition."""
    from robustcore.figures.comparing import paired

    first, second = settings.first, settings.baseline
    comparison: Comparison = results.value
    if not first:
        return "There is only one model here: evaluate another one to compare it with."
    for model in (first, second):
        if model not in comparison.models:
            return f"Nothing is stored of {model} under these conditions: choose another model."
    answers = python_code.single_answers(choice, results)
    call = compare.cached(
        Call(two_models.differences, results, first, second, answers=answers, name="table"), comparison, choice.data
    )
    table: pd.DataFrame = call.value
    footer = Call(two_models.footer, results, first, second, call)
    return View(
        "two-models",
        f"{first} against {second}: where do they differ?",
        f"To the right of 0 the first is better. {_in_words(table, first, second)}",
        table,
        footer.value,
        Call(paired.paired_differences, call, first, second, footer=footer, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
        pair=(first, second),
    )


def _in_words(table: pd.DataFrame, first: str, second: str) -> str:
    """Under how many conditions which of the two is better beyond chance, and where most."""
    conditions = table[table["name"] != two_models.MEAN]
    rows = conditions[conditions["low"].notna()]
    if rows.empty:
        return "There are no intervals, so that chance may explain a small difference."
    better, worse = rows[rows["low"] > 0], rows[rows["high"] < 0]
    said = []
    for model, own, ascending in ((first, better, False), (second, worse, True)):
        if len(own):
            most = own.sort_values("difference", ascending=ascending).iloc[0]
            said.append(
                f"{model} is better under {len(own)} of {len(rows)}, most under {display_name(str(most['name']), inside=True)} "
                f"({abs(100 * most['difference']):.1f} points)"
            )
    same = len(rows) - len(better) - len(worse)
    said.append(f"the intervals of {same} have 0 in them")
    if len(rows) < len(conditions):
        said.append(f"{len(conditions) - len(rows)} have no interval")
    return f"{'; '.join(said)}. Click a mark for the images that only one holds."
