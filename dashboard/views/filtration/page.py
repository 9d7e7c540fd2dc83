"""Filtration: the images that two models get wrong on every crop, chosen as ImageNet-A was, reviewed and written as a dataset."""

from __future__ import annotations

import shlex

import pandas as pd
import streamlit as st

from dashboard.pages import Page
from dashboard.session import actions, permissions, roots
from dashboard.views.filtration import controls, fooled, review, scoring
from dashboard.views.filtration.controls import KEY, Choice
from dashboard.widgets import figure, states
from robustcore.errors import RobustcoreError
from robustcore.evaluation import filtration
from robustcore.evaluation.filtration import Selection, reviews
from robustcore.figures import filtration as figures
from robustcore.reports.filtration import footers, gallery

PAGE = Page(
    title="Filtration",
    icon=":material/filter_alt:",
    order=44,
    group="Research",
    question="Which images do all models get wrong?",
    purpose="Images that two models get wrong on every crop, chosen as ImageNet-A was: for review, and as a dataset.",
    help="An image is dropped if a model is right on one of its crops, or gives its class more than 15 %. A few of each confusion stay. "
    "A person rejects what does not show its class; the rest becomes a folder that every page and command reads.",
)


def render() -> None:
    """The page below its heading."""
    choice = controls.pick()
    if choice is None:
        st.info("Name a folder with one folder of images for each class.")
        return
    models = list(choice.models.values())
    filtration.check(choice.dataset, models, choice.crops)
    key = filtration.key_of(choice.dataset, models, choice.crops)
    answers = scoring.answers(choice, key)
    if answers is None:
        return
    chosen = filtration.select(choice.dataset, choice.classes, answers, choice.rules, reviews.rejected(key))
    _funnel(choice, chosen)
    review.problem()
    if chosen.shortlist.empty:
        states.empty(
            "No image is left",
            "The models are right on a crop of every image, or sure enough. Choose more images, fewer crops, or another pair of models.",
            icon=PAGE.icon,
        )
        return
    review.gallery(choice, key, chosen)
    if chosen.kept.empty:
        states.empty("All images are rejected", "Take one back to go on.", icon=PAGE.icon)
        return
    fooled.others(choice, chosen)
    _export(choice, chosen)


def _funnel(choice: Choice, chosen: Selection) -> None:
    steps = gallery.funnel(chosen.steps)
    footer = footers.of_funnel(
        choice.dataset.name,
        choice.dataset.split,
        choice.images,
        tuple(choice.models),
        choice.crops,
        choice.rules.most_confident,
        choice.rules.per_confusion,
    )
    figure.card(
        figures.funnel(steps, footer=footer.text, alt=f"{steps[0][1]:,} images, of which {steps[-1][1]:,} are kept"),
        key=f"{KEY}-funnel",
        title=f"{steps[-1][1]:,} of {steps[0][1]:,} images are kept",
        says="Each bar is what is left after a step.",
        table=pd.DataFrame(steps, columns=["step", "images", "share"]),
        footer=footer,
    )


def _export(choice: Choice, chosen: Selection) -> None:
    """The kept set as a list, as a folder, and as a command."""
    with st.container(border=True, key=f"card-{KEY}-export"):
        st.subheader("The kept set", anchor=False)
        st.caption(f"{len(chosen.kept):,} images. As a folder of class folders every page and command reads them.")
        if roots.open_to_paths() and not permissions.read_only():
            _write(choice, chosen)
        figure.download_csv(chosen.kept.drop(columns=["rejected"]), f"{KEY}-kept")
        st.code(_command(choice), language="bash", wrap_lines=True)


def _write(choice: Choice, chosen: Selection) -> None:
    with st.form(f"{KEY}_write", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        folder = st.text_input("Folder", key=f"{KEY}_output", placeholder="/data/animals-hard", max_chars=1000)
        pressed = st.form_submit_button("Write", icon=":material/save:")
    if not pressed:
        return
    if not folder.strip():
        states.notice("Name a new folder, or the one that an earlier run has written.")
        return
    try:
        written = actions.write_kept_set(choice.dataset, chosen, folder.strip(), _chooser(choice), choice.rules)
    except RobustcoreError as error:
        states.error(str(error), title="Nothing was written")
        return
    removed = f" {written.removed:,} that are no longer kept were removed." if written.removed else ""
    st.success(states.plain(f"{len(written.files):,} images are in {folder.strip()}, with a gallery.{removed}"))


def _chooser(choice: Choice) -> filtration.Choice:
    prints = tuple((name, model.fingerprint()) for name, model in choice.models.items())
    data = choice.dataset
    return filtration.Choice(data.name, data.split, data.fingerprint, prints, choice.crops)


def _command(choice: Choice) -> str:
    words = ["robustcore", "filter", "--dataset", choice.data.name]
    if choice.data.split and choice.data.split not in ("test", "all"):
        words += ["--split", choice.data.split]
    for name in choice.names:
        words += ["--model", name]
    words += ["--crops", str(choice.crops)] if choice.crops != 10 else []
    words += ["--limit", str(choice.images)] if choice.images < len(choice.dataset) else []
    words += ["--confidence", f"{choice.rules.most_confident:g}"] if choice.rules.most_confident != 0.15 else []
    words += ["--per-confusion", str(choice.rules.per_confusion)] if choice.rules.per_confusion != 15 else []
    words += ["--answers", "folder"] if choice.answers == "folder" else []
    return " ".join(map(shlex.quote, [*words, "--output", "DIR"]))
