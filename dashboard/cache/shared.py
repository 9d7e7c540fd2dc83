"""A cache of objects that all sessions share, bounded by the memory that they occupy together.

What pages keep is of very different size: 1 kB for one image's answers, 15 MB for a photograph under a suite. Bounds on the
number of entries would have to add up for the largest; here one bound holds for all loaders, and what was used longest ago goes.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

LIMIT = 160 << 20  # bytes of all entries together

Loader = TypeVar("Loader", bound=Callable[..., Any])
Key = tuple[Any, ...]


@dataclasses.dataclass(eq=False)
class _Entry:
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)  # held by who computes it
    known: bool = False
    value: Any = None
    size: int = 0  # bytes, when it was loaded


class SharedCache:
    """Values by key, those used last kept as long as all occupy at most `limit` bytes together.

    One that is larger than the limit is kept until the next one comes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, load: Callable[[], Any], weigh: Callable[[Any], int] | None = None) -> Any:
        """The value of a key, loaded where it is not kept; several that ask at once load it once."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        if not entry.known:
            with entry.lock:
                if not entry.known:
                    self._load(key, entry, load, weigh or size)
        return entry.value

    def _load(self, key: Key, entry: _Entry, load: Callable[[], Any], weigh: Callable[[Any], int]) -> None:
        try:
            entry.value = load()
            entry.size = weigh(entry.value)
            entry.known = True
        finally:
            with self._lock:
                if entry.known:  # where another one has failed meanwhile it is put back
                    self._entries[key] = entry
                    self._entries.move_to_end(key)
                    self._bound()
                else:
                    self._entries.pop(key, None)

    def clear(self, owner: object = None) -> None:
        """Forget everything, or what one loader has loaded."""
        with self._lock:
            for key in [key for key in self._entries if owner is None or key[0] == owner]:
                del self._entries[key]

    def occupied(self) -> int:
        """Bytes of all values."""
        with self._lock:
            return sum(entry.size for entry in self._entries.values())

    def _bound(self) -> None:
        """Let go of what was used longest ago, never of the latest; one that is being loaded weighs nothing yet."""
        total = sum(entry.size for entry in self._entries.values())
        for key, entry in list(self._entries.items())[:-1]:
            if total <= self.limit:
                return
            if entry.known:
                total -= entry.size
                del self._entries[key]


everything = SharedCache(LIMIT)


def shared(*, show_spinner: str = "", weigh: Callable[[Any], int] | None = None) -> Callable[[Loader], Loader]:
    """`@shared(show_spinner="Reading …")`: a loader whose values all sessions share, and which nobody changes.

    The key is the loader with its arguments, which can be hashed, but for those whose names begin with an underscore.

    Args:
        show_spinner: what a page says meanwhile.
        weigh: the bytes of a value, where it is not `size`: of one that holds what another entry holds.
    """

    def cached(loader: Loader) -> Loader:
        signature = inspect.signature(loader)
        owner = f"{loader.__module__}.{loader.__qualname__}"

        @functools.wraps(loader)
        def look_up(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            key = (owner, *(value for name, value in bound.arguments.items() if not name.startswith("_")))

            def load() -> Any:
                if not show_spinner or get_script_run_ctx(suppress_warning=True) is None:
                    return loader(*args, **kwargs)
                with st.spinner(show_spinner):
                    return loader(*args, **kwargs)

            return everything.get(key, load, weigh)

        look_up.clear = lambda: everything.clear(owner)  # type: ignore[attr-defined]
        return look_up  # type: ignore[return-value]

    return cached


def size(value: Any) -> int:
    """Bytes of a value and of what it consists of, each part counted once; code counts nothing."""
    total, ahead, seen = 0, [value], set[int]()
    while ahead:
        part = ahead.pop()
        if part is None or id(part) in seen or isinstance(part, (type, bool, int, float)):
            continue
        seen.add(id(part))
        own, parts = _own(part, seen)
        total += own
        ahead.extend(parts)
    return total


def _own(part: Any, seen: set[int]) -> tuple[int, Iterable[Any]]:
    """Bytes of an object alone, and what it consists of."""
    torch, numpy, pandas = (sys.modules.get(name) for name in ("torch", "numpy", "pandas"))
    if torch is not None and isinstance(part, torch.Tensor):
        storage = part.untyped_storage()
        place = storage.data_ptr()
        if place in seen:
            return 0, ()
        seen.add(place)
        return storage.nbytes(), ()
    if torch is not None and isinstance(part, torch.nn.Module):
        return 0, [*part.parameters(), *part.buffers()]
    if callable(part):
        return 0, ()
    if numpy is not None and isinstance(part, numpy.ndarray):
        return (part.nbytes, ()) if part.base is None else (0, (part.base,))
    if pandas is not None and isinstance(part, (pandas.DataFrame, pandas.Series, pandas.Index)):
        used = part.memory_usage(deep=True)
        return int(used.sum() if isinstance(part, pandas.DataFrame) else used), ()
    if isinstance(part, dict):
        return sys.getsizeof(part), [*part, *part.values()]
    if isinstance(part, (list, tuple, set, frozenset)):
        return sys.getsizeof(part), part
    slots = [getattr(part, name, None) for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ())]
    return sys.getsizeof(part, 0), [*slots, *getattr(part, "__dict__", {}).values()]
