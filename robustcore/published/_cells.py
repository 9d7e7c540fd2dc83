"""What each document prints of one network under one condition, brought to one form."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from robustcore.published._files import figures
from robustcore.published.rounding import ONE, Span, mean

MEAN, UNIFORM = "mean of severities 1 to 5", "drawn uniformly in the range"
PRINTED, COMPUTED = "printed", "computed"
Given = Mapping[str, tuple[Span, str]]


@dataclasses.dataclass(frozen=True)
class Cell:
    """Of one network under one condition, in 0 .. 1 but for top-5 distances.

    Attributes:
        given: metric -> (figure, "printed" or "computed"), for metrics that stand in print, or follow from one that does.
        error: the top-1 error, where it stands in print or follows; else None.
        clean: the clean error.
        reference: the error and the clean error of the reference.
        reason: why the document gives nothing here, or "".
    """

    document: str
    table: str
    model: str
    condition: str
    strengths: str = MEAN
    given: Given = dataclasses.field(default_factory=dict)
    error: Span | None = None
    clean: Span | None = None
    reference: tuple[Span, Span] | None = None
    reason: str = ""


def of_corruptions(severity: int | None) -> Iterator[Cell]:
    """Every cell with a corruption as its condition; the documents print only means over the severities."""
    yield from _robustbench(severity)
    if severity is None:
        yield from _hendrycks()
        yield from _basart()
        yield from _laugros()


def of_sequences() -> Iterator[Cell]:
    """Tables 3 and 4 of Hendrycks & Dietterich 2019, with AlexNet from its appendix E."""
    clean = {row.model: _percent(row) for row in _rows("hendrycks", "3") if row.metric == "error"}
    alexnet = {(row.metric, row.condition): _percent(row) for row in _rows("hendrycks", "appendix E")}
    for (metric, condition), span in alexnet.items():
        table, rate = {"flip_probability": ("3", "flip_rate"), "top5_distance": ("4", "t5d")}[metric]
        given = {metric: (span, PRINTED), rate: (ONE, COMPUTED)}
        yield Cell("hendrycks", "appendix E", "AlexNet", condition, "", given, clean=clean["AlexNet"])
        for row in _rows("hendrycks", table):
            if row.condition == condition and row.model != "AlexNet":
                own = _percent(row)
                given = {rate: (own, PRINTED), metric: (own * span, COMPUTED)}
                yield Cell("hendrycks", table, row.model, condition, "", given, clean=clean[row.model])


def _rows(document: str, table: str) -> list[Any]:
    rows = figures(document)
    return list(rows[rows["table"] == table].itertuples(index=False))


def _percent(row: Any) -> Span:
    """In 0 .. 1 where it is printed in percent."""
    span = Span.printed(row.printed)
    return span.times(0.01) if row.unit == "percent" else span


def _alexnet() -> tuple[dict[str, Span], Span]:
    """The reference of ImageNet-C: its errors by corruption, and its clean error."""
    errors = {row.condition: _percent(row) for row in _rows("hendrycks", "appendix D")}
    (clean,) = (_percent(r) for r in _rows("hendrycks", "1") if r.model == "AlexNet" and r.metric == "error")
    return errors, clean


def _hendrycks() -> Iterator[Cell]:
    errors, clean = _alexnet()
    for condition, error in errors.items():
        own = {"ce": (ONE, COMPUTED), "relative_ce": (ONE, COMPUTED)}
        yield Cell("hendrycks", "appendix D", "AlexNet", condition, MEAN, own, error, clean, (error, clean))
    relative = {(row.model, row.condition): _percent(row) for row in _rows("hendrycks", "2")}
    yield from _errors("hendrycks", "1", relative)


def _basart() -> Iterator[Cell]:
    yield from _errors("basart", "A.5", {})


def _errors(document: str, table: str, relative: Mapping[tuple[str, str], Span]) -> Iterator[Cell]:
    """A table of corruption errors against AlexNet; the errors follow."""
    errors, reference_clean = _alexnet()
    rows = _rows(document, table)
    clean = {row.model: _percent(row) for row in rows if row.metric == "error"}
    for row in rows:
        if row.metric != "ce" or row.model == "AlexNet":
            continue
        reference = (errors[row.condition], reference_clean)
        if row.printed == "":
            yield Cell(document, table, row.model, row.condition, clean=clean[row.model], reason=row.note)
            continue
        ce = _percent(row)
        given = {"ce": (ce, PRINTED)}
        if (row.model, row.condition) in relative:
            given["relative_ce"] = (relative[row.model, row.condition], PRINTED)
        error = ce * reference[0]
        yield Cell(document, table, row.model, row.condition, MEAN, given, error, clean[row.model], reference)


def _laugros() -> Iterator[Cell]:
    """APP, from which the error follows: 1 - APP (1 - E). Each row of table 3.3 is another network, so it is left out."""
    accuracy = {row.model: _percent(row) for row in _rows("laugros", "3.1") if row.metric == "accuracy"}
    for table in ("3.4a", "3.5a"):
        accuracy |= {row.model: _percent(row) for row in _rows("laugros", table) if row.metric == "accuracy"}
    for table, strengths in (("3.2", UNIFORM), ("3.4a", MEAN), ("3.5a", MEAN), ("3.4b", UNIFORM), ("3.5b", UNIFORM)):
        for row in _rows("laugros", table):
            if row.metric != "app" or (
                table.startswith("3.5") and row.model.endswith(" standard")
            ):  # that row is 3.4's
                continue
            app, clean = _percent(row), accuracy[row.model]
            given = {"app": (app, PRINTED)}
            yield Cell("laugros", table, row.model, row.condition, strengths, given, ONE - app * clean, ONE - clean)
    for row in _rows("laugros", "4.1"):
        if row.metric == "ce":
            yield Cell("laugros", "4.1", row.model, row.condition, "", {"ce": (_percent(row), PRINTED)})


def _robustbench(severity: int | None) -> Iterator[Cell]:
    """Accuracies at each severity; the reference is AlexNet of the same table, which only that of ImageNet has."""
    rows = figures("robustbench")
    for table, part in rows.groupby("table", sort=False):
        clean: dict[str, Span] = {}
        errors: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for row in part.itertuples(index=False):
            own = ONE - _percent(row)
            if row.kind == "clean":
                clean[str(row.model)] = own
            elif severity is None or row.severity == severity:
                errors[str(row.model), str(row.condition)].append(own)
        means = {key: mean(spans) for key, spans in errors.items()}
        strengths = MEAN if severity is None else f"severity {severity}"
        for (model, condition), error in means.items():
            alexnet = means.get(("AlexNet", condition))
            reference = None if alexnet is None else (alexnet, clean["AlexNet"])
            given = {"accuracy": (ONE - error, COMPUTED if severity is None else PRINTED)}
            if model == "AlexNet":
                given |= {"ce": (ONE, COMPUTED), "relative_ce": (ONE, COMPUTED)}
            yield Cell("robustbench", str(table), model, condition, strengths, given, error, clean[model], reference)
