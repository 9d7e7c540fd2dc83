"""The IID/OOD gap of each factor over all models with results, and whether OOD follows IID."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.views.factors.controls import KEY
from dashboard.widgets import figure, states
from robustcore.datasets.scenes import FACTORS
from robustcore.errors import RobustcoreError
from robustcore.figures import heatmap
from robustcore.figures.bars import Scale
from robustcore.figures.scenes import factors as figures
from robustcore.reports import factors
from robustcore.reports.factors import Gaps
from robustcore.reports.provenance import Provenance

_SENTENCES = (
    "“most OOD mAP increases track IID mAP increases. In general, DFR's size and occlusion shifts hurt performance the most.” "
    "(Basart, dissertation, section 6.4, on DeepFashion Remixed)",
    "“no method helps much on country shift, where error rates roughly double across the board.” (section 5.5.2, on StreetView "
    "StoreFronts)",
)


def show() -> None:
    """Table and scatter over every model with results."""
    names = tuple(cache.scenes.factors.evaluated())
    if not names:
        return
    stored = cache.scenes.factors.comparison(names)
    try:
        gaps = cache.scenes.factors.gaps(stored)
    except RobustcoreError:  # said above, for the chosen models
        return
    origin: Provenance = stored.value.provenance.only(list(gaps.models["model"]))
    _table(gaps, origin)
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        _tracking(gaps, origin)
    with right:
        _documents()


def _table(gaps: Gaps, origin: Provenance) -> None:
    models = gaps.models.sort_values("ood", ascending=False)
    names = [*gaps.hurts["factor"]]
    of_all = gaps.models.assign(factor="all")[["model", "factor", "gap", "low", "high"]]
    table = pd.concat([of_all, gaps.factors[["model", "factor", "gap", "low", "high"]]], ignore_index=True)
    table = table.rename(columns={"factor": "name", "gap": "value"})
    table["name"] = table["name"].map({"all": "mean of all", **{name: FACTORS[name].title for name in FACTORS}})
    order = ["mean of all", *(FACTORS[name].title for name in names)]
    table["name"] = pd.Categorical(table["name"], order)
    table["model"] = pd.Categorical(table["model"], list(models["model"]))
    table = table.sort_values(["model", "name"]).astype({"model": str, "name": str}).reset_index(drop=True)
    footer = origin.footer(
        formula=f"Gap = IID accuracy - OOD accuracy on the same {gaps.images:,} images, the mean over the factor's sets "
        "(size: 4, others: 2)",
        interval="Intervals: 95 %, paired bootstrap over the images (hover)",
    )
    first, second = (gaps.hurts.iloc[place] for place in (0, 1))
    clean = dict(zip(gaps.models["model"], gaps.models["iid"], strict=True))
    figure.card(
        heatmap.heatmap(
            table,
            Scale("gap (points)", 100, ".1f", " points"),
            footer=footer.text,
            alt=f"IID/OOD gap of {len(models)} models for {len(names)} factors",
            better="lower",
            clean=clean,
        ),
        key=f"{KEY}-gaps",
        title="IID/OOD gap of each factor",
        says=f"{_said(first)} hurts most, then {_said(second, inside=True)}. Points of accuracy lost, the mean over the factor's sets; "
        "beside each name the accuracy on the test images, the best OOD mean first.",
        table=table,
        footer=footer,
        origin=origin,
        wide=True,
    )


def _said(row: pd.Series, *, inside: bool = False) -> str:
    title = FACTORS[str(row["factor"])].title
    title = title.lower() if inside else title
    return f"{title} ({100 * row['gap']:.1f} points, {100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _tracking(gaps: Gaps, origin: Provenance) -> None:
    tracked = factors.tracking(gaps.models)
    footer = origin.footer(
        formula=f"OOD: mean accuracy over all {len(gaps.sets) // max(1, len(gaps.models))} changed sets, on {gaps.images:,} images each",
        interval="Interval of r: 95 %, bootstrap over the models, which are related, so that it is too narrow",
    )
    said = "Too few models to tell."
    if np.isfinite(tracked.r):
        said = (
            f"r = {tracked.r:.2f} ({tracked.low:.2f} to {tracked.high:.2f}) over {tracked.models} models. A point of IID accuracy goes "
            f"with {tracked.slope:.1f} points of OOD accuracy."
        )
    figure.card(
        figures.tracking(
            gaps.models,
            slope=tracked.slope,
            footer=footer.text,
            alt=f"IID against OOD accuracy of {len(gaps.models)} models",
        ),
        key=f"{KEY}-tracking",
        title="Does OOD follow IID?",
        says=said,
        table=gaps.models,
        footer=footer,
        origin=origin,
    )


def _documents() -> None:
    with st.container(border=True, key=f"card-{KEY}-documents"):
        st.subheader("What the document says", anchor=False)
        for sentence in _SENTENCES:
            st.markdown(states.plain(sentence))
        st.caption(
            "Error in percent on StreetView StoreFronts, table 5.2. The table of DeepFashion Remixed (6.2) is lost from the document. How "
            "strong each factor is here is our choice: compare directions, not sizes."
        )
        st.dataframe(
            factors.printed().drop(columns="factor"),
            hide_index=True,
            width="stretch",
            column_config={"error": st.column_config.NumberColumn("error (%)", format="%.1f")},
        )
        st.caption("Verdicts on these sentences: page Literature check, topic factors.")
