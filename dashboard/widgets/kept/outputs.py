"""Outputs that a page needs, kept by workers part by part, with a progress bar and a button that stops.

A finished part stays on the disk, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard.cache.offload import offload
from dashboard.widgets import states
from robustcore import derived

_SHARE = 0.9  # of the work: the model's part
_AT_ONCE, _AT_ONCE_LARGE = 512, 128  # images between two looks at the progress, small ones and larger ones
_SMALL_SIDE = 96  # pixels


@dataclasses.dataclass(frozen=True)
class Part:
    """One set of images.

    Attributes:
        title: for people.
        keep: a worker's function; called with `arguments` and how many of the images, the first ones, have to be kept then.
        arguments: as said.
        size: the number of images.
    """

    title: str
    keep: Callable[..., int]
    arguments: tuple[Any, ...]
    size: int


def compute(parts: Sequence[Part], *, key: str, identity: str, side: int, stop: Callable[[], None], last: str) -> None:
    """Keep the outputs of all parts; a rerun of the page, as by the button, ends it.

    Args:
        parts: one after the other.
        key: of the widgets.
        identity: a digest that tells this work from any other.
        side: of the images, in pixels.
        stop: called by the button before the page is drawn again.
        last: what the bar says when the outputs are kept: what comes then.
    """
    total = sum(part.size for part in parts)
    with st.container(border=True, key=f"{key}_progress", horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"0 of {total:,} images")
        st.button("Stop", icon=":material/stop:", key=f"{key}_stop", on_click=stop)
    step = _AT_ONCE if side <= _SMALL_SIDE else _AT_ONCE_LARGE
    done = 0
    for part in parts:
        before = 0
        for until in [*range(step, part.size, step), part.size]:
            bar.progress(_SHARE * done / total, f"{done:,} of {total:,} images; now: {states.plain(part.title)}")
            offload(f"{key}-outputs", derived.digest(identity, part.title, until), part.keep, *part.arguments, until)
            done, before = done + until - before, until
    bar.progress(_SHARE, f"{total:,} images; now: {last}")
