"""Progress on a terminal: one line that is drawn over itself; without a terminal, only the lines worth keeping."""

from __future__ import annotations

import contextlib
import datetime
import math
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TextIO

_REDRAW_SECONDS = 0.1
_watchers: list[Callable[[float, float, str], None]] = []
_FORMAT = "{bar:24} {percentage:3.0f}%  {desc}"


def duration(seconds: float) -> str:
    """A time span for a sentence, rounded up: a rest of 0 seconds would claim to be done.

    >>> duration(3.2), duration(75), duration(3700)
    ('4 seconds', '1 minute and 15 seconds', '1 hour and 1 minute')
    """
    import humanize

    whole = max(0, math.ceil(seconds))
    if whole >= 3600:
        whole -= whole % 60
    return humanize.precisedelta(datetime.timedelta(seconds=whole), format="%d")


def clock(seconds: float) -> str:
    """A time span for a progress line, rounded up.

    >>> clock(3.2), clock(3700)
    ('00:04', '1:01:40')
    """
    from tqdm import tqdm

    return str(tqdm.format_interval(max(0, math.ceil(seconds))))


@contextlib.contextmanager
def watched(by: Callable[[float, float, str], None]) -> Iterator[None]:
    """Within, this hears what every bar is told (done, total, text), on a terminal or not."""
    _watchers.append(by)
    try:
        yield
    finally:
        _watchers.remove(by)


class Bar:
    """A progress bar on standard error.

    `live` says whether there is a terminal to draw it on.

    >>> with Bar() as bar:
    ...     for i in range(3):
    ...         bar.update(i + 1, 3, "loss 0.10")
    ...     bar.line("epoch 1 of 1: loss 0.10")
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self.live = self._stream.isatty()
        self._bar: Any = None  # a tqdm while it is on the terminal
        self._drawn_at = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, done: float, total: float, text: str = "") -> None:
        """Draw `done` of `total` with a text after it; nothing without a terminal."""
        for watcher in _watchers:
            watcher(done, total, text)
        now = time.monotonic()
        if not self.live or (now - self._drawn_at < _REDRAW_SECONDS and done < total):
            return
        self._drawn_at = now
        n, of = (done, total) if total else (1, 1)
        columns = shutil.get_terminal_size().columns - 1
        if self._bar is None:
            self._bar = _bar(self._stream, n, of, columns, text)
            return
        self._bar.n, self._bar.total, self._bar.ncols = n, of, columns
        self._bar.set_description_str(text)

    def line(self, text: str) -> None:
        """Keep a line of text above the bar."""
        self.clear()
        self._stream.write(text + "\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _bar(stream: TextIO, done: float, total: float, columns: int, text: str) -> Any:
    from tqdm import tqdm

    class Line(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread that redraws what has not changed

    Line.set_lock(threading.RLock())  # one process draws; the default lock is one for several
    return Line(
        initial=done, total=total, desc=text, ncols=columns, nrows=20, file=stream, leave=False, bar_format=_FORMAT
    )
