"""Interval arithmetic on printed figures: all numbers that round to what is printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Span:
    """A number between two bounds, with the best single estimate.

    `Span.printed("76.7")` is 76.65 .. 76.75. Arithmetic treats terms as independent and keeps the bounds valid;
    a figure that enters twice widens them more than necessary.
    """

    low: float
    value: float
    high: float

    @classmethod
    def printed(cls, text: str) -> Span:
        """All numbers that round to the text; a half may have been rounded either way."""
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
        """Divide by a span that excludes 0."""
        assert other.low > 0 or other.high < 0, "a divisor that may be 0"
        return self * Span(1 / other.high, 1 / other.value, 1 / other.low)

    def times(self, factor: float) -> Span:
        return self * Span.exactly(factor)

    def meets(self, other: Span) -> bool:
        """Whether the spans overlap, with a tolerance for floating-point rounding."""
        tolerance = 1e-9 * max(1.0, abs(self.value), abs(other.value))
        return self.low <= other.high + tolerance and other.low <= self.high + tolerance


ONE = Span.exactly(1.0)


def mean(spans: Iterable[Span]) -> Span:
    """The mean of one or more spans."""
    parts = list(spans)
    total = parts[0]
    for span in parts[1:]:
        total = total + span
    return total.times(1 / len(parts))
