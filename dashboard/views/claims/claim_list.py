"""A row for each claim: verdict, claim and figures; rule, source and table open below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.widgets.markup import Markup
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim, counted
from robustcore.reports.claims.contrasts import APP
from robustcore.reports.claims.questions import signed

_BADGES = {REPRODUCED: ("reproduced", "✓"), NOT_REPRODUCED: ("not", "✕"), UNDECIDED: ("undecided", "?")}
_NUMBERS_RIGHT = "iuf"
_WIDTH, _RADIUS = 250, 4
_SURE = Markup(' class="sure"')

CSS = """
.rc-claims { display: grid; gap: 0; }
.rc-topic { border-top: 1px solid var(--st-border-color); }
.rc-topic:first-of-type { border-top: 0; }
.rc-topic > summary { cursor: pointer; padding: 12px 2px; font-size: .92rem; }
.rc-topic > summary b { font-weight: 620; font-size: 1rem; margin-right: .5em; }
.rc-claim { display: grid; grid-template-columns: 9.4rem minmax(0, 1fr) 250px; gap: 2px 22px; padding: 14px 2px; border-top: 1px solid var(--st-border-color); }
.rc-claim details { grid-column: 2 / -1; }
.rc-dots { width: 250px; height: auto; overflow: visible; align-self: center; color: var(--st-text-color); }
.rc-dots text { font-size: 10px; fill: currentColor; opacity: .82; font-variant-numeric: tabular-nums; }
.rc-dots line { stroke: currentColor; opacity: .35; }
.rc-dots circle { stroke: var(--st-primary-color); stroke-width: 1.3; fill: var(--st-background-color); }
.rc-dots .sure { fill: var(--st-primary-color); }
.rc-claim:first-child { border-top: 0; }
.rc-verdict { justify-self: start; align-self: start; border-radius: 99px; padding: 2px 10px 2px 8px; font-size: .78rem; font-weight: 650; border: 1.5px solid currentColor; white-space: nowrap; }
.rc-verdict.reproduced { color: var(--st-green-text-color); background: var(--st-green-background-color); }
.rc-verdict.not { color: var(--st-orange-text-color); background: var(--st-orange-background-color); }
.rc-verdict.undecided { color: var(--st-gray-text-color); border-style: dashed; }
.rc-claim h4 { margin: 0; padding: 0; font-size: 1rem; font-weight: 620; line-height: 1.35; }
.rc-claim p { margin: .3em 0 0; font-size: .88rem; line-height: 1.45; max-width: 84ch; }
.rc-claim .rc-caution::before { content: "Caution: "; font-weight: 620; }
.rc-claim details { margin-top: .35em; font-size: .84rem; }
.rc-claim summary { cursor: pointer; color: var(--st-link-color); width: fit-content; }
.rc-claim summary:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; border-radius: 4px; }
.rc-claim dl, .rc-claim dt, .rc-claim dd { font-size: .84rem; }
.rc-claim dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 12px; margin: .5em 0; line-height: 1.45; }
.rc-claim dt { font-weight: 620; }
.rc-claim dd { margin: 0; max-width: 80ch; }
.rc-wide { overflow: auto; max-height: 24rem; border: 1px solid var(--st-border-color); border-radius: 8px; }
.rc-wide table { border-collapse: collapse; font-size: .78rem; font-variant-numeric: tabular-nums; width: 100%; }
.rc-wide th { position: sticky; top: 0; background: var(--st-secondary-background-color); font-weight: 620; text-align: left; }
.rc-wide th, .rc-wide td { padding: 3px 10px; white-space: nowrap; }
.rc-wide td { border-top: 1px solid var(--st-border-color); }
.rc-wide .number { text-align: right; }
@container (max-width: 820px) { .rc-claim { grid-template-columns: 9.4rem minmax(0, 1fr); } .rc-dots { grid-column: 2; margin-top: 6px; } }
@container (max-width: 620px) {
  .rc-claim { grid-template-columns: minmax(0, 1fr); gap: 6px; }
  .rc-claim > *, .rc-claim details { grid-column: 1; }
  .rc-claim dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .rc-claim:not(:has(details[open])) p { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
}
"""


def markup(claims: Sequence[Claim]) -> Markup:
    """The rows, in the order given; of several topics each opens below its name, the first is open."""
    topics = dict.fromkeys(claim.topic for claim in claims)
    blocks = []
    for place, topic in enumerate(topics):
        own = [claim for claim in claims if claim.topic == topic]
        rows = Markup('<div class="rc-claims">{}</div>').format(Markup().join(map(_row, own)))
        if len(topics) > 1:
            rows = Markup('<details class="rc-topic"{}><summary><b>{}</b> {}</summary>{}</details>').format(
                "" if place else Markup(" open"), topic.capitalize(), counted(own), rows
            )
        blocks.append(rows)
    return Markup("<style>{}</style>{}").format(Markup(CSS), Markup().join(blocks))


def _row(claim: Claim) -> Markup:
    kind, sign = _BADGES[claim.verdict]
    caution = Markup('<p class="rc-caution">{}</p>').format(claim.caution) if claim.caution else ""
    table = "" if claim.table is None else _table(claim.table)
    return Markup(
        '<article class="rc-claim"><span class="rc-verdict {}">{} {}</span><div>'
        "<h4>{}</h4><p>{}</p>{}</div>{}"
        "<details><summary>Rule{}</summary>"
        "<dl><dt>Reproduced if</dt><dd>{}</dd>{}<dt>Source</dt><dd>{}</dd></dl>{}"
        "</details></article>"
    ).format(
        kind,
        sign,
        claim.verdict,
        claim.text,
        claim.figures_text,
        caution,
        _dots(claim.table),
        f"{' (in part set afterwards)' if claim.set_afterwards else ''}{', source and numbers' if table else ' and source'}",
        claim.rule,
        _afterwards(claim),
        claim.source,
        table,
    )


def _afterwards(claim: Claim) -> Markup:
    """What of the rule was set after figures had been seen."""
    if not claim.set_afterwards:
        return Markup()
    return Markup("<dt>Set afterwards</dt><dd>{}</dd>").format(claim.set_afterwards)


def _dots(table: pd.DataFrame | None) -> Markup:
    """Each difference of the table as a dot on a line, filled where its interval leaves 0 out; "" for other tables."""
    if table is None or not {"value", "low", "high"} <= set(table.columns) or not table["value"].notna().any():
        return Markup()
    defined = table[table["value"].notna()]
    reach = max(1e-6, float(defined["value"].abs().max()))
    factor, digits, unit = _unit(defined)
    end = signed(factor * reach, digits)
    start = signed(-factor * reach, digits)
    stacked: dict[int, int] = {}
    circles = []
    for value, low, high in defined[["value", "low", "high"]].sort_values("value").itertuples(index=False):
        column = round((value / reach) * (_WIDTH / 2 - _RADIUS) / (2 * _RADIUS))
        stacked[column] = stacked.get(column, 0) + 1
        x, y = _WIDTH / 2 + 2 * _RADIUS * column, -_RADIUS - 1 - 2 * _RADIUS * (stacked[column] - 1)
        circles.append(
            Markup('<circle cx="{:.0f}" cy="{}" r="{}"{}/>').format(
                x, y, _RADIUS - 0.7, _SURE if low > 0 or high < 0 else ""
            )
        )
    height = 2 * _RADIUS * max(stacked.values()) + 4
    ends = Markup().join(
        Markup('<text x="{}" y="12" text-anchor="{}">{}</text>').format(x, side, text)
        for x, side, text in (
            (0, "start", start),
            (_WIDTH / 2, "middle", f"0{unit}"),
            (_WIDTH, "end", end),
        )
    )
    above = (defined["value"] > 0).sum()
    alt = f"{len(defined)} differences from {start} to {end}{unit}, {above} of them above 0"
    return Markup(
        '<svg class="rc-dots" viewBox="0 {} {} {}" role="img" aria-label="{}">'
        '<line x1="0" x2="{}" y1="0" y2="0"/><line x1="{}" x2="{}" y1="{}" y2="3"/>'
        "{}{}</svg>"
    ).format(-height, _WIDTH, height + 15, alt, _WIDTH, _WIDTH / 2, _WIDTH / 2, -height, Markup().join(circles), ends)


def _unit(table: pd.DataFrame) -> tuple[float, int, str]:
    """Factor, digits and unit of a table's differences, as the claim's sentence writes them: shares, that is accuracies, AUROC and
    mAP, in points; APP is a ratio."""
    is_ratio = "measure" in table and APP in set(table["measure"])
    return (1.0, 3, "") if is_ratio else (100.0, 1, " points")


def _table(table: pd.DataFrame) -> Markup:
    numeric = [table[column].dtype.kind in _NUMBERS_RIGHT for column in table.columns]
    sides = [Markup(' class="number"') if right else "" for right in numeric]
    names = (str(column).replace("_", " ") for column in table.columns)
    head = Markup().join(Markup("<th{}>{}</th>").format(side, name) for name, side in zip(names, sides, strict=True))
    rows = Markup().join(
        Markup("<tr>")
        + Markup().join(Markup("<td{}>{}</td>").format(side, _cell(v)) for v, side in zip(row, sides, strict=True))
        + Markup("</tr>")
        for row in table.itertuples(index=False)
    )
    return Markup(
        '<div class="rc-wide" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, rows)


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        text = f"{abs(value):.3f}"
        return f"−{text}" if value < 0 and float(text) else text
    return f"{value:,}" if isinstance(value, int) else str(value)
