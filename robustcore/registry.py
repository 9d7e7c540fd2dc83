"""One small class, and one instance of it for each kind of thing: corruptions, attacks, models, interventions, ..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from robustcore.errors import UnknownNameError

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

    def add(self, name: str, thing: T) -> T:
        """Register `thing` under `name`; a name that is taken is a mistake in the code, not in the input."""
        if name in self._things:
            raise AssertionError(f"the {self.kind} {name!r} is registered twice")
        self._things[name] = thing
        return thing

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
        return name in self._things

    def __iter__(self) -> Iterator[T]:
        """The things themselves, in the order of their names."""
        return (self._things[name] for name in self.names())

    def __len__(self) -> int:
        return len(self._things)
