"""What the user chose: widgets whose values are in the address, so that a page can be shared as a link.

A widget is bound to the query parameter of its key (`st.<widget>(bind="query-params")`). Keys are shared by the whole
app, so each begins with its page's letter or name. Streamlit drops a value that it cannot use without a word; here
such a value gets one sentence, and the default takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import streamlit as st

from dashboard.plain_text import plain
from robustcore.errors import InvalidArgumentError, UnknownNameError

T = TypeVar("T")
_NOTICES, _KEEP = "_selection_notices", "_selection_keep"


def begin() -> None:
    """A run of a page begins, without the notices of the run before.

    They stay for as long as the person touches nothing: a run that the page itself asked for by `rerun` keeps them.
    """
    if not st.session_state.pop(_KEEP, False):
        st.session_state[_NOTICES] = []


def notices() -> list[str]:
    """What was wrong with the page's address, a sentence each."""
    return list(st.session_state.get(_NOTICES, []))


def selectbox(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    kind: str,
    default: T | None = None,
    text: Callable[[T], str] = str,
    **more: Any,
) -> T:
    """`st.selectbox` over non-empty `options`, bound to the address. `kind` names the thing in a sentence: "model"."""
    first = _first(options, default, kind)
    _adopt(key, options, kind, text, options[first])
    value: T = st.selectbox(label, options, first, text, key=key, bind="query-params", **more)
    return value if value in options else options[first]


def optional(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    kind: str,
    text: Callable[[T], str] = str,
    **more: Any,
) -> T | None:
    """`st.selectbox` with at most one of `options` chosen, none at first, bound to the address."""
    if key in st.session_state:
        if st.session_state[key] not in options:
            st.session_state[key] = None
    elif (raw := st.query_params.get(key)) is not None and raw not in [text(o) for o in options]:
        exact = [o for o in options if raw == str(o)]
        if exact:
            _rewrite(key, exact[0], text(exact[0]))
        else:
            say(f"{UnknownNameError(kind, raw, map(str, options))} It was left out.")
    value: T | None = st.selectbox(label, options, None, text, key=key, bind="query-params", placeholder=label, **more)
    return value if value in options else None


def segmented(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    kind: str,
    default: T | None = None,
    text: Callable[[T], str] = str,
    **more: Any,
) -> T:
    """`st.segmented_control` with exactly one of non-empty `options` chosen, bound to the address."""
    first = _first(options, default, kind)
    _adopt(key, options, kind, text, options[first], label=as_label(text))
    value = st.segmented_control(
        label,
        options,
        default=options[first],
        required=True,
        format_func=as_label(text),
        key=key,
        bind="query-params",
        **more,
    )
    return value if value in options else options[first]


def multiselect(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    kind: str,
    default: Sequence[T] = (),
    text: Callable[[T], str] = str,
    **more: Any,
) -> list[T]:
    """`st.multiselect` over `options`, bound to the address; the order is that of choosing."""
    _adopt_many(key, options, kind, text)
    start = [d for d in default if d in options]
    values = st.multiselect(label, options, start, text, key=key, bind="query-params", **more)
    return [v for v in values if v in options]


def pills(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    kind: str,
    default: Sequence[T] = (),
    text: Callable[[T], str] = str,
    **more: Any,
) -> list[T]:
    """`st.pills` with any number of `options` chosen, bound to the address; in the order of the options."""
    _adopt_many(key, options, kind, text, label=as_label(text))
    start = [d for d in default if d in options]
    chosen = st.pills(
        label,
        options,
        selection_mode="multi",
        default=start,
        format_func=as_label(text),
        key=key,
        bind="query-params",
        **more,
    )
    return [o for o in options if o in chosen]


def as_label(text: Callable[[T], str]) -> Callable[[T], str]:
    """The same text for widgets that read their options as Markdown; a name is shown as it reads."""
    return lambda option: plain(text(option))


def number(label: str, low: int, high: int, *, key: str, default: int, kind: str, **more: Any) -> int:
    """`st.number_input` for an integer, bound to the address."""
    _adopt_number(key, low, high, default, kind)
    value = st.number_input(label, low, high, default, key=key, bind="query-params", **more)
    return default if value is None else int(value)


def slider(label: str, low: int, high: int, *, key: str, default: int, kind: str, **more: Any) -> int:
    """`st.slider` for an integer, bound to the address."""
    _adopt_number(key, low, high, default, kind)
    return min(high, max(low, int(st.slider(label, low, high, default, key=key, bind="query-params", **more))))


def toggle(label: str, *, key: str, default: bool = False, **more: Any) -> bool:
    """`st.toggle`, bound to the address."""
    return st.toggle(label, default, key=key, bind="query-params", **more)


def rerun() -> NoReturn:
    """Draw the page again because something is ready; what was said about the address stays."""
    st.session_state[_KEEP] = True
    st.rerun()


def say(sentence: str) -> None:
    """Tell the person one thing about the address of this page."""
    st.session_state.setdefault(_NOTICES, []).append(sentence)


def _first(options: Sequence[T], default: T | None, kind: str) -> int:
    if not options:
        raise InvalidArgumentError(f"There is no {kind} to choose from yet.")
    return options.index(default) if default in options else 0


def _adopt(
    key: str,
    options: Sequence[T],
    kind: str,
    text: Callable[[T], str],
    default: T,
    *,
    label: Callable[[T], str] | None = None,
) -> None:
    """Bring the address' value, or one of an earlier run that is no longer offered, in line with the options.

    `label` is what the widget writes into the address, where that is not the text.
    """
    if key in st.session_state:
        if st.session_state[key] not in options:
            st.session_state[key] = default
        return
    raw = st.query_params.get(key)
    if raw is None or raw in [(label or text)(o) for o in options]:
        return
    exact = [o for o in options if raw in (str(o), text(o))]
    if exact:
        _rewrite(key, exact[0], (label or text)(exact[0]))
    else:
        say(f"{UnknownNameError(kind, raw, map(str, options))} Showing {text(default)}.")


def _adopt_many(
    key: str, options: Sequence[T], kind: str, text: Callable[[T], str], *, label: Callable[[T], str] | None = None
) -> None:
    if key in st.session_state:
        st.session_state[key] = [v for v in st.session_state[key] if v in options]
        return
    raws = st.query_params.get_all(key)
    if not raws or all(raw in [(label or text)(o) for o in options] for raw in raws):
        return
    by_name = {text(o): o for o in options} | {str(o): o for o in options}
    if label is not None:
        by_name |= {label(o): o for o in options}
    for raw in raws:
        if raw not in by_name:
            say(f"{UnknownNameError(kind, raw, map(str, options))} It was left out.")
    chosen_options = [by_name[raw] for raw in raws if raw in by_name]
    if chosen_options:
        _rewrite(key, chosen_options, [(label or text)(option) for option in chosen_options])


def _rewrite(key: str, value: object, in_address: str | list[str]) -> NoReturn:
    """Take a value that the address has by the option's own name, and write it there as the widget does.

    Streamlit drops what it would not have written, and the page is drawn again with the new address: else a reload, or a copied
    link, would show the default.
    """
    st.session_state[key] = value
    st.query_params[key] = in_address
    rerun()


def _adopt_number(key: str, low: int, high: int, default: int, kind: str) -> None:
    """Say what is wrong with the address' value; an integer of the range takes the place of what an earlier run left."""
    raw = st.query_params.get(key)
    if key in st.session_state:
        value = st.session_state[key]
        if not isinstance(value, int):
            st.session_state[key] = default
        elif not low <= value <= high:
            st.session_state[key] = min(high, max(low, value))
            say(f"The {kind} was {value:,}; here it is from {low:,} to {high:,}. Showing {st.session_state[key]:,}.")
    elif raw is not None and not (raw.isascii() and raw.removeprefix("-").isdigit() and low <= int(raw) <= high):
        say(f"The {kind} in the address is {raw[:40]!r}; it is an integer from {low} to {high}. Showing {default}.")
