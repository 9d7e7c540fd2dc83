"""Progress on a terminal: one line that is drawn over itself; where there is no terminal, only the lines worth keeping."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

_REDRAW_SECONDS = 0.1
_WIDTH = 24


def duration(seconds: float) -> str:
    """A duration as people say it.

    >>> duration(3.2), duration(75), duration(3700)
    ('4 s', '1 min 15 s', '1 h 2 min')
    """
    whole = max(0, -int(-seconds // 1))  # rounded up: a rest of 0 s would claim to be done
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


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
        self._drawn = 0  # characters of the bar that now stand on the line
        self._last = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, done: int, total: int, text: str = "") -> None:
        """Draw `done` of `total` with a text behind it; nothing where there is no terminal."""
        now = time.monotonic()
        if not self.live or (now - self._last < _REDRAW_SECONDS and done < total):
            return
        self._last = now
        share = done / total if total else 1.0
        full = int(share * _WIDTH)
        columns = shutil.get_terminal_size().columns - 1
        bar = f"{'█' * full}{'░' * (_WIDTH - full)} {share:4.0%}  {text}"[:columns]
        self._write(f"\r{bar.ljust(self._drawn)}")
        self._drawn = len(bar)

    def line(self, text: str) -> None:
        """Keep a line of text above the bar."""
        self.clear()
        self._write(text + "\n")

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
