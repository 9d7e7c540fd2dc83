"""The pass/fail sheet: a judged specification for people who do not read tables, as markup and as one HTML file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from robustcore.reports import templates
from robustcore.reports.specification import wording
from robustcore.reports.specification.judging import meets
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.rows import Requirement

_HERE = Path(__file__).resolve().parent
CSS = (_HERE / "sheet.css").read_text(encoding="utf-8")
LEGEND = (
    "The value decides. “Narrowly”: the 95 % interval includes the threshold, so other images could give another verdict. On each "
    "scale the line is the threshold, the dot the value and the pale band its 95 % interval. Right of the line passes."
)
_NARROWEST, _WIDEST = 5.0, 25.0  # points on each side of a scale
_VERDICTS = {
    "pass": "meets the specification",
    "uncertain": "meets the specification, narrowly",
    "fail": "does not meet the specification",
    "undefined": "cannot be judged yet",
}


def markup(spec: Specification, table: pd.DataFrame, model: str) -> Markup:
    """One model's sheet as a piece of HTML; it needs `CSS`.

    Args:
        spec: the specification.
        table: as judged.
        model: one of the table's.
    """
    own = table[table["model"] == model]
    rows = {row.number: row for row in spec.rows}
    tone, span = _overall(own), _span(own)
    return templates.render(
        _HERE / "sheet.html.jinja",
        model=model,
        tone=tone,
        verdict=_VERDICTS[tone],
        summary=wording.summary(own),
        marks=wording.MARKS,
        items=[_item(rows[record["row"]], record, span) for record in own.to_dict("records")],
    )


def html(spec: Specification, table: pd.DataFrame, footer: str) -> str:
    """All models' sheets as one HTML page that needs no network and prints on white paper; `footer` is the provenance."""
    sheets = Markup().join(markup(spec, table, str(model)) for model in table["model"].unique())
    return templates.render(
        _HERE / "sheet_page.html.jinja",
        spec=spec,
        css=Markup(CSS),
        sheets=sheets,
        legend=LEGEND,
        footer=footer,
    )


def _overall(own: pd.DataFrame) -> str:
    if meets(own, strict=True):
        return "pass"
    if meets(own):
        return "uncertain"
    return "fail" if (own["verdict"] == "fail").any() else "undefined"


def _item(row: Requirement, record: Mapping[Any, Any], span: float) -> dict[str, Any]:
    """What the template needs of one requirement; places on its scale are percent of the width."""
    sign = 1 if row.at_least else -1

    def at(value: float) -> float:
        """Values that are too far away are drawn at the edge."""
        return 50 + 50 * max(-1.0, min(1.0, sign * (value - row.threshold) / span))

    finding = wording.finding(row, record)
    return {
        "verdict": str(record["verdict"]),
        "demand": _unbroken(wording.demand(row)),
        "finding": _unbroken(finding[:1].upper() + finding[1:]),
        "why": row.why,
        "bound": _unbroken(f"{'≥' if row.at_least else '≤'} {wording.amount(row.threshold, row.metric)}"),
        "range": None if math.isnan(record["low"]) else sorted((at(record["low"]), at(record["high"]))),
        "value": None if math.isnan(record["value"]) else at(record["value"]),
    }


def _span(own: pd.DataFrame) -> float:
    """How many points a scale shows on each side of the threshold: the same for all of a model's requirements."""
    sign = own["direction"].map({"at least": 1, "at most": -1})
    ends = pd.concat([own["margin"], *(sign * (own[end] - own["threshold"]) for end in ("low", "high"))]).abs()
    return (
        float(min(_WIDEST, max(_NARROWEST, math.ceil(1.1 * ends.quantile(0.9))))) if ends.notna().any() else _NARROWEST
    )


def _unbroken(words: str) -> str:
    """A text with numbers kept on the line of their unit."""
    return re.sub(r"(\d) (%|points?\b|of \d)", "\\1\N{NO-BREAK SPACE}\\2", words)
