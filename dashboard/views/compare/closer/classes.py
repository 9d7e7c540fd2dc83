"""The view of one model class by class: what each class loses under each corruption, and what it is taken for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import python_code
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets import links
from robustcore.calls import Call, Node
from robustcore.display import display_name
from robustcore.reports.compare.closer import classes
from robustcore.reports.compare.comparison import Comparison

_MODEL = f"{KEY}_of"
_SHOWN = {"drop": "Drop of each class", "confusion": "Confusion under each corruption"}


def class_by_class(results: Node, choice: Choice, settings: Settings) -> View | str:
    """The drops of all classes, or a confusion matrix for each condition, of one model."""
    comparison: Comparison = results.value
    own = [s.name for s in comparison.subjects]
    models = [m for m in [*choice.pinned, *choice.models] if m in own]
    if choice.is_published or not models:
        return "Published figures are counts: of which class an image is nobody stored."
    model = selection.selectbox(
        "Model", list(dict.fromkeys(models)), key=_MODEL, kind="model", default=models[0], width=320
    )
    shown = selection.segmented("Show", list(_SHOWN), key=f"{KEY}_classes", kind="view", text=_SHOWN.__getitem__)
    function = classes.drops if shown == "drop" else classes.confusions
    answers = python_code.single_answers(choice, results)
    call = compare.cached(Call(function, results, model, answers=answers, name="table"), comparison, choice.data)
    table: pd.DataFrame = call.value
    if table.empty:
        return "Only counts are stored of these results, not the answers to single images."
    names = next(list(s.classes) for s in comparison.subjects if s.name == model)
    return (
        _drops(results, comparison, call, model, names)
        if shown == "drop"
        else _confusions(results, comparison, call, model, names)
    )


def _drops(results: Node, comparison: Comparison, call: Call, model: str, names: list[str]) -> View:
    from robustcore.figures.comparing import class_by_class as figures

    table: pd.DataFrame = call.value
    worst = table.sort_values("drop", ascending=False, na_position="last").iloc[0]
    footer = Call(classes.drop_footer, results, model)
    kept = table["class"].nunique()
    ends = f" ({100 * worst['low']:.1f} to {100 * worst['high']:.1f})" if pd.notna(worst["low"]) else ""
    return View(
        "class-drop",
        f"What does each class of {model} lose?",
        f"Clean accuracy less accuracy under the {comparison.what}, the class that loses most on top. Most: "
        f"{names[int(worst['class'])]} under {display_name(str(worst['name']), inside=True)}, {100 * worst['drop']:.1f} points{ends} of "
        f"{100 * worst['clean']:.1f} %.",
        table.assign(**{"class": [names[c] for c in table["class"]]}),
        footer.value,
        Call(figures.class_drops, call, model, names, footer=footer, name="figure"),
        None,
        comparison.provenance.only([model]),
        clickable=True,
        wide=True,
        notes=(
            *((classes.classes_with_the_largest_drop(kept, len(names)),) if kept < len(names) else ()),
            *classes.left_out(comparison, model, table),
        ),
    )


def _confusions(results: Node, comparison: Comparison, call: Call, model: str, names: list[str]) -> View:
    from robustcore.figures.comparing import class_by_class as figures

    table: pd.DataFrame = call.value
    footer = Call(classes.confusion_footer, results, model)
    kept = table["class"].nunique()
    return View(
        "class-confusion",
        f"What does {model} take each class for?",
        f"A matrix for each {comparison.what}, all severities together: rows are what is right, columns what is answered. {_most(table, names)}",
        table.assign(**{column: [names[c] for c in table[column]] for column in ("class", "answer")}),
        footer.value,
        Call(figures.confusion_panels, call, model, names, footer=footer, name="figure"),
        None,
        comparison.provenance.only([model]),
        clickable=True,
        wide=True,
        notes=(
            *((classes.classes_with_most_mistakes(kept, len(names)),) if kept < len(names) else ()),
            *classes.left_out(comparison, model, table),
        ),
    )


def _most(table: pd.DataFrame, names: list[str]) -> str:
    """The most frequent mistake."""
    wrong = table[(table["class"] != table["answer"]) & table["share"].notna()]
    if wrong.empty or not wrong["count"].any():
        return "There is no mistake."
    row: dict[Hashable, Any] = wrong.sort_values("share", ascending=False).iloc[0].to_dict()
    return (
        f"Most often {names[row['class']]} is taken for {names[row['answer']]} under {display_name(str(row['name']), inside=True)}: "
        f"{100 * row['share']:.0f} % of its answers."
    )


def onward() -> None:
    """To the pages that look at single images and at confidence."""
    model = str(st.session_state.get(_MODEL) or "")
    with st.container(horizontal=True, gap="small"):
        links.to("images", "Images behind each confusion", {"images_model": model})
        links.to("calibration", "Calibration under corruption", {"calibration_model": model})
