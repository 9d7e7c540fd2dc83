"""Every score over many images, where false alarms are, and what corruptions do."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.views.segmentation.controls import KEY
from dashboard.widgets import figure, states
from robustcore.figures.scenes import segmentation as figures
from robustcore.reports.provenance import Footer, package_version
from robustcore.reports.segmentation import SegmentationReport
from robustcore.segmentation.scores import SCORES

_SENTENCE = (
    "“MaxLogit outperforms all other methods across the board by a substantial margin. The intuitive baseline of using the posterior "
    "for the background class to detect anomalies performs poorly” (Basart, dissertation, section 4.4.1; the table itself is lost from "
    "the document)"
)


def show(score: str) -> None:
    """What ships of the network; a notice where that is not of today's."""
    report = cache.scenes.segmentation.report()
    if report is None:
        states.notice("No measurements of today's networks and images: robustcore demo makes them.")
        return
    _scores(report)
    left, right = st.columns(2, gap="medium")
    with left:
        _distances(report)
    with right:
        _corruptions(report)


def _footer(report: SegmentationReport, formula: str) -> Footer:
    record = report.record
    trained = (
        f"{report.network}, mIoU {100 * report.clean.miou:.1f} % on {report.clean.images} test images (validation "
        f"{100 * float(record['val_miou']):.1f} %), trained once: {record['command']}, seed {record['seed']}, {record['seconds']:.0f} s, "
        f"{record['versions']}."
    )
    return Footer(before=(trained,), formula=formula, further=(package_version(), "Demo results, shipped."))


def _scores(report: SegmentationReport) -> None:
    clean = report.clean
    rows = []
    for row in clean.metrics.to_dict("records"):
        line = {"score": SCORES[row["score"]].title}
        for metric, title in (("auroc", "AUROC (%)"), ("aupr", "AUPR (%)"), ("fpr95", "FPR95 (%)")):
            value, low, high = (100 * row[f"{metric}{end}"] for end in ("", "_low", "_high"))
            line[title] = "–" if math.isnan(value) else f"{value:.1f} ({low:.1f} to {high:.1f})"
        rows.append(line)
    best = clean.metrics.sort_values("auroc", ascending=False).iloc[0]
    leads = best["score"] == "max_logit"
    footer = _footer(
        report,
        "Metrics of each image's pixels, the anomaly positive, then the mean over images; 95 % intervals by bootstrap over images",
    )
    with st.container(border=True, key=f"card-{KEY}-scores"):
        st.subheader("Which score finds the unknown?", anchor=False)
        st.markdown(
            f"Best AUROC: **{SCORES[str(best['score'])].title}**, {100 * best['auroc']:.1f} % "
            f"({100 * best['auroc_low']:.1f} to {100 * best['auroc_high']:.1f}). "
            f"{'As in the document, the maximum logit leads.' if leads else 'In the document the maximum logit leads; here it does not.'}"
        )
        st.caption(
            f"{clean.anomalous} of {clean.images} test images hold an anomaly; the other {clean.images - clean.anomalous} have no such "
            f"metric. Chance: AUROC 50 %, AUPR {100 * clean.anomaly_share:.1f} %, FPR95 95 %."
        )
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
        st.markdown(states.plain(_SENTENCE))
        st.caption(states.plain(footer.text))
        figure.download_csv(clean.metrics, f"{KEY}-scores")


def _distances(report: SegmentationReport) -> None:
    table = report.clean.distances
    near = table[(table["score"] == "max_logit")]
    footer = _footer(report, "Flagged: at each image's own threshold, where 95 % of the anomaly is flagged")
    titles = {name: score.title for name, score in SCORES.items()}
    figure.card(
        figures.by_distance(
            table, titles, footer=footer.text, alt="Share of known pixels flagged by distance from boundaries"
        ),
        key=f"{KEY}-distances",
        title="Where are the false alarms?",
        says=f"Along boundaries of classes: of pixels within 2 of one, the maximum logit flags {100 * near.iloc[0]['flagged']:.0f} %, of those "
        f"8 or more away {100 * near.iloc[-1]['flagged']:.0f} %. The document names this failure.",
        table=table,
        footer=footer,
    )


def _corruptions(report: SegmentationReport) -> None:
    table = report.corrupted
    if table.empty:
        return
    clean = table[table["severity"] == 0].iloc[0]
    worst = table.iloc[int(table["miou"].to_numpy().argmin())]
    footer = _footer(
        report,
        f"mIoU and AUROC over {int(table['images'].min())} images, {int(table['anomalous'].min())} with an anomaly; severity 0: clean",
    )
    titles = {name: score.title for name, score in SCORES.items()}
    figure.card(
        figures.by_severity(table, titles, footer=footer.text, alt="mIoU and AUROC by corruption and severity"),
        key=f"{KEY}-corruptions",
        title="What do corruptions do?",
        says=f"mIoU falls from {100 * clean['miou']:.0f} % to {100 * worst['miou']:.0f} % at worst ({str(worst['corruption']).replace('_', ' ')}, "
        f"severity {int(worst['severity'])}); there the anomaly's AUROC is {100 * worst['auroc']:.0f} %.",
        table=table,
        footer=footer,
    )
