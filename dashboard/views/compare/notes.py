"""What has to be said with a figure of Compare: comparability, the mean in words and with its numbers, the models' means."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.views.compare import model_strip
from dashboard.widgets import states
from robustcore.notes import Note
from robustcore.reports.compare import references
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars

FEW = 6  # models up to this number have their means below the figure without a click
_WARNINGS = ("models_not_comparable",)  # kinds of notes that are shown above the figure
_TERMS = 12  # models whose means are written out


def warnings(notes: Sequence[Note]) -> list[Note]:
    """Show above a figure what keeps its models from being compared by it; the other notes come back."""
    for each in dict.fromkeys(note for note in notes if note.kind in _WARNINGS):
        st.warning(states.plain(each.text), icon=":material/balance:")
    return [note for note in notes if note.kind not in _WARNINGS]


def small_print(notes: Sequence[Note]) -> None:
    """What else a reader has to know."""
    for each in dict.fromkeys(notes):
        st.caption(f":material/info: {states.plain(each.text)}")


def means(comparison: Comparison, result: Bars) -> None:
    """Clean accuracy, mean and number of images of each model."""
    from robustcore import metrics

    metric = result.definition
    clean = metrics.accuracy(comparison.clean).set_index("model")
    order = result.means.sort_values(
        "value", ascending=metric.better == "lower" and not result.baseline, na_position="last", kind="stable"
    )
    rows, small = [], []
    for row in order.to_dict("records"):
        own = clean.loc[row["model"]]
        accuracy = "not evaluated"
        if own["n"]:
            accuracy = f"{100 * own['accuracy']:.1f} %\n{100 * own['low']:.1f} to {100 * own['high']:.1f} %"
        mean = result.text(row["value"])
        if pd.notna(row["low"]):
            mean += f"\n{result.text(row['low'])} to {result.text(row['high'])}"
        rows.append((row["model"], [accuracy, mean, f"{int(own['n']):,}"]))
        small.append("" if pd.notna(row["value"]) else f"mean {row['reason']}")
    with st.expander(
        "Clean accuracy and mean of each model", icon=":material/format_list_numbered:", expanded=len(rows) <= FEW
    ):
        heading = f"{metric.mean}, better by" if result.baseline else metric.mean
        model_strip.show(
            ["Clean accuracy", heading, "Images"], rows, key="compare_means", notes=small, colours=result.among
        )


def mean_in_words(comparison: Comparison, result: Bars) -> None:
    """Over which corruptions, against whom and on how many images; one click shows the formula with its numbers."""
    metric = result.definition
    if not metric.reference:
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    words = references.mean_note(comparison, metric, result.reference)
    left.caption(f":material/function: {states.plain(words.text)}")
    with right.popover("With its numbers", icon=":material/calculate:", width="stretch"):
        st.markdown(f"**{states.plain(metric.formula)}**{', in percent' if metric.written.in_percent else ''}.")
        first = next((m for m in result.models if m != result.reference), result.reference)
        label = str(result.table["name"].iloc[0])
        example = references.worked(comparison, metric, result.reference, first, label)
        if example:
            st.markdown(f"For example {states.plain(example)}")
        st.markdown("And the mean over the corruptions:")
        for row in result.means.head(_TERMS).to_dict("records"):
            values = result.table.loc[result.table["model"] == row["model"], "value"]
            terms = " + ".join(metric.text(v) for v in values)
            st.markdown(states.plain(f"{row['model']}: ({terms}) / {len(values)} = {metric.text(row['value'])}"))
        if len(result.means) > _TERMS:
            st.caption(f"And {len(result.means) - _TERMS} more models; the table below the figure has all of them.")
