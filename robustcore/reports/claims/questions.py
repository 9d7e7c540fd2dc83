"""A question: a claim with its rule, which is in code, and the contrasts it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store
from robustcore.notes import Note, note
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims.contrasts import ACCURACY, Contrast, Estimate, Evidence, Gains

COMPARABLE = 0.03  # of clean accuracy: models further apart are not compared by APP without saying so


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a rule says about figures.

    Attributes:
        holds: whether the figures are as the rule asks; None where they are too uncertain.
        figures: what was measured, without a full stop.
    """

    holds: bool | None
    figures: Note


Judge = Callable[[Gains], Answer]


@dataclasses.dataclass(frozen=True)
class Question:
    """A claim before it is judged.

    Attributes:
        text, source, rule, limits, set_afterwards: as in `Claim`.
        contrasts: what has to be measured.
        judge: the rule, from what was measured to its answer.
        printed: what the document prints for the same, next to what was measured.
        where_stored: whether contrasts of which nothing is stored are left out, which is said; else the question is then undecided.
    """

    text: str
    source: str
    rule: str
    contrasts: tuple[Contrast, ...]
    judge: Judge
    limits: str = ""
    printed: tuple[Note, ...] = ()
    set_afterwards: str = ""
    where_stored: bool = False

    def claim(self, topic: str, evidence: Evidence) -> Claim:
        """The question, answered by what is stored."""
        stored = (
            [contrast for contrast in self.contrasts if not evidence.missing([contrast])] if self.where_stored else []
        )
        contrasts = tuple(stored) or self.contrasts
        if missing := evidence.missing(contrasts):
            return self._claim(topic, UNDECIDED, (missing,))
        gains = evidence.gains(contrasts)
        if undefined := gains.undefined:  # no comparison with NaN holds, which would read as a refutation
            return self._claim(topic, UNDECIDED, (no_difference_defined(undefined),), gains.table)
        answer = self.judge(gains)
        verdict = {True: REPRODUCED, False: NOT_REPRODUCED, None: UNDECIDED}[answer.holds]
        apart = evidence.clean_difference(contrasts)
        warnings = (clean_accuracies_apart(apart),) if apart > COMPARABLE else ()
        absent = tuple(contrast.model for contrast in self.contrasts if contrast not in contrasts)
        over = (models_judged(len(contrasts), absent),) if self.where_stored else ()
        figures = (answer.figures, *over, _sample(gains), *self.printed)
        return self._claim(topic, verdict, figures, gains.table, warnings)

    def _claim(
        self,
        topic: str,
        verdict: str,
        figures: tuple[Note, ...],
        table: pd.DataFrame | None = None,
        warnings: tuple[Note, ...] = (),
    ) -> Claim:
        return Claim(
            topic,
            self.text,
            self.source,
            verdict,
            self.rule,
            figures,
            table,
            self.limits,
            warnings,
            self.set_afterwards,
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
    """A difference with its sign, as a printed minus; what rounds to nothing has none."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'−' if value < 0 else '+'}{text}"


def mean_of(gains: Gains) -> Note:
    """The mean difference with its interval, and how many of the differences are above 0."""
    values = gains.table["value"]
    return mean_difference(str(gains.table["measure"].iloc[0]), gains.mean(), int((values > 0).sum()), len(values))


@note
def mean_difference(measure: str, mean: Estimate, above: int, count: int) -> str:
    text = points(mean, measure)
    return text if count == 1 else f"{text} on average, above 0 in {above} of {count}"


def _sample(gains: Gains) -> Note:
    table = gains.table
    measures = tuple(str(measure) for measure in dict.fromkeys(table["measure"]))
    return sample(measures, int(table["n"].min()), int(table["n"].max()), len(table))


@note
def sample(measures: tuple[str, ...], fewest_images: int, most_images: int, intervals: int) -> str:
    images = f"{fewest_images:,}" if fewest_images == most_images else f"{fewest_images:,} to {most_images:,}"
    what = f"Difference in {' and '.join(measures)}; n = {images}"
    if intervals == 1:
        return f"{what}; 95 % interval"
    return f"{what}; {intervals} intervals of 95 %, not corrected for multiple comparisons"


@note
def no_difference_defined(models: tuple[str, ...]) -> str:
    return f"No difference is defined of {', '.join(models)}: APP divides by a clean accuracy that is 0, or is in too many drawings"


@note
def models_judged(models: int, left_out: tuple[str, ...]) -> str:
    left = f"; left out, since they or their control were not evaluated: {', '.join(left_out)}" if left_out else ""
    return f"Over {models} model{'' if models == 1 else 's'}{left}"


@note
def clean_accuracies_apart(difference: float) -> str:
    return f"Clean accuracies differ by up to {100 * difference:.1f} points, and APP divides by them."
