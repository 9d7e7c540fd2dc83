"""The random numbers of one scene: a function of (seed, split, index) and of nothing else."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from robustcore.randomness import stable_hash

T = TypeVar("T")

_AT_ONCE = 160  # most scenes need fewer numbers than this


@functools.lru_cache(maxsize=256)
def stream_key(stream: str) -> int:
    """The first half of a generator's key."""
    return stable_hash(stream)


class RandomStream:
    """Scalar random numbers from a counter-based generator, Philox, keyed by (stream, index).

    Scenes are drawn one at a time from Python scalars, because `randomness.Draws` with its tensors would be a hundred
    times slower. Only the generator's raw words are used, which numpy guarantees never to change.

    >>> RandomStream("scenes/0/test", 7).uniform() == RandomStream("scenes/0/test", 7).uniform()
    True
    """

    __slots__ = ("_bits", "_values")

    def __init__(self, stream: str, index: int) -> None:
        self._bits = np.random.Philox(key=np.array([stream_key(stream), index], dtype=np.uint64))
        self._values: list[float] = []

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        if not self._values:
            raw = np.asarray(self._bits.random_raw(_AT_ONCE), dtype=np.uint64)
            self._values = ((raw >> np.uint64(11)) * 2.0**-53).tolist()
        return low + (high - low) * self._values.pop()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.uniform() < probability

    def below(self, n: int) -> int:
        """An integer in 0 .. n - 1."""
        return int(self.uniform() * n)

    def sign(self) -> float:
        """-1.0 or 1.0."""
        return 1.0 if self.uniform() < 0.5 else -1.0

    def choice(self, things: Sequence[T]) -> T:
        """One of `things`."""
        return things[self.below(len(things))]
