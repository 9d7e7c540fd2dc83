"""Four tiles: balance, coverage, categories and prediction of a selection, a number and a sentence each."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard.views.builder.inputs import CandidateAtlas
from dashboard.widgets import markup, states
from dashboard.widgets.markup import Markup
from robustcore.overlap.correlation import FEW
from robustcore.overlap.criteria import Difference
from robustcore.reports.overlap.benchmark import IMAGENET_C, YOURS, Assessment

_NUMBER = "font-size:1.7rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums"


def show(
    atlas: CandidateAtlas,
    own: Assessment,
    reference: Assessment | None,
    correlations: pd.DataFrame,
    gain: Difference | None,
) -> None:
    """The tiles, two in a row."""
    first, second = st.columns(2, gap="small"), st.columns(2, gap="small")
    _tile(first[0], "Balance", *_balance(atlas, own, reference))
    _tile(first[1], "Coverage", *_coverage(atlas, own, reference))
    _tile(second[0], "Categories", *_categories(own))
    _tile(second[1], "Prediction", *_prediction(correlations, gain))


def _tile(column: st.delta_generator.DeltaGenerator, title: str, number: str, sentence: str) -> None:
    with column, st.container(border=True, height="stretch", gap="small"):
        st.caption(title)
        markup.html(Markup('<div style="{}">{}</div>').format(_NUMBER, number))
        st.caption(states.plain(sentence))


def _balance(atlas: CandidateAtlas, own: Assessment, reference: Assessment | None) -> tuple[str, str]:
    if own.balance is None or math.isnan(own.balance.spread):
        return "–", "Balance needs two or more corruptions with defined overlaps."
    means = own.balance.means["mean"].dropna().sort_values()
    text = (
        f"Spread of the mean overlaps; 0 is balanced. They range from {means.iloc[0]:.2f} ({atlas.display_name(means.index[0])}) "
        f"to {means.iloc[-1]:.2f} ({atlas.display_name(means.index[-1])})."
    )
    if reference is not None and reference.balance is not None and reference.names != own.names:
        text += f" {IMAGENET_C}: {reference.balance.spread:.2f}."
    if own.left_out:
        text += f" Left out: {len(own.left_out)} of {len(own.names)} without defined overlaps."
    return f"{own.balance.spread:.2f}", text


def _coverage(atlas: CandidateAtlas, own: Assessment, reference: Assessment | None) -> tuple[str, str]:
    outside = len(own.coverage)
    if not outside:
        return "all", "Every candidate is in the benchmark."
    covered, not_covered, undecided = (own.count(v) for v in ("covered", "not covered", "undecided"))
    names = [atlas.display_name(str(n)) for n in own.coverage.index[own.coverage["verdict"] == "not covered"]]
    text = "Other candidates covered: they overlap with a member by more than 0.1 (95 % interval)."
    if not_covered:
        text += f" Not covered: {', '.join(names[:3])}{f' and {not_covered - 3} more' if not_covered > 3 else ''}."
    if undecided:
        text += f" Undecided: {undecided}."
    if undefined := own.count("undefined"):
        text += f" No defined overlap: {undefined}."
    if reference is not None and reference.names != own.names and len(reference.coverage):
        text += f" {IMAGENET_C} covers {reference.count('covered')} of {len(reference.coverage)}."
    return f"{covered} of {outside}", text


def _categories(own: Assessment) -> tuple[str, str]:
    inside = len(own.names) - own.uncategorised
    if not inside:
        return f"0 of {own.categories}", "None of these corruptions is in a category: their overlaps are undefined."
    which = f"{inside} of the {len(own.names)}" if own.uncategorised else str(inside)
    text = f"Categories represented, by {which} corruptions. "
    text += (
        "All have the same number."
        if own.deviation == 0
        else f"Their numbers differ by {own.deviation:.1f} (standard deviation; 0 is balanced)."
    )
    return f"{own.represented} of {own.categories}", text


def _prediction(correlations: pd.DataFrame, gain: Difference | None) -> tuple[str, str]:
    own = correlations[(correlations["benchmark"] == YOURS) & correlations["r"].notna()]
    if own.empty:
        return "–", "No correlation: fewer than three models were tested on all of these corruptions."
    models, count = int(own["models"].min()), len(own)
    text = f"Mean correlation with {count} natural shifts over {models} models."
    if models < FEW:
        text += f" Too few models: {FEW} or more are needed."
    elif gain is not None:
        text += (
            f" {gain.value:+.2f} against {IMAGENET_C} (95 % interval over models {gain.low:+.2f} to {gain.high:+.2f})."
        )
    return f"{own['r'].mean():+.2f}", text
