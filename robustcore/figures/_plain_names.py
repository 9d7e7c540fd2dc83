"""Names inside figures: Plotly reads some HTML in every text, a name never means any.

Plotly would draw `<b>x</b>` as a bold x, `<a href=...>` as a link, and leave an unknown tag out without a word.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import plotly.graph_objects as go

# The tags that our own figures use; everything else that looks like one is text.
_NO_TAG_OF_OURS = re.compile(r"<(?!(?:br|/?b|/?extra|/span|span style='opacity:0\.75')>)")
_OF_TRACES = ("name", "text", "hovertext", "hovertemplate", "x", "y", "legendgroup")
_OF_AXES = ("ticktext", "categoryarray", "tickvals")


def plain(value: Any) -> Any:
    """A text, or an array of texts, in which no foreign "<" begins a tag; anything else as it is."""
    if isinstance(value, str):
        return _NO_TAG_OF_OURS.sub("&lt;", value)
    if _holds_texts(value) and any(isinstance(each, str) and "<" in each for each in value):
        return [plain(each) for each in value]
    return value


def _holds_texts(value: Any) -> bool:
    """Whether it is a list, or an array of one dimension that may hold texts."""
    return isinstance(value, list | tuple) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "OU" and value.ndim == 1
    )


def show_names_as_they_read(figure: go.Figure) -> None:
    """Replace the texts of all traces, axes and annotations by their plain form, in place."""
    for trace in figure.data:
        _replace(trace, _OF_TRACES)
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        _replace(axis, _OF_AXES)
        if axis.title.text:
            axis.title.text = plain(axis.title.text)
    for annotation in figure.layout.annotations:
        if annotation.text:
            annotation.text = plain(annotation.text)


def _replace(thing: Any, names: tuple[str, ...]) -> None:
    for name in names:
        if name in thing:
            before = thing[name]
            after = plain(before)
            if after is not before and not (isinstance(after, str) and after == before):
                thing[name] = after
