"""Leaderboard: one sortable, filterable table of every ImageNet model that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from dashboard.cache.leaderboard import leaderboard
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.widgets import addresses, figure, links, states
from robustcore.reports import leaderboard as report

PAGE = Page(
    title="Leaderboard",
    icon=":material/leaderboard:",
    order=30,
    group="Compare",
    question="Which ImageNet models are robust, and against what?",
    purpose="Clean accuracy, ImageNet-C, natural shifts and attacks for every known ImageNet model, published or your own.",
    help="Click a heading to sort. Figures of different sources, images or storages are rows of their own and are not ranked "
    "against each other without saying so.",
    terms=("CE", "Storage", "FPR95", "Calibration error"),
)
KEY = "leaderboard"
FIGURES: Mapping[str, str] = {
    "clean": "Clean",
    "mce": "mCE",
    "corrupted": "ImageNet-C",
    "a": "ImageNet-A",
    "r": "ImageNet-R",
    "sketch": "Sketch",
    "v2": "V2",
    "objectnet": "ObjectNet",
    "pgd": "PGD",
    "autoattack": "AutoAttack",
    "auroc": "Unknown: AUROC",
    "fpr95": "Unknown: FPR95",
    "debiased": "RMS calibration",
}
HELP: Mapping[str, str] = {
    "clean": "Top-1 accuracy on ImageNet's validation images, in percent.",
    "mce": "Mean corruption error over ImageNet-C's corruptions, AlexNet of the same source is 100; lower is better.",
    "corrupted": "Mean accuracy over ImageNet-C's corruptions and their five severities.",
    "a": "Natural images that ResNet-50 fails on, 200 classes.",
    "r": "Art, cartoons and other renditions, 200 classes.",
    "sketch": "Black and white sketches.",
    "v2": "ImageNet collected once more, matched frequency.",
    "objectnet": "Household objects in unusual poses, 113 classes.",
    "pgd": "Under projected gradient descent, L-inf, eps 2/255.",
    "autoattack": "Under AutoAttack's standard version, L-inf, eps 4/255, or another attack that breaks more.",
    "auroc": "Your own models: the maximum logit tells unknown images from known ones, the mean over the evaluated sets; 50 is guessing.",
    "fpr95": "Your own models: known images flagged where 95 % of the unknown ones are, by the maximum logit; lower is better.",
    "debiased": "Your own models: confidence against accuracy on clean images, bins of 100, debiased; lower is better.",
}
START = ["clean", "mce", "corrupted", "r", "sketch", "v2"]
NO_GROUP = "not stated"


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns([1.4, 1], gap="medium")
        with right:
            storage = selection.segmented(
                "Corrupted images",
                list(report.STORAGES),
                key=f"{KEY}_storage",
                kind="storage",
                text=lambda name: report.STORAGES[name].capitalize(),
                help="The released ImageNet-C went through a second JPEG. That alone moves mCE by 1 to 4 points, and the accuracy "
                "under fog by up to 11. On the fly there are no figures for glass blur.",
            )
        table = leaderboard(storage)
        table = table.assign(training=table["training"].where(table["training"] != "", NO_GROUP))
        with left:
            wanted = st.text_input(
                "Search", key=f"{KEY}_search", placeholder="Model, training or paper", bind="query-params"
            )
        sources = selection.pills(
            "Source",
            [source for source in report.SOURCES if source in set(table["source"])],
            key=f"{KEY}_source",
            kind="source",
            default=[report.OWN, report.TESTBED],
            help="Choose none for all.",
        )
        trainings = selection.pills(
            "Training",
            list(table["training"].value_counts().index),
            key=f"{KEY}_training",
            kind="training",
            text=_capital,
        )
        shown = selection.multiselect(
            "Figures",
            list(FIGURES),
            key=f"{KEY}_figures",
            kind="figure",
            default=START,
            text=lambda name: FIGURES[name],
        )
    rows = _chosen(table, wanted or "", sources, trainings)
    if rows.empty:
        states.empty("No model matches", "Change the search, or choose fewer sources and trainings.", icon=PAGE.icon)
        return
    _table(rows, shown or START, storage)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _chosen(table: pd.DataFrame, wanted: str, sources: list[str], trainings: list[str]) -> pd.DataFrame:
    """The rows that search and filters leave."""
    for column, values in (("source", sources), ("training", trainings)):
        if values:
            table = table[table[column].isin(values)]
    texts = (table["model"] + " " + table["name"] + " " + table["training"] + " " + table["paper"]).str.casefold()
    for word in wanted.casefold().split():
        texts_match = texts.str.contains(word, regex=False)
        table, texts = table[texts_match], texts[texts_match]
    return table.reset_index(drop=True)


def _table(rows: pd.DataFrame, shown: list[str], storage: str) -> None:
    own = int((rows["source"] == report.OWN).sum())
    with st.container(border=True, key=f"card-{KEY}"):
        st.subheader(f"{len(rows):,} models", anchor=False)
        st.caption(
            f"Accuracy in percent, higher is better; of mCE, FPR95 and calibration errors lower is better. Corrupted images {report.STORAGES[storage]}. "
            + (
                f"{own} of them {'was' if own == 1 else 'were'} evaluated here."
                if own
                else "None of them was evaluated here."
            )
        )
        frame = rows[
            [
                "model",
                *shown,
                "low",
                "high",
                "n",
                "n_corrupted",
                "n_attacked",
                "dataset",
                "unknown",
                "training",
                "source",
                "paper",
            ]
        ].copy()
        own_rows = rows["source"] == report.OWN
        address = f"{links.paths().get('model', 'model')}?name="
        frame.insert(1, "page", (address + rows["model"].map(quote)).where(own_rows))
        frame[[*shown, "low", "high"]] = 100 * frame[[*shown, "low", "high"]]
        if not own:
            frame = frame.drop(columns=["page", "low", "high", "n_corrupted", "dataset"])
        if "autoattack" not in shown or rows["n_attacked"].isna().all():
            frame = frame.drop(columns="n_attacked")
        if not own or not {"auroc", "fpr95"}.intersection(shown):
            frame = frame.drop(columns="unknown")
        st.dataframe(frame, hide_index=True, width="stretch", height=560, column_config=_columns(), placeholder="–")
        if set(shown).intersection(report.KNOWING) and rows[list(report.KNOWING)].isna().all(axis=None):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(
                    "Nobody publishes detection and calibration of these models. Evaluate your own under the suite Unknown images."
                )
                links.to("evaluate", "Evaluate unknown images", addresses.evaluate((), "", ["unknown"]))
        if not own:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption("Your own models appear here once they are evaluated on images with ImageNet's classes.")
                links.to("evaluate", "Evaluate a model", {})
        if "autoattack" in shown:
            for sentences in dict.fromkeys(filter(None, rows["caution"])):
                states.notice(sentences)
        st.caption(states.plain(report.footer(rows, storage).text))
        figure.download_csv(rows, KEY)


def _columns() -> dict[str, Any]:
    """How each column is written."""
    config = st.column_config
    return {
        "model": config.TextColumn("Model", pinned=True, width="medium"),
        "page": config.LinkColumn(
            "Page", display_text=":material/open_in_new:", help="All that is known of your own models.", width="small"
        ),
        "training": config.TextColumn("Training", width="small"),
        "source": config.TextColumn("Source", width="small"),
        **{
            name: config.NumberColumn(title, format="%.1f", help=HELP[name], width="small")
            for name, title in FIGURES.items()
        },
        "n": config.NumberColumn(
            "Images", format="localized", help="Behind the clean accuracy; empty where not stated."
        ),
        "n_corrupted": config.NumberColumn(
            "Corrupted images", format="localized", help="The fewest behind a corrupted figure of your own models."
        ),
        "n_attacked": config.NumberColumn(
            "Attacked images", format="localized", help="Behind the figure under AutoAttack of your own models."
        ),
        "low": config.NumberColumn(
            "95 % from", format="%.1f", help="Of the clean accuracy (Wilson); of your own models."
        ),
        "high": config.NumberColumn("to", format="%.1f"),
        "dataset": config.TextColumn("Evaluated on"),
        "unknown": config.TextColumn("Unknown images"),
        "paper": config.TextColumn("Paper"),
    }
