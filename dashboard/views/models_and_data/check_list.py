"""The doctor's checks as markup: what was tried, what it gave, and what to do where it shows a mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.widgets.markup import Markup
from robustcore.reports import doctor
from robustcore.reports.doctor import Check

CSS = """
.rc-checks { display: grid; gap: 0; font-size: .88rem; }
.rc-check { display: grid; grid-template-columns: 1.6rem minmax(0, 20rem) minmax(0, 14rem) minmax(0, 1fr); gap: 2px 16px; padding: 8px 2px; border-top: 1px solid var(--st-border-color); line-height: 1.4; }
.rc-check:first-child { border-top: 0; }
.rc-check.head { font-size: .78rem; font-weight: 620; opacity: .82; }
.rc-check .sign { font-weight: 700; text-align: center; color: var(--st-green-text-color); }
.rc-check.odd .sign, .rc-check.odd .gave { color: var(--st-orange-text-color); }
.rc-check.odd { background: var(--st-orange-background-color); border-radius: 6px; }
.rc-check.odd .remedy { opacity: 1; font-weight: 560; }
.rc-check .gave { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.rc-check .remedy { opacity: .82; overflow-wrap: anywhere; }
.rc-check .now { font-weight: 650; }
@container (max-width: 700px) {
  .rc-check { grid-template-columns: 1.6rem minmax(0, 1fr); }
  .rc-check > * { grid-column: 2; } .rc-check > .sign { grid-column: 1; grid-row: 1; } .rc-check.head { display: none; }
}
"""
_READINGS, _OTHERS = ("Images or classes read otherwise", "Right answers"), ("Answers and images", "What it gave")


def markup(checks: Sequence[Check]) -> Markup:
    """All checks, those that read images or classes otherwise first."""
    readings = [check for check in checks if check.kind == doctor.READING]
    others = [check for check in checks if check.kind != doctor.READING]
    parts = []
    for heads, listed in ((_READINGS, readings), (_OTHERS, others)):
        if listed:
            parts.append(
                Markup(
                    '<div class="rc-check head" aria-hidden="true"><span></span><span>{}</span><span>{}</span><span>If it is the cause</span></div>'
                ).format(*heads)
            )
            parts += [_row(check, now=place == 0 and listed is readings) for place, check in enumerate(listed)]
    return Markup('<style>{}</style><div class="rc-checks">{}</div>').format(Markup(CSS), Markup().join(parts))


def _row(check: Check, *, now: bool) -> Markup:
    odd = check.note is not None
    remedy = check.note.text if check.note is not None and check.kind != doctor.READING else check.remedy
    return Markup(
        '<div class="rc-check{}"><span class="sign" role="img" aria-label="{}">{}</span><span class="name{}">{}</span>'
        '<span class="gave">{}</span><span class="remedy">{}</span></div>'
    ).format(
        " odd" if odd else "",
        "suspicious" if odd else "nothing found",
        "!" if odd else "•" if now else "✓",
        " now" if now else "",
        _capital(check.name),
        _gave(check),
        _capital(remedy),
    )


def _gave(check: Check) -> str:
    if check.kind != doctor.READING:
        return check.gave
    return "–" if math.isnan(check.accuracy) else f"{check.accuracy:.1%}".replace("%", "\N{NO-BREAK SPACE}%")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
