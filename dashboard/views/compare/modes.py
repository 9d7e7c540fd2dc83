"""The views of Compare by name: which controls each has, and what it draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from dashboard.views.compare import metric_views, parts_views, scatter_views, severity_views
from dashboard.views.compare.closer import classes, pair, ranks
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets.addresses import COMPARE_VIEWS
from robustcore.calls import Node


@dataclasses.dataclass(frozen=True)
class Mode:
    """One view.

    Attributes:
        controls: draws the controls above the figure and reads them.
        draw: the figure of a comparison, which is the value of a call, or one sentence on why there is none.
        with_means: whether the models' means are listed below it.
        below: draws what belongs below the figure, such as a document's table.
    """

    controls: Callable[[Choice], Settings]
    draw: Callable[[Node, Choice, Settings], View | str]
    with_means: bool = True
    below: Callable[[], None] | None = None


MODES = {
    "ranking": Mode(partial(metric_views.controls, order=False), metric_views.ranking),
    "ranks": Mode(partial(metric_views.controls, order=False), ranks.ranks),
    "corruptions": Mode(metric_views.controls, metric_views.conditions),
    "baseline": Mode(partial(metric_views.controls, baseline=True), metric_views.gains),
    "pair": Mode(pair.controls, pair.differences, with_means=False),
    "parts": Mode(
        partial(metric_views.controls, baseline=True, order=False),
        parts_views.gains,
        with_means=False,
        below=parts_views.printed,
    ),
    "heatmap": Mode(metric_views.controls, metric_views.heatmap),
    "classes": Mode(severity_views.no_controls, classes.class_by_class, with_means=False, below=classes.onward),
    "severities": Mode(severity_views.no_controls, severity_views.curves, with_means=False),
    "ratios": Mode(severity_views.ratio_controls, severity_views.ratios, with_means=False),
    "tradeoff": Mode(severity_views.no_controls, scatter_views.trade_off, with_means=False),
    "trend": Mode(severity_views.no_controls, scatter_views.trend, with_means=False),
}
ATTACKS = "attacks"  # several figures: a panel of its own
DOCUMENTS = "documents"  # what is printed, with our models below: a panel of its own too
TITLES = COMPARE_VIEWS
