"""The thesis' attacks at its own settings, white-box and black-box, as its tables print them, with its figures below ours."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.views.compare import first_models
from dashboard.widgets import figure, states
from robustcore.figures import bars, heatmap
from robustcore.reports.attacks import preset_scores
from robustcore.reports.attacks.preset_scores import BLACK, LAYOUTS, Layout
from robustcore.reports.emphasis import Emphasis


def _percent(title: str) -> bars.Scale:
    return bars.Scale(title=title, factor=100, number=".1f", unit=" %", limits=(0, 100))


_SCALES = {
    "app": _percent("accuracy preserved (%)"),
    "success": _percent("attack success (%)"),
    "l2": bars.Scale(title="mean change (L2, pixels in 0 to 1)"),
}
_MEASURES = {"app": "Accuracy preserved (APP)", "success": "Attack success", "l2": "Size of the change"}


def show(prefix: str, models: Sequence[str], data: Data, seed: int, first: Emphasis) -> None:
    """Draw the table, of many models those that are shown first; nothing where none of the attacks is stored."""
    table = cache.results.preset_scores(tuple(models), data, seed)
    if table.empty:
        return
    with st.container(border=True, key=f"card-{prefix}-presets-controls"):
        layout, surrogate, measure = _controls(prefix, table)
    rows = first.rows(preset_scores.laid_out(table, layout, surrogate, measure))
    footer = preset_scores.footer(first_models.few(table, first), layout, surrogate)
    lower = measure == "success"
    figure.card(
        heatmap.heatmap(
            rows,
            _SCALES[measure],
            footer=footer.text,
            alt=f"{_MEASURES[measure]} of each model under each attack of the thesis",
            better="lower" if lower else "higher",
        ),
        key=f"{prefix}-presets",
        title="The thesis' attacks, white-box and black-box",
        says="A row is a model, the most robust on top. White-box attacks know the model; black-box ones were crafted on another. "
        "LL aims at the least likely class. Hover a cell for its interval.",
        table=rows,
        footer=footer,
        origin=table.attrs["provenance"],
        wide=True,
        below=lambda: _printed(layout) if measure == "app" else None,
    )


def _controls(prefix: str, table: pd.DataFrame) -> tuple[Layout, str, str]:
    """The table of the thesis, the model that black-box images are crafted on, and what is shown."""
    left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
    with left:
        layout = LAYOUTS[
            selection.selectbox(
                "Attacks",
                list(LAYOUTS),
                key=f"{prefix}_presets",
                kind="table",
                text=lambda name: LAYOUTS[name].title,
            )
        ]
    crafted = preset_scores.surrogates(table)
    surrogate = ""
    if crafted and any(access == BLACK for _, access in layout.places):
        with middle:
            surrogate = selection.selectbox(
                "Black-box images crafted on",
                crafted,
                key=f"{prefix}_presets_on",
                kind="model",
                help="The thesis uses a VGG. Evaluate offers others under “Attacks crafted on”.",
            )
    with right:
        measure = selection.selectbox(
            "Show", list(_MEASURES), key=f"{prefix}_presets_measure", kind="measure", text=_MEASURES.__getitem__
        )
    return layout, surrogate, measure


def _printed(layout: Layout) -> None:
    """The same cells as the thesis prints them, for its own networks."""
    printed = preset_scores.printed(layout)
    if printed.empty:
        return
    wide = printed.pivot(index="model", columns="name", values="value")
    wide = wide.reindex(
        index=list(dict.fromkeys(printed["model"])),
        columns=[preset_scores.column_title(*place) for place in layout.places],
    )
    config = {name: st.column_config.NumberColumn(format="%.2f") for name in wide.columns}
    with st.expander(
        f"As printed in the thesis: APP of its own networks on {layout.data}", icon=":material/menu_book:"
    ):
        st.dataframe(wide.rename_axis("Network").reset_index(), hide_index=True, width="stretch", column_config=config)
        st.caption(
            states.plain(
                "Laugros, thesis, "
                + " and ".join(f"table {number}" for number in layout.tables)
                + ". Other networks, images and surrogate: compare the pattern, not the values."
            )
        )
