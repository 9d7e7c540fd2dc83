"""Overview: how each evaluated model holds up, what breaks it first, and where to go from here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.overview import table, tiles
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.rows import Kind
from dashboard.widgets import labels, links, states
from robustcore.errors import RobustcoreError
from robustcore.reports.overview import findings
from robustcore.reports.overview.overview import Overview
from robustcore.reports.preview import gallery

PAGE = Page(
    title="Overview",
    icon=":material/home:",
    order=10,
    question="How do the models hold up?",
    purpose="What breaks an image classifier, why, and what mends it: the evaluated models at a glance.",
    help="Every model that was evaluated here or ships with the package: its accuracy on clean images, under corruption, under "
    "attack and under natural shifts, and what breaks it first. Every number leads to the page that proves it.",
)

# What the strip of examples shows: one corruption of each family, at a severity that people still read.
EXAMPLES = ("gaussian_noise", "motion_blur", "fog", "contrast", "jpeg_compression")
SEVERITY = 4
IMAGE = 54  # of the test images: colourful enough to have something to lose


def render() -> None:
    """The page below its heading."""
    _introduction()
    dataset = _pick_dataset()
    models = cache.evaluated(dataset)
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
    found = cache.overview(tuple(models), dataset)
    kinds = {name: Kind(_architecture(name), *cache.training(name)) for name in found.table["model"]}
    _headline(found, kinds)
    tiles.show(found, dataset)
    table.show(found, kinds, dataset)
    _go_on(list(found.table["model"]), dataset)


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
    cells = tuple(gallery.Cell(name, SEVERITY, SEVERITY, None, 0) for name in EXAMPLES)
    shown = cache.grid(cache.test_image(IMAGE), cells, "memory")
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
    names = ["scenes", *cache.folders()]
    if len(names) == 1:
        return names[0]
    return selection.selectbox("Dataset", names, key=f"{KEY}_dataset", kind="dataset")


def _architecture(model: str) -> str:
    """A model's architecture as its card says it; "unknown" for one whose card is not here."""
    try:
        return cache.card(model).architecture.rpartition("/")[2] or "unknown"
    except RobustcoreError:
        return "unknown"


def _headline(found: Overview, kinds: Mapping[str, Kind]) -> None:
    said = findings.headline(found, {model: kind.training for model, kind in kinds.items()})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {states.plain(said)}", anchors=False)
        states.origin_badge(found.provenance.shipped)


def _go_on(models: list[str], dataset: str) -> None:
    st.subheader("Where to go next", anchor=False)
    chosen = models[:4]
    same = {} if dataset == "scenes" else {"dataset": dataset}
    cards: list[tuple[str, str, str, links.Address]] = [
        (
            "corruptions",
            "Look at it",
            "One image under every corruption, with what the model answers.",
            {"corruptions_model": chosen[:1]} if chosen else {},
        ),
        (
            "compare",
            "Compare the models",
            "Corruption by corruption, severity by severity, against a reference.",
            {"compare_model": chosen} | {f"compare_{k}": v for k, v in same.items()},
        ),
        (
            "evaluate",
            "Evaluate more",
            "Your own model, your own images, other corruptions; it runs behind the page.",
            {f"evaluate_{k}": v for k, v in same.items()},
        ),
    ]
    for column, (view, title, text, address) in zip(st.columns(3, gap="medium"), cards, strict=True):
        with column, st.container(border=True, height="stretch"):
            links.to(view, f"**{title}**", address)
            st.caption(text)
