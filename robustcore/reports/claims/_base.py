"""What a claim is, and the three things that results can say to it."""

from __future__ import annotations

import dataclasses

import pandas as pd

from robustcore.errors import InvalidArgumentError

SEEN, NOT_SEEN, UNSAID = "seen", "not seen", "cannot be said"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim of a document, and what results of one's own say to it. Nothing is tuned until it is seen.

    Attributes:
        topic: "interventions" or "overlap".
        text: the claim in one sentence.
        source: the document and its section, table or figure.
        verdict: SEEN, NOT_SEEN or UNSAID.
        rule: what the figures would have to be for the verdict to be SEEN, said before they are looked at.
        figures: what was measured, in a sentence with its numbers and intervals, and n; for UNSAID the reason.
        table: the numbers behind it, or None.
        caution: what the data cannot show whatever the figures are, or "".
    """

    topic: str
    text: str
    source: str
    verdict: str
    rule: str
    figures: str
    table: pd.DataFrame | None = dataclasses.field(default=None, compare=False)
    caution: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in (SEEN, NOT_SEEN, UNSAID):
            raise InvalidArgumentError(f"A verdict is {SEEN!r}, {NOT_SEEN!r} or {UNSAID!r}, not {self.verdict!r}.")
