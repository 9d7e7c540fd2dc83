"""Two smaller experiments on scenes: several labels an image, and set membership."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.views.factors.controls import KEY
from dashboard.widgets import figure, states
from robustcore.multilabel import scores
from robustcore.reports import membership, multilabel
from robustcore.reports.provenance import Footer, package_version

_USEFUL = 0.6  # of AUROC, below which scores are not ranked


def show() -> None:
    """Both panels, where their measurements are here."""
    left, right = st.columns(2, gap="medium")
    with left:
        _labels()
    with right:
        _membership()


def _labels() -> None:
    report = multilabel.read()
    if report is None:
        return
    precision = report.precision
    iid, others = precision.iloc[0], precision.iloc[1:]
    detected = report.detected.set_index("score")
    aurocs = dict(zip(report.detected["score"], report.detected["auroc"].astype(float), strict=True))
    lead = aurocs["max_logit"] - aurocs["msp"]
    worst = max(report.hurts.to_dict("records"), key=lambda row: float(row["gap"]))
    best = str(detected["auroc"].idxmax())
    record = report.record
    footer = Footer(
        before=(
            f"{record['start']} with one sigmoid for each of 12 shapes, trained further, once, with binary cross entropy on "
            f"{record['images']:,} street scenes, {record['epochs']} epochs, seed {record['seed']}, {record['versions']}. mAP: weighted "
            f"by the classes' frequency; n = {int(precision['images'].iloc[0])} scenes of each set.",
        ),
        interval="Intervals: 95 %, bootstrap over images",
        further=(
            f"Detection: {report.unknown} scenes of unknown shapes against {report.known} of known ones, fitted on {report.validation} "
            "validation scenes.",
            package_version(),
        ),
    )
    with st.container(border=True, key=f"card-{KEY}-labels"):
        st.subheader("Several labels an image", anchor=False)
        st.markdown(
            f"mAP {100 * iid['map']:.1f} % in distribution (IID), {100 * others['map'].mean():.1f} % on the mean of the {len(others)} changed "
            f"sets (OOD). **{str(worst['factor']).capitalize()}** costs most, {100 * worst['gap']:.1f} points. Highest AUROC against unknown shapes: **{scores.TITLES[best]}**, {100 * aurocs[best]:.1f} %; a forced softmax with MSP is {abs(100 * lead):.1f} points of AUROC "
            f"{'behind' if lead > 0 else 'ahead of'} the maximum logit."
        )
        if float(detected.loc[best, "auroc_low"]) < _USEFUL:  # type: ignore[arg-type]
            st.caption(
                "No score is far from chance (50 %): the network was trained briefly, and its answers to known shapes are not sure either. That "
                "is too little to rank the scores."
            )
        st.dataframe(
            pd.DataFrame(
                {
                    "set": precision["set"],
                    "changed": precision["factor"].replace("", "nothing"),
                    "mAP (%)": [_between(row, "map", "low", "high") for row in precision.to_dict("records")],
                }
            ),
            hide_index=True,
            width="stretch",
        )
        st.dataframe(
            pd.DataFrame(
                {
                    "score": [scores.TITLES[str(name)] for name in detected.index],
                    "AUROC (%)": [
                        _between(row, "auroc", "auroc_low", "auroc_high") for row in report.detected.to_dict("records")
                    ],
                }
            ),
            hide_index=True,
            width="stretch",
        )
        st.caption(
            "“In general, DFR’s size and occlusion shifts hurt performance the most.” (Basart, dissertation, section 6.4)"
        )
        st.caption(
            "“forcing a softmax output on the multi-label logits in order to use MSP detector results in a 19.6% drop in AUROC on MS-COCO” "
            "(Basart, dissertation, section 6.4)"
        )
        st.caption(states.plain(footer.text))
        figure.download_csv(report.detected, f"{KEY}-labels")


def _membership() -> None:
    own = membership.read()
    outdated = own is None and membership.path().is_file()
    report = own or membership.shipped()
    if report is None:
        _printed_membership()
        return
    table = report.table
    novel = table[(table["classes"] == "novel") & (table["method"] == "set membership")]
    seen = table[(table["classes"] == "seen") & (table["method"] == "set membership")]
    beaten = table[(table["classes"] == "novel") & (table["method"] == "prototype")]
    footer = Footer(
        before=(
            f"k shots and a query stacked as channels of a small ResNet, one logit, binary cross entropy, {report.steps} steps of 100 at "
            f"{report.side} pixels, {report.trained_on} images of each seen class, trained once, seed {report.seed}. Novel classes: {', '.join(report.novel)}. Prototype: cosine of the features of a classifier of the "
            "seen classes, the threshold from seen classes.",
        ),
        interval=f"Intervals: 95 % over {int(table['draws'].max())} drawings of the shots, not over trainings; n = "
        f"{int(table['queries'].min()):,} queries or more of each drawing",
        further=(
            package_version(),
            *(("Computed here.",) if own is not None else ()),
            *(("What was computed here is of another version, and is not shown: measure again.",) if outdated else ()),
        ),
    )
    with st.container(border=True, key=f"card-{KEY}-membership"):
        st.subheader("Set membership: a negative result", anchor=False)
        st.markdown(
            f"Is a query of the class of k shots? On **novel** classes the network reaches {_range(novel)}, chance is 50 %; prototypes reach "
            f"{_range(beaten)}. On classes seen in training it reaches {_range(seen)}."
        )
        wide = pd.DataFrame(
            {
                "method": table["method"],
                "shots": table["shots"].astype(str),
                "classes": table["classes"],
                "accuracy (%)": [_between(row, "accuracy", "low", "high") for row in table.to_dict("records")],
            }
        )
        chance = pd.DataFrame([{"method": "chance", "shots": "any", "classes": "any", "accuracy (%)": "50.0"}])
        st.dataframe(pd.concat([wide, chance], ignore_index=True), hide_index=True, width="stretch")
        _document()
        st.caption(states.plain(footer.text))
        figure.download_csv(table, f"{KEY}-membership")


def _printed_membership() -> None:
    """What the document prints, and the command that makes figures of scenes."""
    with st.container(border=True, key=f"card-{KEY}-membership"):
        st.subheader("Set membership: a negative result", anchor=False)
        st.markdown(
            "Is a query of the class of k shots? In the document networks hardly beat chance, 50 %, on novel classes."
        )
        _document()
        st.caption(
            "To see figures on scenes here, seen and novel classes apart, against prototypes and chance (a few minutes):"
        )
        st.code("robustcore membership --dataset scenes --shots 1 5", language=None)


def _document() -> None:
    st.caption(
        "“Through our experimentation, we fail to show how the reformulation of the task to set-membership benefits the problem.” (Basart, "
        "dissertation, section 7.1). Printed, percent on novel classes:"
    )
    st.dataframe(membership.printed(), hide_index=True, width="stretch")


def _between(row: Mapping[Hashable, Any], value: str, low: str, high: str) -> str:
    return f"{100 * row[value]:.1f} ({100 * row[low]:.1f} to {100 * row[high]:.1f})"


def _range(table: pd.DataFrame) -> str:
    return " and ".join(
        f"{100 * row['accuracy']:.0f} % with {row['shots']} shot{'s' if row['shots'] > 1 else ''}"
        for row in table.to_dict("records")
    )
