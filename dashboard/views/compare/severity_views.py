"""The views over the severities: accuracy against severity, and errors over a baseline's by family."""

from __future__ import annotations

from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import first_models, metric_views, python_code
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets.addresses import COMPARE_CURVES
from robustcore.calls import Attribute, Call, Node
from robustcore.display import display_name
from robustcore.notes import note
from robustcore.reports.compare import baseline, intervals, measures
from robustcore.reports.compare.comparison import Comparison


@note
def undefined_ratio(reason: str) -> str:
    return f"A ratio is undefined: {reason}."


def no_controls(choice: Choice) -> Settings:
    """Curves are of accuracy."""
    return Settings()


def ratio_controls(choice: Choice) -> Settings:
    """The baseline."""
    return Settings(baseline=metric_views.pick_baseline(choice))


def curves(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Accuracy against severity, the clean images at 0."""
    from robustcore.figures import compared

    comparison: Comparison = results.value
    models = [m for m in choice.models if m in comparison.models]
    chosen = Call(Attribute(results, "only"), models, name="chosen")
    drawn: Comparison = chosen.value
    table = measures.curves(drawn)
    names = sorted(set(table["name"]))
    if not names or len(choice.severities) < 2:
        return (
            "There are no two severities to draw a curve through: choose more of them, or a suite that has severities."
        )
    how = selection.segmented(
        "Show", list(COMPARE_CURVES), key=f"{KEY}_curve", kind="view", text=COMPARE_CURVES.__getitem__
    )
    condition = ""
    if how == "one":
        condition = selection.selectbox(
            "Corruption", names, key=f"{KEY}_condition", kind="corruption", text=display_name, width=320
        )
    rows_of = (
        Call(measures.mean_curve, chosen)
        if how == "mean"
        else Call(measures.curves, chosen, *([[condition]] if condition else []))
    )
    rows_of.name = "table"
    rows = rows_of.value
    title = "Accuracy against severity, corruption by corruption"
    if how == "one":
        title = f"Accuracy against the severity of {display_name(condition, inside=True)}"
    elif how == "mean":
        count = int(rows["conditions"].max()) if len(rows) else 0
        title = f"Accuracy against severity, the mean over {count} corruption{'' if count == 1 else 's'}"
    if rows.empty:
        return "The models have no corruption and severity in common that a mean could be taken over: choose one corruption."
    footer = Call(
        Attribute(chosen, "provenance.footer"),
        formula="Accuracy = correct / images; severity 0: the clean images",
        interval=measures.INTERVAL,
    )
    looks = metric_views.looks(choice, models, Attribute(chosen, "models"), rows_of, column="accuracy")
    many = len(models) > compared.CROWD
    marks = "thick: the median of a family of trainings" if many else "bands are 95 % intervals"
    return View(
        f"curve-{how}",
        title,
        f"Severity 0 is clean. A line that falls early breaks under little; {marks}.",
        rows.reset_index(drop=True),
        footer.value,
        Call(compared.curves, rows_of, panels=how == "all", footer=footer, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
    )


def ratios(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Errors over the baseline's, a panel for each family."""
    from robustcore.figures import compared

    comparison: Comparison = results.value
    models = [m for m in choice.models if m in comparison.models and m != settings.baseline]
    if not models:
        return "The baseline is the only model: choose another one to compare with it."
    answers = python_code.single_answers(choice, results)
    ratio = Call(baseline.error_ratios, results, settings.baseline, models=models, answers=answers, name="table")
    ratio = compare.cached(ratio, comparison, choice.data)
    table = ratio.value
    if table.empty:
        return "No condition with severities was evaluated for all of these models."
    footer = Call(
        Attribute(Call(Attribute(results, "only"), models), "provenance.footer"),
        formula="Ratio = sum of the model's errors over the family's corruptions / the same of the baseline (RobustNet, figure 9)",
        reference=f"the baseline {settings.baseline}",
        interval=intervals.SENTENCE if table["low"].notna().any() else "",
    )
    undefined = tuple(undefined_ratio(reason) for reason in dict.fromkeys(table["reason"]) if reason)
    looks = metric_views.looks(choice, models, Attribute(results, "models"), ratio, better="lower")
    first = first_models.sentence(looks, "thick: the medians of the families")
    return View(
        "error-ratio",
        f"Errors over those of {settings.baseline}, by family and severity",
        "Below 1: fewer errors than the baseline. Severity 0 is clean: the difference between 0 and 5 is what the model gains or "
        f"loses by robustness alone.{first}",
        table,
        footer.value,
        Call(compared.error_ratios, ratio, settings.baseline, footer=footer, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
        notes=undefined,
    )
