"""Severity audit: is every severity of a suite harder than the one before it, for the model and for the eye?"""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.widgets import figure, labels, markup, states, thumbnails
from robustcore.figures import severity_audit as figures
from robustcore.reports import severity
from robustcore.reports.preview import gallery

PAGE = Page(
    title="Severity audit",
    icon=":material/straighten:",
    order=28,
    group="See",
    question="Is every severity harder than the one before?",
    purpose="Distance to the clean image against accuracy, step by step, and the steps that are out of order.",
    help="A benchmark's severities should get harder one by one. A step is flagged where the accuracy does not fall "
    "beyond its 95 % interval, or where the images do not move away from the clean ones.",
)
KEY = "severity"
# name -> (axis title, whether larger is farther)
_DISTANCES = {
    "mean_abs_diff": "mean absolute difference (grey levels)",
    "dissimilarity": "1 - SSIM",
    "psnr_loss": "60 dB - PSNR (dB)",
}
_FIRST = 6  # findings that stand open
_SHORT = {"mean_abs_diff": "Grey levels", "dissimilarity": "1 - SSIM", "psnr_loss": "PSNR"}


def render() -> None:
    """The page below its heading."""
    model, suite, storage, distance = _controls()
    audit = cache.severity_audit(model, suite, storage)
    rows = severity.joined(audit)
    rows = rows[rows["severity"].notna()].copy()
    if rows.empty:
        states.empty(
            "This suite has no severities",
            "Its corruptions are applied as defined; choose another suite.",
            icon=":material/straighten:",
        )
        return
    rows["dissimilarity"] = 1 - rows["ssim"]
    rows["psnr_loss"] = 60 - rows["psnr"].clip(upper=60)
    _say_what_is_odd(audit.findings, rows)
    names = sorted(set(rows["name"]), key=lambda n: (labels.family_order(corruptions.get(n).family), n))
    chosen = selection.selectbox(
        "Corruption",
        names,
        key=f"{KEY}_name",
        kind="corruption",
        default=next((f.partition(" ")[0] for f in audit.findings), names[0]),
        text=lambda n: labels.pretty(corruptions.get(n).plain_name),
    )
    _thumbnails(chosen, storage)
    _curves(rows, audit, model, suite, storage, distance, chosen)


def _controls() -> tuple[str, str, str, str]:
    suites = [s for s in corruptions.SUITES if any(corruptions.get(n).severities for n in corruptions.names(s))]
    with st.container(border=True, key=f"{KEY}_controls"):
        a, b, c, d = st.columns([2, 1.5, 2, 2], vertical_alignment="bottom")
        with a:
            model = selection.selectbox("Model", cache.model_names(), key=f"{KEY}_model", kind="model")
        with b:
            suite = selection.selectbox("Suite", suites, key=f"{KEY}_suite", kind="suite", text=labels.suite)
        with c:
            storage = selection.segmented(
                "Storage",
                list(corruptions.STORAGES),
                key=f"{KEY}_storage",
                kind="storage",
                text=labels.storage,
                width="stretch",
            )
        with d:
            distance = selection.segmented(
                "Distance",
                list(_DISTANCES),
                key=f"{KEY}_distance",
                kind="distance",
                text=_SHORT.__getitem__,
                width="stretch",
                help="How far the images are from the clean ones; to the right is farther.",
            )
    return model, suite, storage, distance


def _say_what_is_odd(findings: tuple[str, ...], rows: pd.DataFrame) -> None:
    known = rows["accuracy"].notna().any() if "accuracy" in rows else False
    if not known:
        states.notice(
            "No accuracies are stored for this model, suite and storage: the distances alone are judged. "
            "Evaluate them on the page Evaluate to see the other half."
        )
    st.subheader("What is odd", anchor=False)
    if not findings:
        st.markdown("Nothing: every step is harder than the one before it and moves away from the clean images.")
        return
    lines = [f"- {states.plain(_readable(sentence))}" for sentence in findings]
    st.markdown("\n".join(lines[:_FIRST]))
    if len(lines) > _FIRST:
        with st.expander(f"{len(lines) - _FIRST} more"):
            st.markdown("\n".join(lines[_FIRST:]))


def _readable(sentence: str) -> str:
    """A finding with its corruption's name, which stands first, as people read it."""
    name, _, rest = sentence.partition(" ")
    known = name in corruptions.names()
    return f"{labels.pretty(corruptions.get(name).plain_name)} {rest}" if known else sentence


def _thumbnails(name: str, storage: str) -> None:
    """The first test image at the corruption's severities, for the eye to judge."""
    item = cache.test_image(0)
    cells = tuple(gallery.cells(name))
    shown = cache.grid(item, cells, storage)
    thumbs = [thumbnails.Thumb("", shown.thumbnails[0], "The clean image", (("clean", thumbnails.RIGHT),), True)]
    for cell, source in zip(cells, shown.thumbnails[1:], strict=True):
        words = f"{labels.pretty(corruptions.get(name).plain_name)}, {cell.caption}"
        thumbs.append(thumbnails.Thumb("", source, escape(words), ((cell.caption, thumbnails.RIGHT),), True))
    markup.show(thumbnails.row(thumbs), key=f"{KEY}_thumbnails")


def _curves(
    rows: pd.DataFrame, audit: severity.Audit, model: str, suite: str, storage: str, distance: str, chosen: str
) -> None:
    steps = audit.steps
    odd = {(n, int(s)) for n, s in zip(steps["name"], steps["severity"], strict=True)} if len(steps) else set()
    if len(steps):
        kept = steps[steps["verdict"].isin(("easier", "no harder"))]
        odd = {(n, int(s)) for n, s in zip(kept["name"], kept["severity"], strict=True)}
    if "accuracy" not in rows or not rows["accuracy"].notna().any():
        return
    drawn = rows[rows["accuracy"].notna()]
    n = int(drawn["n"].min())
    footer = (
        f"{model} on scenes (test), suite {suite}, storage {storage}, seed 0; accuracies over {n} images, distances over "
        f"{int(drawn['n_distances'].min())}; a step is flagged where the paired 95 % interval of its loss reaches 0 or below."
    )
    chart = figures.distance_curves(
        drawn,
        distance=distance,
        title=_DISTANCES[distance],
        chosen=chosen,
        odd=odd,
        footer=footer,
        alt=f"Accuracy of {model} against the distance to the clean image for each corruption and severity",
    )
    figure.card(
        chart,
        key=f"{KEY}-{suite}",
        title="Farther from the clean image, lower accuracy?",
        says="Each line is a corruption from its first severity to its last. A sound suite goes right and down at every "
        "step; a cross marks a step that is not harder than the one before.",
        table=drawn.drop(columns=["dissimilarity", "psnr_loss"]),
        footer=footer,
    )
