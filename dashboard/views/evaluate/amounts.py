"""Times, sizes and dates as people read them."""

from __future__ import annotations

import datetime
import math


def duration(seconds: float | None) -> str:
    """A time span, no more exact than an estimate is: "a few seconds", "about 40 s", "about 2 h 10 min"."""
    if seconds is None or math.isnan(seconds):
        return "unknown"
    if seconds < 5:
        return "a few seconds"
    if seconds < 100:
        return f"about {5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} min"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"about {hours} h {rest} min" if rest and hours < 24 else f"about {hours} h"


def size(bytes_: float) -> str:
    """A number of bytes in the unit that suits it."""
    if bytes_ < 1e6:
        return f"{max(1, round(bytes_ / 1e3)):,} kB"
    return f"{bytes_ / 1e6:.0f} MB" if bytes_ < 1e9 else f"{bytes_ / 1e9:.1f} GB"


def ago(when: str | None, now: datetime.datetime | None = None) -> str:
    """How long ago an ISO 8601 time was: "just now", "5 min ago", "yesterday"; "" for none."""
    if not when:
        return ""
    moment = datetime.datetime.fromisoformat(when)
    seconds = ((now or datetime.datetime.now(datetime.UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h ago"
    days = int(seconds // 86400)
    return "yesterday" if days == 1 else f"{days} days ago"
