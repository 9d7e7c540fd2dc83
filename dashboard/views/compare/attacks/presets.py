"""The thesis' attacks at its own settings, white-box and black-box, as its tables print them, with its figures below ours."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from dashboard.widgets import states
from robustcore.calls import Call
from robustcore.reports.attacks import preset_scores
from robustcore.reports.attacks.preset_scores import BLACK, LAYOUTS, MEASURES, Layout


def view(stored: Stored) -> View:
    """The table of colours, of many models those that are shown first."""
    from robustcore.figures import under_attack

    table: pd.DataFrame = stored.presets.value
    name, surrogate, measure = _controls(table)
    rows = Call(preset_scores.laid_out, stored.presets, name, surrogate, measure, name="rows")
    shown = stored.few(rows)
    footer = Call(preset_scores.footer, shown, name, surrogate)
    return View(
        "presets",
        "The thesis' attacks, white-box and black-box",
        "A row is a model, the most robust on top. White-box attacks know the model; black-box ones were crafted on another. "
        f"LL aims at the least likely class. Hover a cell for its interval.{stored.sentence}",
        shown.value,
        footer.value,
        Call(under_attack.presets, shown, measure, footer=footer, name="figure"),
        origin=table.attrs["provenance"],
        wide=True,
    )


def _controls(table: pd.DataFrame) -> tuple[str, str, str]:
    """The table of the thesis by name, the model that black-box images are crafted on, and what is shown."""
    left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
    with left:
        name = selection.selectbox(
            "Attacks",
            list(LAYOUTS),
            key=f"{KEY}_presets",
            kind="table",
            text=lambda name: LAYOUTS[name].title,
        )
    crafted = preset_scores.surrogates(table)
    surrogate = ""
    if crafted and any(access == BLACK for _, access in LAYOUTS[name].places):
        with middle:
            surrogate = selection.selectbox(
                "Black-box images crafted on",
                crafted,
                key=f"{KEY}_presets_on",
                kind="model",
                help="The thesis uses a VGG. Evaluate offers others under “Attacks crafted on”.",
            )
    with right:
        measure = selection.selectbox(
            "Show", list(MEASURES), key=f"{KEY}_presets_measure", kind="measure", text=MEASURES.__getitem__
        )
    return name, surrogate, measure


def printed() -> None:
    """The same cells as the thesis prints them, for its own networks."""
    if st.session_state.get(f"{KEY}_presets_measure") == "app":
        _printed(LAYOUTS[st.session_state[f"{KEY}_presets"]])


def _printed(layout: Layout) -> None:
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
