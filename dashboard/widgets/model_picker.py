"""The picker of one model: those that are here, and where paths may be named a checkpoint whose path is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard import cache
from dashboard.plain_text import plain
from dashboard.session import roots, selection
from dashboard.widgets import links
from robustcore import models
from robustcore.errors import RobustcoreError, UnknownNameError

HELP = (
    "Or type the path of a checkpoint, with its architecture where it has no card: "
    "/data/mine.pth?architecture=torchvision/resnet50."
)


def pick(label: str, names: Sequence[str], *, key: str, default: str | None = None, **more: Any) -> str:
    """Draw the picker; a path is answered as it may be read, resolved and confined to the data roots."""
    about = _about(str(st.session_state.get(key) or st.query_params.get(key) or default or names[0]), names)
    if not roots.open_to_paths():
        return selection.selectbox(label, names, key=key, kind="model", default=default, help=about or None, **more)
    options, understood = list(names), True
    typed = st.session_state.get(key, st.query_params.get(key))
    if isinstance(typed, str) and typed and typed not in names:
        try:
            cache.models.card(_named(typed, names))
            options.append(typed)
        except RobustcoreError as error:
            understood = False  # a picker that takes any text would keep this one
            st.session_state[key] = instead = default if default in names else names[0]
            selection.say(f"{error} Showing {instead}.")
    chosen = selection.selectbox(
        label,
        options,
        key=key,
        kind="model",
        default=default,
        accept_new_options=understood,
        help=f"{about} {HELP}".strip(),
        **more,
    )
    return chosen if chosen in names else _named(chosen, names)


def _about(name: str, names: Sequence[str]) -> str:
    """A link to the page about the chosen model; "" for one that is typed, or none."""
    return (
        f"[About {plain(name)}](model?{urlencode({'name': name})})." if name in names and links.exists("model") else ""
    )


def _named(typed: str, names: Sequence[str]) -> str:
    """What a person typed as a model's name: a file, or a model of this machine with options; nothing is downloaded."""
    if models.path_of(typed) is None and typed.partition("?")[0] not in names:
        raise UnknownNameError("model", typed, names)
    return roots.model(typed)
