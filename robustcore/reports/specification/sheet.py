"""The pass/fail sheet: a judged specification for people who do not read tables, as markup and as one HTML file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore.reports.specification import wording
from robustcore.reports.specification.judging import meets
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.rows import Requirement

CSS = (Path(__file__).resolve().parent / "sheet.css").read_text(encoding="utf-8")
LEGEND = (
    "The value decides. “Narrowly”: the 95 % interval includes the threshold, so other images could give another verdict. On each "
    "scale the line is the threshold, the dot the value and the pale band its 95 % interval. Right of the line passes."
)
_NARROWEST, _WIDEST = 5.0, 25.0  # points on each side of a scale
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
    tone, span = _overall(own), _span(own)
    items = "".join(_item(rows[record["row"]], record, span) for record in own.to_dict("records"))
    return f'<section class="rc-spec">{_head(model, own, tone)}<ol>{items}</ol></section>'


def html(spec: Specification, table: pd.DataFrame, footer: str) -> str:
    """All models' sheets as one HTML page that needs no network and prints on white paper; `footer` is the provenance."""
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
    verdict = {
        "pass": "meets the specification",
        "uncertain": "meets the specification, narrowly",
        "fail": "does not meet the specification",
        "undefined": "cannot be judged yet",
    }[tone]
    return (
        f'<header class="rc-spec-head rc-spec-{tone}">{_sign(tone)}<div><h3>{escape(model)} {verdict}</h3>'
        f"<p>{escape(wording.summary(own))}</p></div></header>"
    )


def _item(row: Requirement, record: Mapping[Any, Any], span: float) -> str:
    verdict = str(record["verdict"])
    demand, finding = wording.demand(row), wording.finding(row, record)
    why = f"<small>{escape(row.why)}</small>" if row.why else ""
    return (
        f'<li class="rc-spec-{verdict}"><div class="rc-spec-mark">{_sign(verdict)}<span>{wording.MARKS[verdict][1]}</span></div>'
        f'<div class="rc-spec-words"><div class="rc-spec-demand">{_text(demand)}.</div>'
        f"<div>{_text(finding[:1].upper() + finding[1:])}.</div>{why}</div>{_scale(row, record, span)}</li>"
    )


def _sign(verdict: str) -> str:
    filled = " rc-spec-filled" if verdict in ("pass", "fail") else ""
    return f'<span class="rc-spec-sign{filled}" aria-hidden="true">{wording.MARKS[verdict][0]}</span>'


def _span(own: pd.DataFrame) -> float:
    """How many points a scale shows on each side of the threshold: the same for all of a model's requirements."""
    sign = own["direction"].map({"at least": 1, "at most": -1})
    ends = pd.concat([own["margin"], *(sign * (own[end] - own["threshold"]) for end in ("low", "high"))]).abs()
    return (
        float(min(_WIDEST, max(_NARROWEST, math.ceil(1.1 * ends.quantile(0.9))))) if ends.notna().any() else _NARROWEST
    )


def _scale(row: Requirement, record: Mapping[Any, Any], span: float) -> str:
    """Threshold in the middle, value and interval around it, passing to the right. Hidden from screen readers, which read the
    same in the sentence."""
    sign = 1 if row.at_least else -1

    def at(value: float) -> float:
        """Percent of the width; values farther away are drawn at the edge."""
        return 50 + 50 * max(-1.0, min(1.0, sign * (value - row.threshold) / span))

    bound = f"{'≥' if row.at_least else '≤'} {wording.amount(row.threshold, row.metric)}"
    drawn = f'<span class="rc-spec-worse">fails</span><span class="rc-spec-bound">{_text(bound)}</span><span class="rc-spec-better">passes</span>'
    drawn += '<i class="rc-spec-track"></i>'
    if not math.isnan(record["low"]):
        left, right = sorted((at(record["low"]), at(record["high"])))
        drawn += f'<i class="rc-spec-range" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
    drawn += '<i class="rc-spec-threshold"></i>'
    if not math.isnan(record["value"]):
        drawn += f'<i class="rc-spec-value" style="left:{at(record["value"]):.2f}%"></i>'
    return f'<div class="rc-spec-scale" aria-hidden="true">{drawn}</div>'


def _text(words: str) -> str:
    """Escaped, with numbers kept on the line of their unit."""
    return escape(re.sub(r"(\d) (%|points?\b|of \d)", "\\1\N{NO-BREAK SPACE}\\2", words))
