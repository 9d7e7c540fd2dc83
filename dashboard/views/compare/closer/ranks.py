"""The view of mean ranks: which models differ, by the tests of Friedman and Nemenyi."""

from __future__ import annotations

from dashboard.views.compare import first_models, metric_views
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import Settings, View
from robustcore.calls import Attribute, Call, Node
from robustcore.reports.compare.closer import rank_test
from robustcore.reports.compare.closer.rank_test import RankTest
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars


def ranks(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Mean ranks over the conditions with the critical difference."""
    from robustcore.figures.comparing import ranking_dots

    measured = metric_views.with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    bars = metric_views.bars(measured, choice, settings.metric, settings.reference)
    result: Bars = bars.value
    call = Call(rank_test.mean_ranks, bars, name="test")
    test: RankTest = call.value
    if test.table.empty:
        return " ".join(note.text for note in test.notes)
    values = Attribute(call, "table")
    looks = metric_views.looks(choice, result.models, Attribute(bars, "models"), values, better="lower", column="rank")
    first = first_models.sentence(looks, "below, a dot a model and the median of each family")
    return View(
        f"ranks-{settings.metric}",
        f"{result.definition.title}: which models differ in rank?",
        f"Rank 1 is the best under a {comparison.what}; dots are means over {int(test.table['conditions'].iloc[0])}. Two models differ (at "
        f"0.05) where their lines do not overlap: their ranks are {test.critical_difference:.2f} or more apart. In the grey band nobody "
        f"differs from the best. Friedman test: F = {test.f:.1f}, {_p(test.p_value)}.{first}",
        test.table,
        test.footer,
        Call(ranking_dots.mean_ranks, call, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=result.definition.input != "scores",
        notes=test.notes,
    )


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
