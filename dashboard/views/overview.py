"""Overview: how each evaluated model holds up, and where to go from here."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from dashboard import data, selection
from dashboard.pages import Page
from dashboard.widgets import figure, labels, links, states
from robustcore.reports import look
from robustcore.reports.overview import Overview

PAGE = Page(
    title="Overview",
    icon=":material/home:",
    order=10,
    question="How do the models hold up?",
    purpose="What breaks an image classifier, why, and what mends it: the evaluated models at a glance.",
    help="Every model that was evaluated here or ships with the package: its accuracy on clean images, its mean accuracy "
    "under corruption, and what is hardest for it. Compare has the details, Evaluate computes more.",
)
KEY = "overview"


# What the strip of examples shows: one corruption of each family, at a severity that people still read.
EXAMPLES = ("gaussian_noise", "motion_blur", "fog", "contrast", "jpeg_compression")
SEVERITY = 4
IMAGE = 54  # of the test images: colourful enough to have something to lose


def render() -> None:
    """The page below its heading."""
    _introduction()
    dataset = _pick_dataset()
    models = data.evaluated(dataset)
    if not models:
        place = states.empty(
            "No model has been evaluated yet",
            "An evaluation scores models on clean and on corrupted images; its results stand here as soon as they come.",
            icon=":material/query_stats:",
        )
        with place:
            links.to("evaluate", "Evaluate a model")
        _go_on([], dataset)
        return
    found = data.overview(tuple(models), dataset)
    states.origin_badge(found.provenance.shipped)
    _ranges(found)
    _table(found)
    _go_on(models, dataset)


def _introduction() -> None:
    """What this is, in two sentences and six images."""
    left, right = st.columns([1, 1.25], gap="large", vertical_alignment="center")
    left.markdown(
        "An image classifier that is right on clean images may be wrong as soon as there is noise, fog or a strong "
        "compression. Here you see **what breaks a model**, measure **how much of its accuracy survives**, and compare "
        "**which training mends it**. Everything is computed on this machine."
    )
    left.caption(
        "The demo: small networks that name the shape in 64-pixel images, twelve shapes in all. Your own models and images "
        "take the same path."
    )
    with right:
        _examples()


def _examples() -> None:
    cells = tuple(look.Cell(name, SEVERITY, SEVERITY, None, 0) for name in EXAMPLES)
    shown = data.grid(data.test_image(IMAGE), cells, "memory")
    names = ["clean", *(labels.inner(labels.pretty(name)) for name in EXAMPLES)]
    figures = "".join(
        f'<figure style="margin:0"><img src="{source}" alt="A test image, {escape(name)}" style="width:100%;'
        f'border-radius:5px;image-rendering:pixelated;display:block"><figcaption style="font-size:.78rem;opacity:.75;'
        f'text-align:center;margin-top:3px">{escape(name)}</figcaption></figure>'
        for name, source in zip(names, shown.thumbnails, strict=True)
    )
    st.html(
        f'<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(calc(118px - 3vw),1fr));gap:8px">{figures}</div>'
    )


def _pick_dataset() -> str:
    names = ["scenes", *data.folders()]
    if len(names) == 1:
        return names[0]
    return selection.selectbox("Dataset", names, key=f"{KEY}_dataset", kind="dataset")


def _ranges(found: Overview) -> None:
    from robustcore.figures import ranges

    footer = found.provenance.sentence(
        formula="Mean: over the severities of a corruption, then over the corruptions; weakest: the lowest mean of a corruption"
    )
    figure.card(
        ranges.accuracy_ranges(found.table, footer=footer, alt=_alt(found)),
        key=KEY,
        title="From clean images to the hardest corruption",
        says=_says(found),
        alt=_alt(found),
        footer=footer,
        origin=found.provenance,
    )
    for note in found.notes:
        st.caption(states.plain(note))


def _says(found: Overview) -> str:
    known = found.table.dropna(subset=["mean"])
    if known.empty:
        return "So far the models were scored on clean images only."
    best = known.sort_values("mean", ascending=False).iloc[0]
    counts = known["weakest_name"].map(labels.pretty).value_counts()
    hardest, times = labels.inner(str(counts.index[0])), int(counts.iloc[0])
    says = (
        f"{best['model']} keeps most: {best['mean']:.0%} right under corruption, {best['clean']:.0%} on clean images."
    )
    if len(known) == 1:
        says += f" Hardest for it: {hardest}."
    elif times > 1:
        says += f" Hardest for {'all' if times == len(known) else f'{times} of {len(known)}'}: {hardest}."
    return says.replace("%", " %")


def _alt(found: Overview) -> str:
    return "; ".join(
        f"{row['model']}: clean {row['clean']:.0%}, mean {row['mean']:.0%}, weakest {row['weakest']:.0%} ({row['weakest_name']})"
        for row in found.table.to_dict("records")
    )


def _table(found: Overview) -> None:
    table = found.table
    shown = pd.DataFrame(
        {
            "Model": table["model"],
            "Clean": 100 * table["clean"],
            "Under corruption": 100 * table["mean"],
            "Weakest corruption": [
                f"{labels.pretty(name)}, {100 * value:.1f} %" if name else "" for name, value in
                zip(table["weakest_name"], table["weakest"], strict=True)
            ],
            "Weakest severity": [
                "" if pd.isna(severity) else f"{severity}, {100 * value:.1f} %" for severity, value in
                zip(table["weakest_severity"], table["at_severity"], strict=True)
            ],
            "Lowest of all": [
                "" if not name else f"{labels.pretty(name)}{'' if pd.isna(s) else f' {s}'}, {100 * value:.1f} %"
                for name, s, value in zip(table["worst_name"], table["worst_severity"], table["worst"], strict=True)
            ],
            "Images": table["n"],
            "Origin": ["demo" if shipped else "computed here" for shipped in table["shipped"]],
        }
    )  # fmt: skip
    percent = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            "Clean": percent(format="%.1f %%", help="Accuracy on the images as they are."),
            "Under corruption": percent(
                format="%.1f %%", help="Mean accuracy over the severities, then over the corruptions."
            ),
            "Weakest corruption": st.column_config.TextColumn(
                help="The corruption with the lowest mean accuracy over its severities."
            ),
            "Weakest severity": st.column_config.TextColumn(
                help="The severity with the lowest mean accuracy over the corruptions."
            ),
            "Images": st.column_config.NumberColumn(format="localized"),
            "Lowest of all": st.column_config.TextColumn(
                help="The one corruption and severity with the lowest accuracy."
            ),
        },
    )
    figure.download_csv(table, KEY)


def _go_on(models: list[str], dataset: str) -> None:
    st.subheader("Where to go next", anchor=False)
    chosen = models[:4]
    same = {} if dataset == "scenes" else {"dataset": dataset}
    cards: list[tuple[str, str, str, links.Address]] = [
        ("corruptions", "Look at it", "One image under every corruption, with what the model answers.",
         {"corruptions_model": chosen[:1]} if chosen else {}),
        ("compare", "Compare the models", "Corruption by corruption, severity by severity, against a reference.",
         {"compare_model": chosen} | {f"compare_{k}": v for k, v in same.items()}),
        ("evaluate", "Evaluate more", "Your own model, your own images, other corruptions; it runs behind the page.",
         {f"evaluate_{k}": v for k, v in same.items()}),
    ]  # fmt: skip
    for column, (view, title, text, address) in zip(st.columns(3, gap="medium"), cards, strict=True):
        with column, st.container(border=True, height="stretch"):
            links.to(view, f"**{title}**", address)
            st.caption(text)
