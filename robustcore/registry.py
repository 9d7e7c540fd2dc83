"""One small class, and one instance of it for each kind of thing: corruptions, attacks, models, interventions, ..."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from robustcore import plugins
from robustcore.errors import InvalidArgumentError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from name to thing that refuses a name twice and answers an unknown one with the nearest known.

    >>> fruits: Registry[int] = Registry("fruit")
    >>> fruits.add("apple", 1)
    1
    >>> fruits["aple"]
    Traceback (most recent call last):
    robustcore.errors.UnknownNameError: There is no fruit named 'aple'. Did you mean 'apple'?
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        self._places: dict[str, str] = {}

    def add(self, name: str, thing: T, definition: Any = None) -> T:
        """Register a thing under a name.

        Args:
            name, thing: what is found, and by what.
            definition: the function or class that somebody wrote, where the thing itself is made from it.

        Raises:
            InvalidArgumentError: a plug-in's name that is taken; the message names both places. Inside the package a name
                that is taken is a mistake in the code, and fails as one.
        """
        written = thing if definition is None else definition
        place = plugins.place_of(written)
        if name in self._things:
            first = self._places[name]
            if plugins.from_outside(written):
                raise InvalidArgumentError(
                    f"The {self.kind} {name!r} of {place} is registered already by {first or 'another one'}; give it another name."
                )
            raise AssertionError(f"the {self.kind} {name!r} is registered twice")
        self._things[name], self._places[name] = thing, place
        plugins.registered(name)
        plugins.undo_with(lambda: self._remove(name))
        return thing

    def _remove(self, name: str) -> None:
        del self._things[name], self._places[name]

    def replace(self, name: str, thing: T) -> None:
        """Put another thing under a registered name."""
        self[name]
        self._things[name] = thing

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """What is registered or replaced within this block is gone after it, as a test or a notebook may want."""
        things, places = dict(self._things), dict(self._places)
        try:
            yield
        finally:
            self._things, self._places = things, places

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._things)

    def registered(self) -> list[T]:
        """The things themselves, in the order in which they were registered."""
        return list(self._things.values())

    def __getitem__(self, name: str) -> T:
        try:
            return self._things[name]
        except (KeyError, TypeError):
            raise UnknownNameError(self.kind, name, self._things) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._things

    def __iter__(self) -> Iterator[T]:
        """The things themselves, in the order of their names."""
        return (self._things[name] for name in self.names())

    def __len__(self) -> int:
        return len(self._things)
