"""Corruptions: one image under every corruption, with the model's answers."""

from __future__ import annotations

import dataclasses

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache, data_urls
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.corruptions import python_code
from dashboard.views.corruptions.answers import Answered
from dashboard.widgets import image_picker, labels, markup, pair, states, thumbnails
from dashboard.widgets.choice import Choice
from robustcore.display import display_name
from robustcore.reports.preview import gallery

PAGE = Page(
    title="Corruptions",
    icon=":material/blur_on:",
    order=20,
    group="Explore",
    question="Which corruptions change the prediction?",
    purpose="One image under every corruption at every severity, with the model's prediction below each.",
    help="Choose a model and an image. Every thumbnail is, bit for bit, what an evaluation with this seed scores; "
    "wrong answers are marked. Click one to see it next to the clean image.",
    terms=("Corruption", "Severity", "Strength", "Suite", "Storage"),
)
KEY = "corruptions"
NONE = "no model"


@dataclasses.dataclass(frozen=True)
class Filters:
    """Which corruptions are shown, and how they are computed."""

    suites: list[str]
    families: list[str]
    seed: int
    storage: str

    def all_names(self) -> list[str]:
        """The corruptions of the suites."""
        return sorted({name for suite in self.suites for name in corruptions.names(suite)})

    def names(self) -> tuple[str, ...]:
        """Those of the chosen families, by family."""
        registered = (corruptions.get(name) for name in self.all_names())
        kept = [c for c in registered if not self.families or c.family in self.families]
        return tuple(c.name for c in sorted(kept, key=lambda c: (corruptions.families.place(c.family), c.name)))


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls", gap="small"):
        left, right = st.columns([1, 2.6], gap="medium")
        with left:
            names = cache.models.model_names()
            model = image_picker.choose_model(KEY, NONE)
        with right:
            choice = image_picker.pick(KEY, model)
        left, right = st.columns([2.6, 1], gap="medium", vertical_alignment="bottom")
        with left:
            suites = _pick_suites()
        with right:
            second, filters = _pick_more(model, names, suites)
    if choice is None:
        states.empty("Choose an image", "Upload one above, or take a photograph or a scene.", icon=":material/image:")
        return
    if not suites:
        states.empty(
            "Choose a suite", "The grid shows the corruptions of the chosen suites.", icon=":material/grid_on:"
        )
        return
    models = [name for name in (model, second) if name != NONE]
    # The whole suite is computed and the family only filters, so that choosing one costs nothing.
    cells = tuple(cell for name in filters.all_names() for cell in gallery.cells(name, filters.seed))
    answered = _answer(choice, cells, filters.storage, models)
    _show(answered, filters, models)
    _go_on(answered)


@st.fragment
def _show(answered: Answered, filters: Filters, models: list[str]) -> None:
    """Grid and panel; a click on a thumbnail draws these two again and nothing else."""
    left, right = st.columns([1.75, 1], gap="medium")
    with left:
        _grid(answered, filters, models)
    with right, st.container(key=f"{KEY}_detail"):
        _detail(answered, filters, models)


def _pick_suites() -> list[str]:
    offered = [suite for suite in corruptions.suites.names("corruption") if corruptions.names(suite)]
    return selection.pills(
        "Suites",
        offered,
        key=f"{KEY}_suite",
        kind="suite",
        default=["imagenet-c"],
        text=labels.suite,
        wrap=True,
    )


def _pick_more(model: str, names: list[str], suites: list[str]) -> tuple[str, Filters]:
    """The settings that are rarely changed, behind one button."""
    with st.popover("Seed, families, second model", icon=":material/tune:", width="stretch"):
        seed = selection.number(
            "Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed", help="For the random draws."
        )
        storage = selection.segmented(
            "Storage",
            list(corruptions.STORAGES),
            key=f"{KEY}_storage",
            kind="storage",
            text=labels.storage,
            help="The released ImageNet-C went through a second JPEG of quality 85; "
            "choose it to compare with published numbers.",
        )
        present = {corruptions.get(name).family for suite in suites for name in corruptions.names(suite)}
        families = selection.pills(
            "Only these families",
            sorted(present, key=corruptions.families.place),
            key=f"{KEY}_family",
            kind="family",
            text=corruptions.families.title,
            wrap=True,
        )
        second = selection.selectbox(
            "Second model",
            [NONE, *(name for name in names if name != model)],
            key=f"{KEY}_beside",
            kind="model",
            help="Its answers to the same images are shown below those of the first.",
        )
    return second, Filters(suites, families, seed, storage)


def _answer(choice: Choice, cells: tuple[gallery.GalleryImage, ...], storage: str, models: list[str]) -> Answered:
    """The images, and the answers of small models; others are loaded and answer once the page is shown."""
    grid = cache.gallery.grid(choice.item, cells, storage)
    scorings = {
        name: cache.gallery.scoring(name, grid, storage)
        for name in models
        if gallery.is_in_domain(cache.models.card(name), choice.item)
    }
    for scoring in scorings.values():
        if scoring.quick:
            scoring.advance(grid)
    return Answered(choice, grid, scorings, storage)


def _grid(answered: Answered, filters: Filters, models: list[str]) -> None:
    names = filters.names()
    lines = []
    for name in names:
        corruption = corruptions.get(name)
        title = display_name(corruption.name, "corruption")
        places = [i for i, cell in enumerate(answered.grid.cells, start=1) if cell.name == name]
        thumbs = [answered.thumb(i, f"{title}, {answered.grid.cells[i - 1].caption}") for i in places]
        lines.append(thumbnails.Line(corruption.family, title, labels.note(corruption), corruption.summary, thumbs))
    columns = labels.columns([corruptions.get(name) for name in names])
    says = answered.sentence(names) if answered.scorings else _why_no_answer(answered, models)
    markup.show(
        thumbnails.markup(answered.thumb(0, "Clean"), says, columns, lines),
        key=f"{KEY}_grid",
        on_pick=_choose_cell,
        leads_to=f"{KEY}_detail",
    )
    note = (
        f"Seed {filters.seed}; {labels.storage(filters.storage).lower()}; {', '.join(answered.scorings) or 'no model'}."
    )
    st.download_button(
        "Download the grid as PNG",
        lambda: answered.export(names, columns, note),
        file_name=f"corruptions {answered.choice.item.name} seed {filters.seed}.png".replace(" ", "-"),
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
        key=f"{KEY}_download",
    )


def _why_no_answer(answered: Answered, models: list[str]) -> str:
    if not models:
        return "No model is chosen, so only the corruptions are shown."
    return (
        "The demo models only know the twelve shapes of the test images. An answer to "
        f"{answered.choice.title} would be meaningless, so no predictions are shown."
    )


def _choose_cell(key: str) -> None:
    name, _, level = key.rpartition("-")
    st.session_state.update({f"{KEY}_shown": name, f"{KEY}_level": int(level)})


def _detail(answered: Answered, filters: Filters, models: list[str]) -> None:
    names = filters.names()
    name = selection.selectbox(
        "Corruption",
        names,
        key=f"{KEY}_shown",
        kind="corruption",
        text=lambda n: display_name(n, "corruption", suite=True),
        label_visibility="collapsed",
    )
    corruption = corruptions.get(name)
    own = [cell for cell in answered.grid.cells if cell.name == name]
    level = 1
    if len(own) > 1:
        word = "Severity" if corruption.severities else "Draw"
        level = selection.segmented(
            word,
            [c.level for c in own],
            key=f"{KEY}_level",
            kind=word.lower(),
            default=3,
            width="stretch",
        )
    cell = own[level - 1]
    if corruption.ranged:
        cell = _pick_strength(corruption, cell)
    markup.html(thumbnails.selected(cell.key))
    place = 1 + answered.grid.cells.index(cell) if cell in answered.grid.cells else None
    if place is None:
        answered, place = _answer(answered.choice, (cell,), answered.storage, models), 1
        for scoring in answered.scorings.values():
            scoring.advance(answered.grid)
    markup.show(
        pair.markup(
            pair.Side(
                data_urls.exact(answered.grid.clean[0]), "Clean", "The clean image", answered.bars(0), _crisp(answered)
            ),
            pair.Side(
                data_urls.exact(answered.grid.images[place - 1]),
                f"{display_name(corruption.name, 'corruption', suite=True)}, {cell.caption}",
                f"The image under {display_name(corruption.name, 'corruption', suite=True)}, {cell.caption}",
                answered.bars(place),
                _crisp(answered),
            ),
        ),
        key=f"{KEY}_pair",
    )
    st.caption(states.plain(f"{corruption.summary} Source: {corruption.source}."))
    model = next(iter(answered.scorings), None)
    with st.expander("Python code for this image", icon=":material/code:"):
        st.code(python_code.corruption(answered.choice.code, cell, answered.storage, model), language="python")


def _pick_strength(corruption: corruptions.Corruption, cell: gallery.GalleryImage) -> gallery.GalleryImage:
    """A slider that starts at the severity's strength; moving it gives another cell with the same draws."""
    assert cell.severity is not None
    assert corruption.limits is not None
    start = corruption.strength_of(cell.severity)
    low, high = corruption.limits
    strength = st.slider(
        "Strength",
        float(low),
        float(high),
        float(start),
        step=(high - low) / 100,
        key=f"{KEY}_strength_{cell.key}",
        help="Any strength within the corruption's limits; the five severities are among them.",
    )
    return (
        cell
        if abs(strength - start) < (high - low) / 200
        else dataclasses.replace(cell, severity=None, strength=strength)
    )


def _crisp(answered: Answered) -> bool:
    return max(answered.grid.clean.shape[-2:]) <= data_urls.EXACT_SIDE


def _go_on(answered: Answered) -> None:
    """Large models: answer the next few images, then draw the page again with them."""
    waiting = [s for s in answered.scorings.values() if not s.finished]
    if waiting:
        for scoring in waiting:
            scoring.advance(answered.grid)
        selection.rerun()
