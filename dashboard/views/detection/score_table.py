"""Scores x sets as a table whose cells can be chosen."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

from dashboard.widgets.markup import Markup
from robustcore import metrics
from robustcore.detection import scores
from robustcore.reports.detection import DetectionReport

CSS = """
.rc-scores { overflow-x: auto; }
.rc-scores table { width: 100%; border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
.rc-scores th, .rc-scores td { padding: 2px 6px; border-bottom: 1px solid var(--st-border-color); text-align: right; font-weight: 400; vertical-align: bottom; }
.rc-scores th:first-child { text-align: left; padding-left: 0; min-width: 6.5rem; font-weight: 560; position: sticky; left: 0; background: var(--st-background-color); }
.rc-scores tbody th { vertical-align: middle; }
.rc-scores thead th { font-weight: 620; font-size: .82rem; }
.rc-scores small { display: block; font-size: .74rem; font-weight: 400; opacity: .82; white-space: nowrap; }
.rc-root .rc-scores button { padding: 3px 8px; border-radius: 6px; margin-left: auto; text-align: right; border: 2px solid transparent; }
.rc-root .rc-scores button:hover { background: var(--st-secondary-background-color); }
.rc-root .rc-scores button[aria-pressed="true"] { border-color: var(--st-primary-color); background: var(--st-secondary-background-color); }
.rc-scores .best b { font-weight: 700; text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 3px; text-decoration-color: var(--st-primary-color); }
.rc-scores b { font-weight: 450; }
"""
SEPARATOR = " in "  # between a score and a set in what a cell reports


def markup(report: DetectionReport, metric: str, chosen: tuple[str, str]) -> Markup:
    """The table; a cell reports "score in set" when it is chosen.

    Args:
        report: with at least one score that has a value.
        metric: the name of the metric that cells show.
        chosen: the score and the set that are shown below.
    """
    better = metrics.get(metric).better
    rows = {(row["score"], row["set"]): row for row in report.table.to_dict("records")}
    best = {}
    for each in report.sets:
        values = report.table.loc[report.table["set"] == each.name, metric].dropna()
        compared = len(values) > 1 and report.too_few is None
        best[each.name] = (values.max() if better == "higher" else values.min()) if compared else math.nan
    heads = []
    for each in report.sets:
        row = next(row for (_, name), row in rows.items() if name == each.name)
        chance = _chance(metric, float(row["chance"]))
        heads.append(
            Markup('<th scope="col">{}<small>{} images</small><small>{}</small></th>').format(
                each.title, f"{int(row['unknown']):,}", f"chance {chance}" if chance else ""
            )
        )
    body = []
    for name in scores_of(report):
        score = scores.get(name)
        cells = [_cell(rows[name, each.name], metric, best[each.name], chosen, each.title) for each in report.sets]
        body.append(
            Markup('<tr><th scope="row" title="{}">{}</th>{}</tr>').format(
                score.formula, score.title, Markup().join(cells)
            )
        )
    return Markup(
        '<style>{}</style><div class="rc-scores"><table><thead><tr><th scope="col">Score</th>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(Markup(CSS), Markup().join(heads), Markup().join(body))


def scores_of(report: DetectionReport) -> list[str]:
    """The scores with a value for some set, in the table's order."""
    known = report.table[report.table["reason"] == ""]
    return list(dict.fromkeys(known["score"]))


def reasons(report: DetectionReport) -> list[str]:
    """Why scores have no value, a sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for row in report.table.to_dict("records"):
        if row["reason"] and row["score"] not in scores_of(report):
            titles = by_reason.setdefault(str(row["reason"]), [])
            title = scores.get(str(row["score"])).title
            if title not in titles:
                titles.append(title)
    return [f"{', '.join(titles)}: {reason}." for reason, titles in by_reason.items()]


def _cell(row: Mapping[Hashable, Any], metric: str, best: float, chosen: tuple[str, str], title: str) -> Markup:
    value, low, high = (float(str(row[f"{metric}{end}"])) for end in ("", "_low", "_high"))
    if math.isnan(value):
        return Markup('<td title="{}">–</td>').format(str(row["reason"]))
    between = "" if math.isnan(low) else f"{100 * low:.1f} to {100 * high:.1f}"
    return Markup(
        '<td><button data-pick="{}" aria-pressed="{}" aria-label="{}" class="{}"><b>{}</b><small>{}</small></button></td>'
    ).format(
        f"{row['score']}{SEPARATOR}{row['set']}",
        "true" if chosen == (row["score"], row["set"]) else "false",
        f"{scores.get(str(row['score'])).title}, {title}: {100 * value:.1f} %",
        "best" if value == best else "",
        f"{100 * value:.1f}\N{NO-BREAK SPACE}%",
        between,
    )


def _chance(metric: str, share: float) -> str:
    """What guessing gives; "" where that is not known."""
    value = {"auroc": 0.5, "aupr": share, "fpr95": 0.95}.get(metric)
    return "" if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"
