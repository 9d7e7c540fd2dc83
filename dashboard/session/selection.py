"""What the user chose: widgets whose values are in the address, so that a page can be shared as a link.

A widget is bound to the query parameter of its key (`st.<widget>(bind="query-params")`). Keys are shared by the whole
app, so each begins with its page's letter or name. Streamlit drops a value that it cannot use without a word; here
such a value gets one sentence, and the default takes its place.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import streamlit as st

from dashboard.plain_text import plain
from robustcore.errors import InvalidArgumentError, missing_plugins

T = TypeVar("T")
_NOTICES, _KEEP = "_selection_notices", "_selection_keep"
_FEW, _FIRST = 12, 6  # options that a sentence lists all, and the number of examples of more
_LONGEST = 80  # characters of the address that a sentence repeats


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
        if meant := _named(raw, options, text):
            _rewrite(key, meant[0], text(meant[0]))
        say(f"{_unknown(kind, raw, options, text)} It was left out.")
    value: T | None = st.selectbox(
        label, options, None, text, key=key, bind="query-params", **{"placeholder": label, **more}
    )
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


def fraction(
    label: str, low: float, high: float, step: float, *, key: str, default: float, kind: str, **more: Any
) -> float:
    """`st.slider` for a number between two others, bound to the address."""
    _adopt_number(key, low, high, default, kind)
    return min(high, max(low, float(st.slider(label, low, high, default, step, key=key, bind="query-params", **more))))


def toggle(label: str, *, key: str, default: bool = False, **more: Any) -> bool:
    """`st.toggle`, bound to the address."""
    raws = st.query_params.get_all(key)
    if key not in st.session_state and raws and raws[-1].casefold() not in ("true", "false"):
        _drop(key, f"{_quoted(raws[-1])} is neither true nor false: {label} is {'on' if default else 'off'}.")
    return st.toggle(label, default, key=key, bind="query-params", **more)


def rerun() -> NoReturn:
    """Draw the page again because something is ready; what was said about the address stays."""
    st.session_state[_KEEP] = True
    st.rerun()


def say(sentence: str) -> None:
    """Tell the person one thing about the address of this page."""
    st.session_state.setdefault(_NOTICES, []).append(sentence)


def _unknown(kind: str, raw: str, options: Sequence[T], text: Callable[[T], str]) -> str:
    """That the address names no option; the nearest ones, else those that there are, as the widget shows them and in its order."""
    spelt = {name.casefold(): text(option) for option in options for name in (str(option), text(option))}
    near = dict.fromkeys(
        spelt[name] for name in difflib.get_close_matches(raw[:200].casefold(), spelt, n=3, cutoff=0.5)
    )
    titles = [text(option) for option in options]
    if near and _number(raw) is None:  # the nearest spelling of a number is not the nearest number
        hint = "Did you mean " + " or ".join(repr(title) for title in near) + "?"
    elif len(titles) <= _FEW:
        hint = f"There are: {', '.join(titles)}."
    elif _number(raw) is not None and _are_numbers(options):
        hint = f"There are {len(titles)}, from {titles[0]} to {titles[-1]}."
    else:
        hint = f"{len(titles)} are known, for example {', '.join(titles[:_FIRST])}."
    return " ".join([f"There is no {kind} named {_quoted(raw)}. {hint}", *missing_plugins.values()])


def _named(raw: str, options: Sequence[T], text: Callable[[T], str]) -> list[T]:
    """The options that a value of the address means: by their name, by what the widget shows, or, numbers, by their value."""
    exact = [option for option in options if raw in (str(option), text(option))]
    return exact or ([option for option in options if option == _number(raw)] if _are_numbers(options) else [])


def _are_numbers(options: Sequence[object]) -> bool:
    return all(isinstance(option, (int, float)) and not isinstance(option, bool) for option in options)


def _number(raw: str) -> float | None:
    """The number that a text is, be it finite or not."""
    try:
        return float(raw)
    except ValueError:
        return None


def _quoted(raw: str) -> str:
    """What stands in the address, as far as a sentence can hold it."""
    return repr(raw if len(raw) <= _LONGEST else f"{raw[:_LONGEST]}…")


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
    if meant := _named(raw, options, text):
        _rewrite(key, meant[0], (label or text)(meant[0]))
    say(f"{_unknown(kind, raw, options, text)} Showing {text(default)}.")


def _adopt_many(
    key: str, options: Sequence[T], kind: str, text: Callable[[T], str], *, label: Callable[[T], str] | None = None
) -> None:
    shown = label or text
    if key in st.session_state:
        left = [v for v in st.session_state[key] if v in options]
        if left or not st.session_state[key]:
            st.session_state[key] = left
        else:  # nothing of it is offered any more: the default takes its place
            del st.session_state[key]
        return
    raws = list(dict.fromkeys(st.query_params.get_all(key)))
    if not raws or all(raw in [shown(o) for o in options] for raw in raws):
        return
    chosen: list[T] = []
    for raw in raws:
        meant = [o for o in options if raw == shown(o)] or _named(raw, options, text)
        if not meant:
            say(f"{_unknown(kind, raw, options, text)} It was left out.")
        chosen += [option for option in meant[:1] if option not in chosen]
    if chosen:
        _rewrite(key, chosen, [shown(option) for option in chosen])


def _rewrite(key: str, value: object, in_address: str | list[str]) -> NoReturn:
    """Take a value that the address has by the option's own name, and write it there as the widget does.

    Streamlit drops what it would not have written, and the page is drawn again with the new address: else a reload, or a copied
    link, would show the default.
    """
    st.session_state[key] = value
    st.query_params[key] = in_address
    rerun()


def _drop(key: str, sentence: str) -> NoReturn:
    """Say what is wrong with a value of the address, and draw the page without it: Streamlit would cut or round it without a
    word, and fails at infinity."""
    say(sentence)
    del st.query_params[key]
    rerun()


def _adopt_number(key: str, low: float, high: float, default: float, kind: str) -> None:
    """Say what is wrong with the address' value; a number of the range takes the place of what an earlier run left."""
    numbers = int if isinstance(default, int) else (int, float)
    if key in st.session_state:
        value = st.session_state[key]
        if not isinstance(value, numbers):
            st.session_state[key] = default
        elif not low <= value <= high:
            st.session_state[key] = min(high, max(low, value))
            say(f"The {kind} was {value:,}; here it is from {low:,} to {high:,}. Showing {st.session_state[key]:,}.")
        return
    raws = st.query_params.get_all(key)
    if raws and not (len(raws) == 1 and _is_in_range(raws[0], low, high, whole=numbers is int)):
        a_number = "an integer" if numbers is int else "a number"
        named = " and ".join(map(_quoted, raws[:2]))
        _drop(
            key,
            f"The {kind} in the address is {named}; it is {a_number} from {low:,} to {high:,}. Showing {default:,}.",
        )


def _is_in_range(raw: str, low: float, high: float, *, whole: bool) -> bool:
    value = _number(raw)
    if value is None or not math.isfinite(value) or (whole and not re.fullmatch(r"-?[0-9]+", raw)):
        return False
    return low <= value <= high
