"""The table of a run: what each part saw, kept and written also when a part fails."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from robustcore.errors import RobustcoreError
from robustcore.evaluation.run.scorer import reason

VERDICTS = ("ok", "off", "failed", "measured", "left out", "not reached")
BAD = ("off", "failed")  # what the exit status tells


@dataclasses.dataclass(frozen=True)
class Row:
    """One thing that was tried.

    Attributes:
        part: the part that it belongs to.
        name: what was tried.
        values: measure -> figure or text.
        verdict: one of VERDICTS.
        remark: why, where the verdict needs a reason.
    """

    part: str
    name: str
    values: Mapping[str, float | str]
    verdict: str
    remark: str = ""


class Table:
    """Rows in the order in which they came; a file is written anew after each part.

    Args:
        head: lines about the machine.
        output: the file.
    """

    def __init__(self, head: list[str], output: Path) -> None:
        self.head, self.output = head, output
        self.rows: list[Row] = []

    def add(
        self, part: str, name: str, verdict: str, remark: str = "", values: Mapping[str, float | str] | None = None
    ) -> None:
        """Keep one row."""
        assert verdict in VERDICTS
        self.rows.append(Row(part, name, dict(values or {}), verdict, remark))

    @contextmanager
    def caught(self, part: str, name: str) -> Iterator[None]:
        """Inside, an error becomes a row with its reason: what needs a package that this machine lacks is left out, anything
        else has failed."""
        try:
            yield
        except Exception as error:
            absent = isinstance(error, ImportError) or isinstance(error.__cause__, ImportError)
            if absent and isinstance(error, (ImportError, RobustcoreError)):
                package = getattr(error, "name", None) or getattr(error.__cause__, "name", None) or "a package"
                self.add(part, name, "left out", f"needs {package}, which is not installed")
            else:
                self.add(part, name, "failed", reason(error))

    @property
    def status(self) -> int:
        """0 where nothing is off or has failed, else 1."""
        return int(any(row.verdict in BAD for row in self.rows))

    def text(self) -> str:
        """All of it as plain text: a block for each part, a column for each measure."""
        blocks = ["\n".join(self.head)]
        for part in dict.fromkeys(row.part for row in self.rows):
            blocks.append("\n".join(_block(part, [row for row in self.rows if row.part == part])))
        counts = [(verdict, sum(row.verdict == verdict for row in self.rows)) for verdict in VERDICTS]
        blocks.append(", ".join(f"{verdict}: {count}" for verdict, count in counts if count) or "nothing was run")
        return "\n\n".join(blocks) + "\n"

    def write(self) -> None:
        """Write the file, whole."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.output.write_text(self.text(), encoding="utf-8")


def _block(part: str, rows: list[Row]) -> Iterator[str]:
    measures = list(dict.fromkeys(measure for row in rows for measure in row.values))
    width = max(len(part), *(len(row.name) for row in rows))
    columns = {m: max(len(m), *(len(_figure(row.values.get(m, ""))) for row in rows)) for m in measures}
    yield f"{part:{width}}  " + "".join(f"{m:>{columns[m]}}  " for m in measures) + "verdict"
    for row in rows:
        cells = "".join(f"{_figure(row.values.get(m, '')):>{columns[m]}}  " for m in measures)
        yield f"{row.name:{width}}  {cells}{row.verdict}" + (f": {row.remark}" if row.remark else "")


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


class Clock:
    """The time that a part may take."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until = now() + seconds

    @property
    def left(self) -> float:
        """Seconds; below 0 when they are over."""
        return self._until - self._now()
