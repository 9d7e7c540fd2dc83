"""The views of Compare by name: which controls each has, and what it draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from dashboard.views.compare import metric_views as measured
from dashboard.views.compare import scatter_views, severity_views
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import Settings, Shown
from robustcore.reports.compare.comparison import Comparison


@dataclasses.dataclass(frozen=True)
class Mode:
    """One view.

    Attributes:
        title: on the selector.
        controls: draws the controls above the figure and reads them.
        draw: what is shown of a comparison, or one sentence on why nothing is.
        measured: whether the result's means and notes stand below it.
    """

    title: str
    controls: Callable[[Choice], Settings]
    draw: Callable[[Comparison, Choice, Settings], Shown | str]
    measured: bool = True


MODES = {
    "ranking": Mode("Ranking", partial(measured.controls, order=False), measured.ranking),
    "corruptions": Mode("Corruptions", measured.controls, measured.conditions),
    "baseline": Mode("Better or worse", partial(measured.controls, baseline=True), measured.gains),
    "heatmap": Mode("Heatmap", measured.controls, measured.heatmap),
    "severities": Mode("Severities", severity_views.no_controls, severity_views.curves, measured=False),
    "ratios": Mode("Error ratios", severity_views.ratio_controls, severity_views.ratios, measured=False),
    "tradeoff": Mode("Trade-off", severity_views.no_controls, scatter_views.trade_off, measured=False),
    "trend": Mode("Trend line", severity_views.no_controls, scatter_views.trend, measured=False),
}
ATTACKS = "attacks"  # several figures: a panel of its own
TITLES = {name: mode.title for name, mode in MODES.items()} | {ATTACKS: "Attacks"}
