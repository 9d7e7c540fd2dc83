"""The pass/fail sheet: a judged specification for somebody who does not read tables, as markup and as one HTML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore.reports.specification import wording
from robustcore.reports.specification.judging import meets
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.rows import METRICS, Row

CSS = (Path(__file__).resolve().parent / "sheet.css").read_text(encoding="utf-8")
LEGEND = (
    "Requirements are judged by the value itself. “Narrowly” means that the 95 % interval reaches past the threshold, so that "
    "other images could decide otherwise. On the scales the line is the threshold, the dot the value, the pale band its "
    "95 % interval."
)
_PAGE = """\
:root { color-scheme: light; }
body { margin: 0; background: #ffffff; color: #1b2530; font-family: system-ui, sans-serif; }
main { max-width: 900px; margin: 0 auto; padding: 28px 22px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; overflow-wrap: anywhere; }
.note { font-size: .82rem; color: #5d6b78; overflow-wrap: anywhere; line-height: 1.5; }
@page { margin: 14mm; }
@media print { main { max-width: none; padding: 0; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def markup(spec: Specification, table: pd.DataFrame, model: str) -> str:
    """One model's sheet as a piece of HTML; it needs `CSS`.

    Args:
        spec: the specification.
        table: as judged.
        model: one of the table's.
    """
    own = table[table["model"] == model]
    rows = {row.number: row for row in spec.rows}
    tone = _overall(own)
    items = "".join(_item(rows[record["row"]], record) for record in own.to_dict("records"))
    return f'<section class="rc-spec">{_head(model, own, tone)}<ol>{items}</ol></section>'


def html(spec: Specification, table: pd.DataFrame, footer: str) -> str:
    """All models' sheets as one HTML page that needs no network and prints on white paper; `footer` says where it all
    comes from."""
    sheets = "".join(markup(spec, table, str(model)) for model in table["model"].unique())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(spec.name)}</title>'
        f"<style>{_PAGE}{CSS}</style></head><body><main><h1>Specification “{escape(spec.name)}”</h1>"
        f"<p>{escape(spec.description)}</p>{sheets}"
        f'<p class="note">{escape(LEGEND)}</p><p class="note">{escape(footer)}</p></main></body></html>\n'
    )


def _overall(own: pd.DataFrame) -> str:
    if meets(own, strict=True):
        return "pass"
    if meets(own):
        return "uncertain"
    return "fail" if (own["verdict"] == "fail").any() else "undefined"


def _head(model: str, own: pd.DataFrame, tone: str) -> str:
    says = {
        "pass": "meets the specification",
        "uncertain": "meets the specification, narrowly",
        "fail": "does not meet the specification",
        "undefined": "cannot be judged yet",
    }[tone]
    return (
        f'<header class="rc-spec-head rc-spec-{tone}">{_sign(tone)}<div><h3>{escape(model)} {says}</h3>'
        f"<p>{escape(wording.summary(own))}</p></div></header>"
    )


def _item(row: Row, record: Mapping[Any, Any]) -> str:
    verdict = str(record["verdict"])
    demand, finding = wording.demand(row), wording.finding(row, record)
    why = f"<small>{escape(row.why)}</small>" if row.why else ""
    return (
        f'<li class="rc-spec-{verdict}"><div class="rc-spec-mark">{_sign(verdict)}<span>{wording.MARKS[verdict][1]}</span></div>'
        f'<div class="rc-spec-words"><div class="rc-spec-demand">{escape(demand)}.</div>'
        f"<div>{escape(finding[:1].upper() + finding[1:])}.</div>{why}</div>{_scale(row, record)}</li>"
    )


def _sign(verdict: str) -> str:
    filled = " rc-spec-filled" if verdict in ("pass", "fail") else ""
    return f'<span class="rc-spec-sign{filled}" aria-hidden="true">{wording.MARKS[verdict][0]}</span>'


def _scale(row: Row, record: Mapping[Any, Any]) -> str:
    """Threshold, value and interval on a line; the sentence says the same, so that it is hidden from screen readers."""
    known = [row.threshold, *(record[key] for key in ("value", "low", "high") if not math.isnan(record[key]))]
    metric = METRICS[row.metric]
    bounded = math.isfinite(metric.high) and metric.low == 0
    low, high = (0.0, 100.0) if bounded and max(known) > 30 else (min(0.0, *known), 1.2 * max(*known, 1.0))

    def at(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    mark = f'<span style="left:clamp(2.2em, {at(row.threshold)}, calc(100% - 2.2em))">{escape(wording.amount(row.threshold, row.metric))}</span>'
    drawn = '<i class="rc-spec-track"></i>'
    if not math.isnan(record["low"]):
        width = f"{100 * (record['high'] - record['low']) / (high - low):.2f}%"
        drawn += f'<i class="rc-spec-range" style="left:{at(record["low"])};width:{width}"></i>'
    drawn += f'<i class="rc-spec-threshold" style="left:{at(row.threshold)}"></i>'
    if not math.isnan(record["value"]):
        drawn += f'<i class="rc-spec-value" style="left:{at(record["value"])}"></i>'
    return f'<div class="rc-spec-scale" aria-hidden="true">{mark}{drawn}</div>'
