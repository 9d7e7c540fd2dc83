"""Severity audit: is every severity of a suite harder than the one before it, for the model and for the eye?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.widgets import figure, labels, markup, model_picker, states, thumbnails
from robustcore.display import display_name
from robustcore.figures import severity_audit as figures
from robustcore.notes import Note
from robustcore.reports import severity
from robustcore.reports.preview import gallery

PAGE = Page(
    title="Severity audit",
    icon=":material/straighten:",
    order=42,
    group="Research",
    question="Is every severity harder than the one before?",
    purpose="Accuracy against distance to the clean image, severity by severity, and the steps that are out of order.",
    help="Severities should get harder one by one. A step is flagged where accuracy does not fall measurably (95 % interval), or "
    "where the images are not farther from the clean ones.",
    terms=("Severity", "Suite"),
)
KEY = "severity"
# name -> (axis title, whether larger is farther)
_DISTANCES = {
    "mean_abs_diff": "mean absolute difference (grey levels)",
    "dissimilarity": "1 - SSIM",
    "psnr_loss": "60 dB - PSNR (dB)",
}
_PHOTOGRAPH = "coffee"
_FIRST = 6  # findings that are shown without a click
_SHORT = {"mean_abs_diff": "Grey levels", "dissimilarity": "1 - SSIM", "psnr_loss": "PSNR"}


def render() -> None:
    """The page below its heading."""
    model, suite, storage, distance = _controls()
    audit = cache.audits.severity_audit(model, suite, storage)
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
    _show_issues(audit.findings, rows)
    names = sorted(set(rows["name"]), key=lambda n: (corruptions.families.place(corruptions.get(n).family), n))
    chosen = selection.selectbox(
        "Corruption",
        names,
        key=f"{KEY}_name",
        kind="corruption",
        default=next((note.subject for note in audit.findings if note.subject), names[0]),
        text=lambda n: display_name(n, "corruption"),
    )
    _thumbnails(chosen, storage)
    _curves(rows, audit, model, suite, storage, distance, chosen)


def _controls() -> tuple[str, str, str, str]:
    suites = [
        s
        for s in corruptions.suites.names("corruption")
        if any(corruptions.get(n).severities for n in corruptions.names(s))
    ]
    with st.container(border=True, key=f"{KEY}_controls"):
        a, b, c, d = st.columns([2, 1.5, 2, 2], vertical_alignment="bottom")
        with a:
            model = model_picker.pick("Model", cache.models.model_names(), key=f"{KEY}_model")
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
                help="How far the images are from the clean ones; further right is farther.",
            )
    return model, suite, storage, distance


def _show_issues(findings: tuple[Note, ...], rows: pd.DataFrame) -> None:
    has_accuracies = rows["accuracy"].notna().any() if "accuracy" in rows else False
    if not has_accuracies:
        states.notice(
            "No accuracies are stored for this model, suite and storage, so only distances are judged. "
            "Run an evaluation on the page Evaluate to add accuracies."
        )
    st.subheader("Issues found", anchor=False)
    if not findings:
        what = "harder and farther from the clean images" if has_accuracies else "farther from the clean images"
        st.markdown(f"None. Every severity is {what} than the one before.")
        return
    names = {name: display_name(name, "corruption") for name in corruptions.names()}
    lines = [f"- {states.plain(note.text_with(names))}" for note in findings]
    st.markdown("\n".join(lines[:_FIRST]))
    if len(lines) > _FIRST:
        with st.expander(f"{len(lines) - _FIRST} more"):
            st.markdown("\n".join(lines[_FIRST:]))


def _thumbnails(name: str, storage: str) -> None:
    """A photograph at each severity of the corruption; what is measured is measured on scenes."""
    item = cache.images.photograph(_PHOTOGRAPH)
    cells = tuple(gallery.cells(name))
    grid = cache.gallery.grid(item, cells, storage)
    thumbs = [thumbnails.Thumb("", grid.thumbnails[0], "The clean image", (("clean", thumbnails.RIGHT),))]
    for cell, source in zip(cells, grid.thumbnails[1:], strict=True):
        words = f"{display_name(name, 'corruption')}, {cell.caption}"
        thumbs.append(thumbnails.Thumb("", source, words, ((cell.caption, thumbnails.RIGHT),)))
    markup.show(thumbnails.row(thumbs), key=f"{KEY}_thumbnails")
    st.caption(
        "A photograph, to see the severities. Accuracies and distances are measured on the test images of scenes."
    )


def _curves(
    rows: pd.DataFrame, audit: severity.Audit, model: str, suite: str, storage: str, distance: str, chosen: str
) -> None:
    steps = audit.steps
    flagged = {(n, int(s)) for n, s in zip(steps["name"], steps["severity"], strict=True)} if len(steps) else set()
    if len(steps):
        kept = steps[steps["verdict"].isin(("easier", "no harder"))]
        flagged = {(n, int(s)) for n, s in zip(kept["name"], kept["severity"], strict=True)}
    if "accuracy" not in rows or not rows["accuracy"].notna().any():
        return
    drawn = rows[rows["accuracy"].notna()]
    footer = severity.footer(audit, suite, storage)
    chart = figures.distance_curves(
        drawn,
        distance=distance,
        title=_DISTANCES[distance],
        chosen=chosen,
        flagged=flagged,
        footer=footer.text,
        alt=f"Accuracy of {model} against the distance to the clean image for each corruption and severity",
    )
    figure.card(
        chart,
        key=f"{KEY}-{suite}",
        title="Does accuracy fall with distance?",
        says="Each line is a corruption from severity 1 to 5. Every step should go right and down; a cross marks a step that is not "
        "harder than the one before.",
        table=drawn.drop(columns=["dissimilarity", "psnr_loss"]),
        footer=footer,
        origin=footer.provenance,
    )
