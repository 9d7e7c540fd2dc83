"""A question: a claim with its rule, which is fixed in code before any figure is looked at, and what the rule is asked of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store
from robustcore.reports.claims._base import NOT_SEEN, SEEN, UNSAID, Claim
from robustcore.reports.claims.contrasts import ACCURACY, Contrast, Estimate, Evidence, Gains

COMPARABLE = 0.03  # of clean accuracy: models further apart are not compared by APP without saying so


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a rule says to figures.

    Attributes:
        seen: whether the figures are as the rule asks; None where they are too uncertain for it.
        figures: what was measured, in a sentence.
    """

    seen: bool | None
    figures: str


Judge = Callable[[Gains], Answer]


@dataclasses.dataclass(frozen=True)
class Question:
    """A claim before it is judged.

    Attributes:
        text, source, rule, caution: as in `Claim`.
        contrasts: what has to be measured.
        judge: the rule, from what was measured to its answer.
    """

    text: str
    source: str
    rule: str
    contrasts: tuple[Contrast, ...]
    judge: Judge
    caution: str = ""

    def claim(self, topic: str, evidence: Evidence) -> Claim:
        """The question, answered by what is stored."""
        if lacking := evidence.lacking(self.contrasts):
            return Claim(topic, self.text, self.source, UNSAID, self.rule, lacking, caution=self.caution)
        gains = evidence.gains(self.contrasts)
        answer = self.judge(gains)
        verdict = {True: SEEN, False: NOT_SEEN, None: UNSAID}[answer.seen]
        caution = self.caution
        if (apart := evidence.clean_difference(self.contrasts)) > COMPARABLE:
            caution += (" " if caution else "") + (
                f"Clean accuracies lie up to {100 * apart:.1f} points apart, and APP divides by them."
            )
        return Claim(
            topic,
            self.text,
            self.source,
            verdict,
            self.rule,
            f"{answer.figures} {_counted(gains)}",
            gains.table,
            caution,
        )


def answered(
    topic: str,
    questions: Sequence[Question],
    dataset: Dataset,
    *,
    store: Store | Path | str | None = None,
    limit: int | None = None,
) -> tuple[Claim, ...]:
    """Every question as a claim, in order."""
    evidence = Evidence([c for q in questions for c in q.contrasts], dataset, store=store, limit=limit)
    return tuple(question.claim(topic, evidence) for question in questions)


def points(estimate: Estimate, measure: str) -> str:
    """A difference with its interval: accuracy in points, APP as the documents print it."""
    factor, digits, unit = (100, 1, " points") if measure == ACCURACY else (1, 3, "")
    value, low, high = (signed(factor * v, digits) for v in dataclasses.astuple(estimate))
    return f"{value}{unit} ({low} to {high})"


def signed(value: float, digits: int) -> str:
    """A difference with its sign, as a printed minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def summed(gains: Gains) -> str:
    """The mean difference with its interval, and how many of those behind it are above 0."""
    measure = str(gains.table["measure"].iloc[0])
    mean = points(gains.mean(), measure)
    if len(gains.table) == 1:
        return mean
    return f"{mean} on average, above 0 in {(gains.table['value'] > 0).sum()} of {len(gains.table)}"


def _counted(gains: Gains) -> str:
    """How much stands behind a claim."""
    table = gains.table
    low, high = int(table["n"].min()), int(table["n"].max())
    images = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    measures = " and ".join(dict.fromkeys(table["measure"]))
    if len(table) == 1:
        return f"Difference of {measures}; n = {images}; a 95 % interval."
    return f"Differences of {measures}; n = {images}; {len(table)} intervals of 95 %, none corrected for being several."
