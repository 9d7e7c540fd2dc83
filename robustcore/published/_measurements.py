"""The figures that each document prints for one network under one condition, in one common form."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from robustcore.published._files import figures
from robustcore.published.rounding import ONE, Span, mean

MEAN, UNIFORM = "mean of severities 1 to 5", "drawn uniformly in the range"
PRINTED, COMPUTED = "printed", "computed"
Metrics = Mapping[str, tuple[Span, str]]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One network under one condition; values in 0 .. 1, except top-5 distances.

    Attributes:
        metrics: metric -> (figure, "printed" or "computed"), for metrics that are printed or follow from a printed one.
        error: the top-1 error, if it is printed or follows; else None.
        clean: the clean error.
        reference: the error and the clean error of the reference.
        reason: why the document gives no figure, or "".
    """

    document: str
    table: str
    model: str
    condition: str
    strengths: str = MEAN
    metrics: Metrics = dataclasses.field(default_factory=dict)
    error: Span | None = None
    clean: Span | None = None
    reference: tuple[Span, Span] | None = None
    reason: str = ""


def of_corruptions(severity: int | None) -> Iterator[Measurement]:
    """Every measurement under a corruption. Most documents print only means over the severities."""
    yield from _robustbench(severity)
    if severity is None:
        yield from _hendrycks()
        yield from _basart()
        yield from _laugros()


def of_sequences() -> Iterator[Measurement]:
    """Tables 3 and 4 of Hendrycks & Dietterich 2019, with AlexNet from its appendix E."""
    clean = {row.model: _percent(row) for row in _rows("hendrycks", "3") if row.metric == "error"}
    alexnet = {(row.metric, row.condition): _percent(row) for row in _rows("hendrycks", "appendix E")}
    for (metric, condition), span in alexnet.items():
        table, rate = {"flip_probability": ("3", "flip_rate"), "top5_distance": ("4", "t5d")}[metric]
        metrics = {metric: (span, PRINTED), rate: (ONE, COMPUTED)}
        yield Measurement("hendrycks", "appendix E", "AlexNet", condition, "", metrics, clean=clean["AlexNet"])
        for row in _rows("hendrycks", table):
            if row.condition == condition and row.model != "AlexNet":
                relative = _percent(row)
                metrics = {rate: (relative, PRINTED), metric: (relative * span, COMPUTED)}
                yield Measurement("hendrycks", table, row.model, condition, "", metrics, clean=clean[row.model])


def _rows(document: str, table: str) -> list[Any]:
    rows = figures(document)
    return list(rows[rows["table"] == table].itertuples(index=False))


def _percent(row: Any) -> Span:
    """The printed figure; percentages are converted to 0 .. 1."""
    span = Span.printed(row.printed)
    return span.times(0.01) if row.unit == "percent" else span


def _alexnet() -> tuple[dict[str, Span], Span]:
    """The reference of ImageNet-C: its errors by corruption, and its clean error."""
    errors = {row.condition: _percent(row) for row in _rows("hendrycks", "appendix D")}
    (clean,) = (_percent(r) for r in _rows("hendrycks", "1") if r.model == "AlexNet" and r.metric == "error")
    return errors, clean


def _hendrycks() -> Iterator[Measurement]:
    errors, clean = _alexnet()
    for condition, error in errors.items():
        metrics = {"ce": (ONE, COMPUTED), "relative_ce": (ONE, COMPUTED)}
        yield Measurement("hendrycks", "appendix D", "AlexNet", condition, MEAN, metrics, error, clean, (error, clean))
    relative = {(row.model, row.condition): _percent(row) for row in _rows("hendrycks", "2")}
    yield from _errors("hendrycks", "1", relative)


def _basart() -> Iterator[Measurement]:
    yield from _errors("basart", "A.5", {})


def _errors(document: str, table: str, relative: Mapping[tuple[str, str], Span]) -> Iterator[Measurement]:
    """A table of corruption errors relative to AlexNet, from which the errors follow."""
    errors, reference_clean = _alexnet()
    rows = _rows(document, table)
    clean = {row.model: _percent(row) for row in rows if row.metric == "error"}
    for row in rows:
        if row.metric != "ce" or row.model == "AlexNet":
            continue
        reference = (errors[row.condition], reference_clean)
        if row.printed == "":
            yield Measurement(document, table, row.model, row.condition, clean=clean[row.model], reason=row.note)
            continue
        ce = _percent(row)
        metrics = {"ce": (ce, PRINTED)}
        if (row.model, row.condition) in relative:
            metrics["relative_ce"] = (relative[row.model, row.condition], PRINTED)
        error = ce * reference[0]
        yield Measurement(document, table, row.model, row.condition, MEAN, metrics, error, clean[row.model], reference)


def _laugros() -> Iterator[Measurement]:
    """APP, from which the error follows: 1 - APP (1 - E). Table 3.3 is left out: each of its rows is a different network."""
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
            metrics = {"app": (app, PRINTED)}
            yield Measurement(
                "laugros", table, row.model, row.condition, strengths, metrics, ONE - app * clean, ONE - clean
            )
    for row in _rows("laugros", "4.1"):
        if row.metric == "ce":
            yield Measurement("laugros", "4.1", row.model, row.condition, "", {"ce": (_percent(row), PRINTED)})


def _robustbench(severity: int | None) -> Iterator[Measurement]:
    """Accuracies at each severity. The reference is AlexNet in the same table, which only ImageNet's table has."""
    rows = figures("robustbench")
    for table, part in rows.groupby("table", sort=False):
        clean: dict[str, Span] = {}
        errors: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for row in part.itertuples(index=False):
            error = ONE - _percent(row)
            if row.kind == "clean":
                clean[str(row.model)] = error
            elif severity is None or row.severity == severity:
                errors[str(row.model), str(row.condition)].append(error)
        means = {key: mean(spans) for key, spans in errors.items()}
        strengths = MEAN if severity is None else f"severity {severity}"
        for (model, condition), error in means.items():
            alexnet = means.get(("AlexNet", condition))
            reference = None if alexnet is None else (alexnet, clean["AlexNet"])
            metrics = {"accuracy": (ONE - error, COMPUTED if severity is None else PRINTED)}
            if model == "AlexNet":
                metrics |= {"ce": (ONE, COMPUTED), "relative_ce": (ONE, COMPUTED)}
            yield Measurement(
                "robustbench", str(table), model, condition, strengths, metrics, error, clean[model], reference
            )
