"""The views of Compare by name: which controls each has, and what it draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from dashboard.views.compare import metric_views, scatter_views, severity_views
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import Settings, View
from robustcore.reports.compare.comparison import Comparison


@dataclasses.dataclass(frozen=True)
class Mode:
    """One view.

    Attributes:
        title: on the selector.
        controls: draws the controls above the figure and reads them.
        draw: the figure of a comparison, or one sentence on why there is none.
        with_means: whether the models' means are listed below it.
    """

    title: str
    controls: Callable[[Choice], Settings]
    draw: Callable[[Comparison, Choice, Settings], View | str]
    with_means: bool = True


MODES = {
    "ranking": Mode("Ranking", partial(metric_views.controls, order=False), metric_views.ranking),
    "corruptions": Mode("Corruptions", metric_views.controls, metric_views.conditions),
    "baseline": Mode("Better or worse", partial(metric_views.controls, baseline=True), metric_views.gains),
    "heatmap": Mode("Heatmap", metric_views.controls, metric_views.heatmap),
    "severities": Mode("Severities", severity_views.no_controls, severity_views.curves, with_means=False),
    "ratios": Mode("Error ratios", severity_views.ratio_controls, severity_views.ratios, with_means=False),
    "tradeoff": Mode("Trade-off", severity_views.no_controls, scatter_views.trade_off, with_means=False),
    "trend": Mode("Trend line", severity_views.no_controls, scatter_views.trend, with_means=False),
}
ATTACKS = "attacks"  # several figures: a panel of its own
TITLES = {name: mode.title for name, mode in MODES.items()} | {ATTACKS: "Attacks"}
