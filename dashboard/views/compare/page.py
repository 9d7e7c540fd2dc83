"""Compare: several models side by side, one figure at a time, down to the images behind a bar."""

from __future__ import annotations

import dataclasses

import streamlit as st

from dashboard import cache
from dashboard.cache import compare
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.compare import (
    beside_released,
    documents,
    example_images,
    export,
    metric_views,
    notes,
    python_code,
)
from dashboard.views.compare.attacks import images as attacked_images
from dashboard.views.compare.attacks import panel as attacks
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.closer import pair_images
from dashboard.views.compare.controls import KEY, Choice, pick
from dashboard.views.compare.modes import ATTACKS, DOCUMENTS, MODES, TITLES, Mode
from dashboard.views.compare.view import Settings, View
from dashboard.widgets import data_picker, figure, labels, links, report, states
from robustcore.display import display_name
from robustcore.reports.compare import published_models
from robustcore.reports.compare.comparison import Comparison

PAGE = Page(
    title="Compare",
    icon=":material/bar_chart:",
    order=31,
    group="Compare",
    question="Which model survives what?",
    purpose="The evaluated models side by side, on the images they share, with their clean accuracy.",
    help="Choose data, models and conditions, then a view. A click on a mark leads to the images behind it, and a pinned model "
    "is highlighted in every figure. Everything drawn can be saved, and the address of this page leads back to it.",
    terms=(
        "APP",
        "Residual robustness",
        "CE",
        "Relative CE",
        "Effective robustness",
        "Critical difference",
        "Pinned model",
        "Condition",
        "Storage",
    ),
)


def render() -> None:
    """The page below its heading."""
    choice = pick()
    view = selection.segmented(
        "View", list(TITLES), key=f"{KEY}_view", kind="view", text=TITLES.__getitem__, label_visibility="collapsed"
    )
    if view == DOCUMENTS:
        documents.panel(choice)
    elif view == "trend" and not (choice.models and choice.suites):
        _trend_alone(choice)
    elif not choice.models or not choice.suites:
        _nothing_chosen(choice)
    elif view == ATTACKS:
        _attacks(choice)
    else:
        _view(view, MODES[view], choice)


def _view(name: str, mode: Mode, choice: Choice) -> None:
    settings = mode.controls(choice)
    models = tuple(dict.fromkeys([*choice.models, *settings.further]))
    results, refused = compare.read(models, choice.data, choice.suites, choice.severities, choice.storage, choice.seed)
    for note in refused:
        states.notice(note.text)
    comparison: Comparison | None = None if results is None else results.value
    if (
        results is None
        or comparison is None
        or comparison.only([m for m in choice.models if m in comparison.models]).empty
    ):
        if name == "trend":
            _trend_alone(choice)
        else:
            _nothing_stored(choice)
        return
    if why := metric_views.refused(comparison, settings):
        states.error(why, title="This reference cannot be used here")
        return
    if settings.baseline and settings.baseline not in comparison.models:
        states.error(
            f"Nothing is stored of the baseline {settings.baseline} under these conditions: choose another one."
        )
        return
    view = mode.draw(results, choice, settings)
    if isinstance(view, str):
        states.empty("Nothing to draw", view, icon=":material/query_stats:")
        return
    _card(view, choice, comparison)
    if mode.with_means and view.result is not None:
        notes.means(comparison, view.result)
    if mode.below is not None:
        mode.below()
    _missing(comparison, choice)
    report.button(
        [m for m in choice.models if m in comparison.models],
        choice.data,
        choice.suites,
        key=KEY,
        severities=choice.severities,
        storage=choice.storage,
        seed=choice.seed,
        reference=settings.reference,
    )
    beside_released.show(choice)


def _card(view: View, choice: Choice, comparison: Comparison | None, attacked: Stored | None = None) -> None:
    """The one figure of the page, with all that belongs to it; `attacked` is what it is of where it is of no comparison."""
    # Published figures are counts: there are no images behind them.
    clickable = view.clickable and (attacked is not None or (comparison is not None and bool(comparison.subjects)))
    of = "" if attacked is None else attacked.digest
    view = dataclasses.replace(view, drawing=compare.drawn(view.drawing, comparison, of))
    remaining = []

    def above() -> None:
        if comparison is not None and view.result is not None:
            notes.mean_in_words(comparison, view.result)
        remaining.extend(notes.warnings([*(view.result.notes if view.result else ()), *view.notes]))

    with st.container(key=f"{KEY}_with_images"):
        event = figure.card(
            view.figure,
            key=f"{KEY}-{view.key}",
            title=states.plain(view.title),
            says=states.plain(view.caption),
            table=view.table,
            footer=view.footer.text,
            origin=view.origin,
            badge=True,
            clickable=clickable or view.takes_clicks,
            wide=view.wide,
            above=above,
            below=lambda: notes.small_print(remaining),
            files=lambda: export.buttons(view, python_code.script(view, comparison)),
        )
        clicked = example_images.chosen(event)
        if attacked is not None:
            attacked_images.panel(attacked, clicked)
        elif clickable and comparison is not None:
            if view.pair:
                pair_images.panel(comparison, choice, view.pair, clicked)
            else:
                example_images.panel(comparison, choice, clicked)


def _attacks(choice: Choice) -> None:
    own = [m for m in choice.models if not published_models.is_published(m)]
    if choice.is_published or not own:
        states.empty("Nothing to draw", "The published tables have no curves under attack.", icon=":material/bolt:")
    else:
        stored = Stored(choice, tuple(own))
        view = attacks.view(stored)
        if view is not None:
            _card(view, choice, None, stored)
            attacks.below(view)


def _trend_alone(choice: Choice) -> None:
    """The published populations are drawn without results of the user's own."""
    from dashboard.views.compare import scatter_views

    view = scatter_views.trend(None, choice, Settings())
    if isinstance(view, View):
        _card(view, choice, None)


def _nothing_chosen(choice: Choice) -> None:
    what = "model" if not choice.models else "suite"
    place = states.empty(f"Choose a {what}", "Its results are drawn here.", icon=":material/bar_chart:")
    if not choice.is_published and not cache.results.evaluated(choice.data):
        with place:
            links.to(
                "evaluate",
                f"Nothing was evaluated on {data_picker.words(choice.data)} yet: evaluate",
                choice.evaluation,
            )


def _nothing_stored(choice: Choice) -> None:
    """No result at all: say what would have to be computed."""
    models = choice.models[0] if len(choice.models) == 1 else "these models"
    place = states.empty(
        f"Nothing is stored of {models} here",
        f"Suites {', '.join(map(labels.suite, choice.suites))}, {labels.storage(choice.storage).lower()}, seed {choice.seed}, "
        f"on {data_picker.words(choice.data)}: an evaluation computes it.",
        icon=":material/query_stats:",
    )
    if not choice.is_published:
        with place:
            links.to("evaluate", "Evaluate this", choice.evaluation)


def _missing(comparison: Comparison, choice: Choice) -> None:
    lacking = [m for m in comparison.partial if m in choice.models]
    if lacking:
        left, right = st.columns([4, 1], vertical_alignment="center")
        more = f" and {len(lacking) - 6} more" if len(lacking) > 6 else ""
        left.caption(states.plain(f"Evaluated in part only, and not ranked: {', '.join(lacking[:6])}{more}."))
        with right:
            links.to("evaluate", "Evaluate the rest", dataclasses.replace(choice, models=tuple(lacking)).evaluation)
    if not comparison.missing:
        return
    names = ", ".join(display_name(name, inside=True) for name in comparison.missing[:6])
    more = f" and {len(comparison.missing) - 6} more" if len(comparison.missing) > 6 else ""
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(states.plain(f"Not evaluated for any of these models, and not drawn: {names}{more}."))
    with right:
        links.to("evaluate", "Evaluate them", choice.evaluation)
