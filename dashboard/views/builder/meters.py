"""The meter: balance, coverage, categories and prediction, a number and a sentence each."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard.views.builder.inputs import Ground
from dashboard.widgets import states
from robustcore.overlap.correlation import FEW
from robustcore.overlap.criteria import Difference
from robustcore.reports.overlap.benchmark import IMAGENET_C, YOURS, Meter

_NUMBER = "font-size:1.7rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums"


def show(found: Ground, meter: Meter, reference: Meter | None, told: pd.DataFrame, gain: Difference | None) -> None:
    """Four tiles, two in a row."""
    first, second = st.columns(2, gap="small"), st.columns(2, gap="small")
    _tile(first[0], "Balance", *_balance(found, meter, reference))
    _tile(first[1], "Coverage", *_coverage(found, meter, reference))
    _tile(second[0], "Categories", *_categories(meter))
    _tile(second[1], "Prediction", *_prediction(told, gain))


def _tile(column: st.delta_generator.DeltaGenerator, title: str, number: str, sentence: str) -> None:
    with column, st.container(border=True, height="stretch", gap="small"):
        st.caption(title)
        st.html(f'<div style="{_NUMBER}">{number}</div>')
        st.caption(states.plain(sentence))


def _balance(found: Ground, meter: Meter, reference: Meter | None) -> tuple[str, str]:
    if meter.balance is None or math.isnan(meter.balance.spread):
        return "–", "Balance needs two corruptions or more whose overlaps are defined."
    means = meter.balance.means["mean"].dropna().sort_values()
    said = (
        f"is the spread of the mean overlaps; 0 is balance. They go from {means.iloc[0]:.2f} ({found.word(means.index[0])}) to "
        f"{means.iloc[-1]:.2f} ({found.word(means.index[-1])})."
    )
    if reference is not None and reference.balance is not None and reference.names != meter.names:
        said += f" ImageNet-C: {reference.balance.spread:.2f}."
    if meter.left_out:
        said += f" {len(meter.left_out)} of the {len(meter.names)} have no defined overlap and are left out."
    return f"{meter.balance.spread:.2f}", said


def _coverage(found: Ground, meter: Meter, reference: Meter | None) -> tuple[str, str]:
    outside = len(meter.coverage)
    if not outside:
        return "all", "Every candidate is in the benchmark."
    covered, forgotten, open_ = (meter.count(v) for v in ("covered", "not covered", "undecided"))
    names = [found.word(str(n)) for n in meter.coverage.index[meter.coverage["verdict"] == "not covered"]]
    said = "candidates outside it are covered: one of their overlaps exceeds 0.1 beyond doubt."
    if forgotten:
        said += f" Not covered: {', '.join(names[:3])}{f' and {forgotten - 3} more' if forgotten > 3 else ''}."
    if open_:
        said += f" {open_} cannot be told."
    if undefined := meter.count("undefined"):
        said += f" {undefined} {'has' if undefined == 1 else 'have'} no defined overlap."
    if reference is not None and reference.names != meter.names and len(reference.coverage):
        said += f" ImageNet-C covers {reference.count('covered')} of {len(reference.coverage)}."
    return f"{covered} of {outside}", said


def _categories(meter: Meter) -> tuple[str, str]:
    inside = len(meter.names) - meter.without
    if not inside:
        return f"0 of {meter.categories}", "None of these corruptions is in a category: their overlaps are undefined."
    which = f"{inside} of the {len(meter.names)}" if meter.without else str(inside)
    said = f"categories are represented by {which} corruptions. "
    said += (
        "Each has as many representatives."
        if meter.deviation == 0
        else f"Their numbers of representatives differ by {meter.deviation:.1f} (standard deviation); 0 is balance."
    )
    return f"{meter.represented} of {meter.categories}", said


def _prediction(told: pd.DataFrame, gain: Difference | None) -> tuple[str, str]:
    own = told[(told["benchmark"] == YOURS) & told["r"].notna()]
    if own.empty:
        return "–", "No correlation can be told: too few of the known models were tested on all of these corruptions."
    models, sets = int(own["models"].min()), len(own)
    said = f"is the mean correlation with {sets} natural sets over {models} models."
    if models < FEW:
        said += f" {models} are too few to say: {FEW} or more are needed."
    elif gain is not None:
        said += f" {gain.value:+.2f} against {IMAGENET_C} (95 % interval {gain.low:+.2f} to {gain.high:+.2f}, over the models)."
    return f"{own['r'].mean():+.2f}", said
