"""Accuracy over two factors at once, computed row by row by workers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import runs, selection
from dashboard.views.factors.controls import KEY, Choice
from dashboard.widgets import figure
from robustcore.datasets.scenes import FACTORS
from robustcore.figures.scenes import factors as figures
from robustcore.reports.factors.walk import steps
from robustcore.reports.provenance import Footer, package_version

_IMAGES = 120  # behind each cell
_RUNNING = f"{KEY}_plane_running"


def show(choice: Choice) -> None:
    """The map, or the button that computes it."""
    model = choice.models[0]
    others = [name for name in FACTORS if name != choice.factor]
    with st.container(border=True, key=f"card-{KEY}-plane"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.subheader("Two factors at once", anchor=False)
            second = selection.selectbox(
                "And",
                others,
                key=f"{KEY}_second",
                kind="factor",
                default="occlusion" if choice.factor != "occlusion" else "size",
                text=lambda name: FACTORS[name].title,
                width=180,
            )
        down, across = (_halves(name) for name in (choice.factor, second))
        arguments = [(model, choice.factor, strength, second, across, _IMAGES) for strength in down]
        wanted = (model, choice.factor, second)
        kept = all(cache.scenes.factors.is_kept(*each) for each in arguments)
        if not kept and st.session_state.get(_RUNNING) != wanted:
            st.caption(
                f"Accuracy of {model} at every pair of strengths, on {_IMAGES} test images each: {len(down) * len(across) * _IMAGES:,} "
                "images are painted and scored."
            )
            st.button(
                "Compute",
                icon=":material/play_arrow:",
                key=f"{KEY}_plane",
                on_click=st.session_state.__setitem__,
                args=(_RUNNING, wanted),
            )
            return
        shares = _shares(arguments)
    _map(choice, second, down, across, shares)


def _halves(factor: str) -> tuple[float, ...]:
    """A factor's strengths in steps of a half, where it has two sides, else of a quarter."""
    strengths = steps(factor)
    return strengths[::2] if len(strengths) > 5 else strengths


def _shares(arguments: list[tuple[str, str, float, str, tuple[float, ...], int]]) -> np.ndarray:
    """(down, across) accuracies, row by row under a progress bar where they are not kept."""
    bar = st.empty()
    rows = []
    try:
        for place, each in enumerate(arguments):
            if not cache.scenes.factors.is_kept(*each):
                bar.progress(place / len(arguments), f"Row {place + 1} of {len(arguments)}")
            rows.append(cache.scenes.factors.row(*each))
    finally:
        if not runs.overtaken()():
            st.session_state.pop(_RUNNING, None)
    bar.empty()
    return np.array(rows) / _IMAGES


def _map(
    choice: Choice,
    second: str,
    down: tuple[float, ...],
    across: tuple[float, ...],
    shares: np.ndarray,
) -> None:
    model = choice.models[0]
    titles = FACTORS[choice.factor].title, FACTORS[second].title
    reach = 100 * 0.98 / np.sqrt(_IMAGES)
    footer = Footer(
        further=(
            f"{model} on the first {_IMAGES} test images of scenes at every pair, seed 0. 95 % interval of a cell: at most ±{reach:.0f} points.",
            package_version(),
        )
    )
    table = pd.DataFrame(
        [
            {choice.factor: a, second: b, "accuracy": shares[i, j], "n": _IMAGES}
            for i, a in enumerate(down)
            for j, b in enumerate(across)
        ]
    )
    alone = _drops(shares, down, across)
    figure.card(
        figures.plane(
            shares,
            (titles[0], down),
            (titles[1], across),
            images=_IMAGES,
            footer=footer.text,
            alt=f"Accuracy of {model} over the strengths of {titles[0].lower()} and {titles[1].lower()}",
        ),
        key=f"{KEY}-plane-map",
        title=f"{titles[0]} and {titles[1].lower()}",
        says=f"{alone} Percent of the images that {model} answers rightly.",
        table=table,
        footer=footer,
    )


def _drops(shares: np.ndarray, down: tuple[float, ...], across: tuple[float, ...]) -> str:
    """What both factors cost together at their largest strength, against the sum of what each costs alone."""
    i, j = down.index(0.0), across.index(0.0)
    clean, first, second, both = shares[i, j], shares[-1, j], shares[i, -1], shares[-1, -1]
    return (
        f"At full strength the first alone costs {100 * (clean - first):.0f} points, the second {100 * (clean - second):.0f}, both "
        f"together {100 * (clean - both):.0f}."
    )
