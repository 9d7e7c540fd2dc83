"""Times, sizes and dates as people read them."""

from __future__ import annotations

import datetime
import math

import humanize


def duration(seconds: float | None) -> str:
    """A time span, no more exact than an estimate is: "a few seconds", "about 40 seconds", "about 2 hours and 10 minutes"."""
    if seconds is None or math.isnan(seconds):
        return "unknown"
    if seconds < 5:
        return "a few seconds"
    step = next((step for limit, step in ((100, 5), (6000, 60), (86400, 600)) if seconds < limit), 3600)
    rounded = datetime.timedelta(seconds=step * round(seconds / step))
    return f"about {humanize.precisedelta(rounded, minimum_unit='seconds', format='%d')}"


def size(bytes_: float) -> str:
    """A number of bytes in the unit that suits it."""
    return humanize.naturalsize(bytes_)


def ago(when: str | None, now: datetime.datetime | None = None) -> str:
    """How long ago an ISO 8601 time was: "now", "5 minutes ago", "a day ago"; "" for none."""
    if not when:
        return ""
    passed = (now or datetime.datetime.now(datetime.UTC)) - datetime.datetime.fromisoformat(when)
    return humanize.naturaltime(max(passed, datetime.timedelta()))
