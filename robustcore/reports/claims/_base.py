"""A claim of a document and its three possible verdicts."""

from __future__ import annotations

import dataclasses

import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim of a document, checked against stored results.

    Attributes:
        topic: a name of `TOPICS`.
        text: the claim in one sentence.
        source: the document and its section, table or figure.
        verdict: REPRODUCED, NOT_REPRODUCED or UNDECIDED.
        rule: what the figures have to be for the verdict to be REPRODUCED.
        figures: what was measured, with intervals and n; for UNDECIDED the reason. Each note is a sentence without its full stop.
        table: the numbers, or None.
        limits: what the data cannot show whatever the figures are, or "".
        warnings: what to know about these figures.
        set_afterwards: what of the rule was set or changed after figures had been seen, in a sentence; "" for nothing.
    """

    topic: str
    text: str
    source: str
    verdict: str
    rule: str
    figures: tuple[Note, ...]
    table: pd.DataFrame | None = dataclasses.field(default=None, compare=False)
    limits: str = ""
    warnings: tuple[Note, ...] = ()
    set_afterwards: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in (REPRODUCED, NOT_REPRODUCED, UNDECIDED):
            raise InvalidArgumentError(
                f"A verdict is {REPRODUCED!r}, {NOT_REPRODUCED!r} or {UNDECIDED!r}, not {self.verdict!r}."
            )

    @property
    def figures_text(self) -> str:
        """The figures in sentences."""
        return " ".join(f"{note.text}." for note in self.figures)

    @property
    def caution(self) -> str:
        """Limits and warnings in sentences, "" without any."""
        return " ".join(part for part in (self.limits, *(note.text for note in self.warnings)) if part)
