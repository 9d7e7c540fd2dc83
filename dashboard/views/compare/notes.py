"""What has to be said beside a figure of Compare: comparability, the mean in words and with its numbers, the models' means."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.views.compare import model_strip
from dashboard.widgets import states
from robustcore.reports.compare import references
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import MEASURES, Bars

FEW = 6  # models up to this number have their means below the figure without a click
_TERMS = 12  # models whose means are written out


def warnings(sentences: Sequence[str]) -> list[str]:
    """Say above a figure what keeps its models from being compared by it; the other sentences come back."""
    different = [note for note in sentences if "clean accuracies differ" in note]
    for note in dict.fromkeys(different):
        st.warning(states.plain(note), icon=":material/balance:")
    return [note for note in sentences if note not in different]


def notes(sentences: Sequence[str]) -> None:
    """What else a reader has to know, in small print."""
    for note in dict.fromkeys(sentences):
        st.caption(f":material/info: {states.plain(note)}")


def means(found: Comparison, result: Bars) -> None:
    """Clean accuracy, mean and number of images of each model."""
    from robustcore import metrics

    measure = MEASURES[result.measure]
    clean = metrics.accuracy(found.clean).set_index("model")
    order = result.means.sort_values(
        "value", ascending=measure.better == "lower" and not result.baseline, na_position="last", kind="stable"
    )
    rows, small = [], []
    for row in order.to_dict("records"):
        own = clean.loc[row["model"]]
        known = "not evaluated"
        if own["n"]:
            known = f"{100 * own['accuracy']:.1f} %\n{100 * own['low']:.1f} to {100 * own['high']:.1f} %"
        mean = result.text(row["value"])
        if pd.notna(row["low"]):
            mean += f"\n{result.text(row['low'])} to {result.text(row['high'])}"
        rows.append((row["model"], [known, mean, f"{int(own['n']):,}"]))
        small.append("" if pd.notna(row["value"]) else f"mean {row['reason']}")
    with st.expander(
        "Clean accuracy and mean of each model", icon=":material/format_list_numbered:", expanded=len(rows) <= FEW
    ):
        heading = f"{measure.short}, better by" if result.baseline else measure.short
        model_strip.show(["Clean accuracy", heading, "Images"], rows, notes=small, colours=result.among)


def mean_in_words(found: Comparison, result: Bars) -> None:
    """Over which corruptions, against whom and on how many images; one click shows the formula with its numbers."""
    measure = MEASURES[result.measure]
    if not measure.reference:
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    words = references.mean_in_words(found, measure.name == "relative_ce", result.reference)
    left.caption(f":material/function: {states.plain(words)}")
    with right.popover("With its numbers", icon=":material/calculate:", width="stretch"):
        st.markdown(f"**{states.plain(measure.formula)}**, in percent.")
        first = next((m for m in result.models if m != result.reference), result.reference)
        label = str(result.table["name"].iloc[0])
        example = references.worked(found, measure.name == "relative_ce", result.reference, first, label)
        if example:
            st.markdown(f"For example {states.plain(example)}")
        st.markdown("And the mean over the corruptions:")
        for row in result.means.head(_TERMS).to_dict("records"):
            values = result.table.loc[result.table["model"] == row["model"], "value"]
            terms = " + ".join("undefined" if pd.isna(v) else f"{v:.1f}" for v in values)
            st.markdown(states.plain(f"{row['model']}: ({terms}) / {len(values)} = {measure.text(row['value'])}"))
        if len(result.means) > _TERMS:
            st.caption(f"And {len(result.means) - _TERMS} more models; the table below the figure has all of them.")
