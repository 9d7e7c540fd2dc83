"""What a printed figure can stand for: the numbers that round to it, and what follows from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Span:
    """A number known to lie between two bounds, with the best single guess.

    `Span.printed("76.7")` is 76.65 .. 76.75. Arithmetic keeps the bounds true, for terms that vary apart: a figure that
    comes in twice widens them more than it need.
    """

    low: float
    value: float
    high: float

    @classmethod
    def printed(cls, text: str) -> Span:
        """All that rounds to the text; a half may have been rounded either way."""
        half = 0.5 * 10.0 ** -len(text.partition(".")[2])
        value = float(text)
        return cls(value - half, value, value + half)

    @classmethod
    def exactly(cls, value: float) -> Span:
        return cls(value, value, value)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.value + other.value, self.high + other.high)

    def __sub__(self, other: Span) -> Span:
        return Span(self.low - other.high, self.value - other.value, self.high - other.low)

    def __mul__(self, other: Span) -> Span:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Span(min(ends), self.value * other.value, max(ends))

    def __truediv__(self, other: Span) -> Span:
        """By a span that does not hold 0."""
        assert other.low > 0 or other.high < 0, "a divisor that may be 0"
        return self * Span(1 / other.high, 1 / other.value, 1 / other.low)

    def times(self, factor: float) -> Span:
        return self * Span.exactly(factor)

    def meets(self, other: Span) -> bool:
        """Whether one number can lie in both; the last bits of floating point do not decide."""
        room = 1e-9 * max(1.0, abs(self.value), abs(other.value))
        return self.low <= other.high + room and other.low <= self.high + room


ONE = Span.exactly(1.0)


def mean(spans: Iterable[Span]) -> Span:
    """Of one or more spans."""
    found = list(spans)
    total = found[0]
    for span in found[1:]:
        total = total + span
    return total.times(1 / len(found))
