"""Recomputes printed means, differences and marks from their printed parts.

Every number that rounds to a printed part is possible, so the recomputed figure is a range. If the range excludes the
printed figure, rounding cannot explain the difference: the two disagree, and the figure is listed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from robustcore.published._files import figures, read
from robustcore.published.rounding import ONE, Span, mean

CELL = ["document", "table", "model", "column", "metric"]
COLUMNS = [*CELL, "rule", "printed", "recomputed", "low", "high", "verdict", "reason"]
Row = Any  # a figure, as DataFrame.itertuples gives it
Checks = Iterator[dict[str, object]]


def derived() -> pd.DataFrame:
    """Every figure in the four documents that follows from other printed figures.

    Returns:
        document, table, model, column, metric; rule (how it follows, in words); printed; recomputed, from the printed parts, with
        low and high, the range that their rounding leaves; verdict: "agrees", "disagrees" or "undefined", with the reason.
        For signs that a table prints next to its figures, printed is the sign and the range is that of the difference.
    """
    return _derived().copy()


def disagreements() -> pd.DataFrame:
    """The derived figures that rounding cannot explain: document, table, model, column, metric, rule, printed,
    recomputed, low, high, and a note on the possible cause. The list ships; a test compares it with `derived`."""
    rows = read("disagreements.csv")
    for column in ("recomputed", "low", "high"):
        rows[column] = pd.to_numeric(rows[column])
    return rows


@functools.cache
def _derived() -> pd.DataFrame:
    checks = [check for rule in RULES for check in rule()]
    return pd.DataFrame(checks, columns=COLUMNS)


@functools.cache
def _table(document: str, table: str) -> list[Row]:
    rows = figures(document)
    return list(rows[rows["table"] == table].itertuples(index=False))


def _rows(document: str, table: str, **wanted: str) -> list[Row]:
    return [row for row in _table(document, table) if all(getattr(row, key) == value for key, value in wanted.items())]


def _row(document: str, table: str, **wanted: str) -> Row:
    (row,) = _rows(document, table, **wanted)
    return row


def _check(row: Row, rule: str, parts: Sequence[Row], combine: Callable[[list[Span]], Span]) -> dict[str, object]:
    """A row of the result for a printed figure; undefined if it or one of its parts is illegible."""
    check = {name: getattr(row, name) for name in (*CELL, "printed")} | {"rule": rule}
    unreadable = [part for part in (row, *parts) if part.printed == ""]
    if unreadable:
        return check | {
            "verdict": "undefined",
            "reason": f"{unreadable[0].model}, {unreadable[0].column}: {unreadable[0].note}",
        }
    span = combine([Span.printed(part.printed) for part in parts])
    verdict = "agrees" if span.meets(Span.printed(row.printed)) else "disagrees"
    return check | {"recomputed": span.value, "low": span.low, "high": span.high, "verdict": verdict, "reason": ""}


def _same(spans: list[Span]) -> Span:
    return spans[0]


def _difference(spans: list[Span]) -> Span:
    return spans[0] - spans[1]


def _means_of_rows() -> Checks:
    for document, table, whole, part, rule in (
        ("hendrycks", "1", "mce", "ce", "mCE: mean of the 15 corruption errors"),
        ("hendrycks", "2", "relative_mce", "relative_ce", "relative mCE: mean of the 15 relative corruption errors"),
        ("hendrycks", "3", "mfr", "flip_rate", "mFR: mean of the 10 flip rates"),
        ("hendrycks", "4", "mt5d", "t5d", "mT5D: mean of the 10 top-5 distances"),
        ("basart", "A.5", "mce", "ce", "mCE: mean of the 15 corruption errors"),
        ("laugros", "3.2", "mean_app", "app", "mean of the 10 APP"),
    ):
        for row in _rows(document, table, metric=whole):
            yield _check(row, rule, _rows(document, table, metric=part, model=row.model), mean)


def _means_of_columns() -> Checks:
    for table in ("4.4", "4.5"):
        for row in _rows("laugros", table, metric="mean_correlation"):
            parts = _rows("laugros", table, metric="correlation", column=row.column)
            yield _check(row, "mean over the five natural shifts", parts, mean)


def relative_ce(ce: Span, clean: Span, reference: Span, reference_clean: Span) -> Span:
    """(CE E_ref - E) / (E_ref - E_ref,clean), everything in percent: Hendrycks & Dietterich 2019, section 4.1."""
    return ((ce * reference).times(0.01) - clean).times(100) / (reference - reference_clean)


def _relative_errors() -> Checks:
    """Table 2 of Hendrycks & Dietterich 2019 from its table 1 and its appendix D."""
    reference_clean = _row("hendrycks", "1", model="AlexNet", metric="error")
    for row in _rows("hendrycks", "2", metric="relative_ce"):
        parts = [
            _row("hendrycks", "1", model=row.model, condition=row.condition),
            _row("hendrycks", "1", model=row.model, metric="error"),
            _row("hendrycks", "appendix D", condition=row.condition),
            reference_clean,
        ]
        if row.model == "AlexNet":
            yield _check(row, "the reference over itself", parts, lambda _: Span.exactly(100.0))
        else:
            yield _check(row, "from the CE, the clean error and AlexNet's error", parts, lambda s: relative_ce(*s))


def _differences() -> Checks:
    for row in _rows("laugros", "4.1", metric="mean_ce_difference"):
        column = row.column.removesuffix(" (gain)")
        parts = [_row("laugros", "4.1", model=model, column=column) for model in (row.model, "Standard")]
        yield _check(row, "mean CE less that of the standard network", parts, _difference)
    shift = {"metric": "accuracy", "condition": "imagenet-a"}
    baseline = _row("basart", "section 3.4", model="ResNet-50", **shift)
    for model, table in (
        ("ResNet-50 + ImageNet-21K Pretraining", "section 3.4"),
        ("ResNet-50 + Style Transfer", "A.6"),
    ):
        row = _row("basart", "section 3.4", model=model, metric="accuracy_difference")
        rule = f"accuracy on ImageNet-A ({table}) less that of ResNet-50 (section 3.4)"
        yield _check(row, rule, [_row("basart", table, model=model, **shift), baseline], _difference)
    row = _row("basart", "section 4.3", metric="auroc_difference")
    scores = ("maximum logit", "maximum softmax probability")
    parts = [_row("basart", "section 4.3", model=score, metric="auroc") for score in scores]
    yield _check(row, "AUROC less that of the softmax", parts, _difference)
    row = _row("basart", "section A.5", metric="error_difference")
    networks = (row.model, "ResNeXt-101 32x8d")
    parts = [
        _row("basart", "section A.5", model=network, metric="error", condition="imagenet-r") for network in networks
    ]
    yield _check(row, "error less that of ResNeXt-101 32x8d", parts, _difference)


def _decreases() -> Checks:
    for table, model, against in (
        ("section 3.1", "IN20-Fooling20", "CropAndFlip"),
        ("section 3.1", "IN20-Fooling20", "no transformations"),
        ("section 3.2", "pre-trained, IN20 + all fooling images", "the baseline"),
    ):
        row = next(r for r in _rows("robustnet", table, metric="mce_decrease") if against in r.note)
        parts = [_row("robustnet", table, model=model, metric="mce")]
        if against == "the baseline":  # the reference itself, whose mCE is 1
            yield _check(row, f"decrease of mCE relative to {against}", parts, lambda s: (ONE - s[0]).times(100))
        else:
            parts.append(_row("robustnet", table, model=against, metric="mce"))
            yield _check(row, f"decrease of mCE relative to {against}", parts, lambda s: (ONE - s[0] / s[1]).times(100))


def _unnormalised() -> Checks:
    for metric, table, rate in (("flip_probability", "3", "flip_rate"), ("top5_distance", "4", "t5d")):
        row = _row("hendrycks", "section 5.1", metric=metric)
        parts = [
            _row("hendrycks", table, model=row.model, metric=rate, condition="scale"),
            _row("hendrycks", "appendix E", metric=metric, condition="scale"),
        ]
        yield _check(
            row, f"{rate} of table {table} times AlexNet's {metric}", parts, lambda s: (s[0] * s[1]).times(0.01)
        )


def _marks() -> Checks:
    """The signs of tables 3.4 and 3.5 of Laugros' thesis: + above the standard network of the same architecture, - below."""
    for table in ("3.4a", "3.4b", "3.4c", "3.5a", "3.5b", "3.5c"):
        for row in _rows("laugros", table):
            architecture, _, training = row.model.partition(" ")
            if training == "standard":
                continue
            base = _row("laugros", table, model=f"{architecture} standard", column=row.column)
            check = _check(row, "sign of the difference to the standard network", [row, base], _difference)
            fits = {"+": row.value > base.value, "-": row.value < base.value, "": row.value == base.value}[row.mark]
            yield check | {"printed": row.mark, "verdict": "agrees" if fits else "disagrees"}


def _repeated() -> Checks:
    """Figures that a document prints twice, or takes from another one."""
    for table in ("2", "3", "4"):
        for row in _rows("hendrycks", table, metric="error"):
            original = _row("hendrycks", "1", model=row.model, metric="error")
            yield _check(row, "the clean error of table 1", [original], _same)
    tables = {"error": "1", "mce": "1", "relative_mce": "2", "mfr": "3", "mt5d": "4"}
    for table in ("section 5.2", "appendix F"):
        for row in _rows("hendrycks", table, model="ResNet-50"):
            original = _row("hendrycks", tables[row.metric], model="ResNet-50", metric=row.metric)
            yield _check(row, f"the same figure in table {original.table}", [original], _same)
    for row in _rows("basart", "A.5", model="ResNet-50"):
        original = _row("hendrycks", "1", model="ResNet-50", metric=row.metric, condition=row.condition)
        yield _check(row, "ResNet-50 in table 1 of hendrycks", [original], _same)
    for row in _rows("laugros", "3.3", model="standard"):
        original = _row("laugros", "3.2", model="standard", condition=row.condition)
        yield _check(row, "the same row of table 3.2", [original], _same)
    for part in "abc":
        for row in _rows("laugros", f"3.5{part}", model="ResNet-50 standard"):
            original = _row("laugros", f"3.4{part}", model=row.model, column=row.column)
            yield _check(row, f"the same row of table 3.4{part}", [original], _same)
    for training in ("standard", "TLAT"):
        row = _row("laugros", "3.6", model=f"ResNet-50 {training}")
        original = _row("laugros", "3.5a", model=row.model, metric="accuracy")
        yield _check(row, "the clean accuracy of table 3.5a", [original], _same)
    for row in _rows("laugros", "4.5", column="std 0.0"):
        original = _row("laugros", "4.4", model=row.model, column="n=6, k=2")
        yield _check(row, "n=6, k=2 of table 4.4, the same benchmarks", [original], _same)
    originals = {row.model.replace(" (10x data)", ""): row for row in _rows("basart", "A.6")}
    for row in _rows("basart", "section 3.4", metric="accuracy"):
        if row.model in originals:
            yield _check(row, "the same network in table A.6", [originals[row.model]], _same)
    for row in _rows("robustnet", "abstract"):
        table = "section 3.2" if row.model.startswith("pre-trained") else "section 3.1"
        original = _row("robustnet", table, model=row.model, metric="mce")
        yield _check(row, f"the same training in {table}", [original], _same)


def _halves() -> Checks:
    """Table 4.1 of Laugros' thesis from the corruption errors that others print of the same published networks."""
    sources = {
        "Standard": ("hendrycks", "1", "ResNet-50"),
        "SIN+IN": ("basart", "A.5", "ResNet-50 + Style Transfer"),
        "Augmix": ("basart", "A.5", "ResNet-50 + AugMix"),
        "DeepAugment": ("basart", "A.5", "ResNet-50 + DeepAugment"),
    }
    first = ("noise", "blur", "pixelate")  # the three noises, the four blurs and pixelate; the other seven are set 2
    for row in _rows("laugros", "4.1", metric="mean_ce"):
        if row.model in sources:
            document, table, model = sources[row.model]
            cells = _rows(document, table, model=model, metric="ce")
            parts = [c for c in cells if c.condition.endswith(first) == (row.condition == "set 1")]
            yield _check(row, f"mean of the {len(parts)} CE of {model} in table {table} of {document}", parts, mean)


RULES = (
    _means_of_rows,
    _means_of_columns,
    _relative_errors,
    _differences,
    _decreases,
    _unnormalised,
    _marks,
    _repeated,
    _halves,
)
