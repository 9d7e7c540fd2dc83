"""The views of one metric: the models in order, each corruption, better or worse than a baseline, the heatmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import categories, first_models, python_code
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets import states
from robustcore import metrics
from robustcore.calls import Attribute, Call, Node
from robustcore.display import display_name
from robustcore.notes import Note
from robustcore.reports.compare import baseline as baselines
from robustcore.reports.compare import grouping, image_metrics, intervals, measures, published_models, references
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars

ORDERS = {"family": "By family", "category": "By category", "value": "By value", "name": "By name"}
ALL = "all of them"


def controls(choice: Choice, *, baseline: bool = False, order: bool = True) -> Settings:
    """Metric, reference or baseline, and order."""
    name = selection.selectbox(
        "Metric",
        [metric.name for metric in measures.offered()],
        key=f"{KEY}_measure",
        kind="metric",
        text=lambda m: metrics.get(m).title,
        width=320,
    )
    metric = metrics.get(name)
    against = reference = ""
    by = "family"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_settings"):
        if baseline:
            against = pick_baseline(choice)
        if metric.reference:
            reference = pick_reference(choice)
        atlas = categories.offered(choice) if order else None
        if order:
            by = selection.segmented(
                "Order of the corruptions",
                [o for o in ORDERS if o != "category" or atlas],
                key=f"{KEY}_order",
                kind="order",
                text=ORDERS.__getitem__,
            )
    if not metric.reference:
        st.caption(states.plain(f"{metric.formula}; {metric.better} is better."))
    if by == "category" and atlas is not None:
        return Settings(name, reference, against, "family", categories.grouping(atlas), categories.groups_of(atlas))
    return Settings(name, reference, against, by)


def offered(choice: Choice) -> list[str]:
    """The models that others can be compared with."""
    if choice.is_published:
        evaluated = compare.published_models()[choice.dataset.removeprefix(compare.PUBLISHED)]
    else:
        evaluated = cache.results.evaluated(choice.data)
    return list(dict.fromkeys([*evaluated, *choice.models]))


def pick_reference(choice: Choice) -> str:
    """The model that errors are divided by."""
    models = offered(choice)
    alexnet = next((m for m in models if m.endswith("/AlexNet")), None)
    return selection.selectbox(
        "Reference",
        [*models, references.ALEXNET],
        key=f"{KEY}_reference",
        kind="reference",
        default=alexnet,
        text=references.title,
        width=320,
        help="Errors are divided by this model's: below 100 is better than the reference.",
    )


def pick_baseline(
    choice: Choice, label: str = "Baseline", key: str = f"{KEY}_baseline", first: Sequence[str] = ()
) -> str:
    """The model that others are compared with: to start with `first`, or one trained for as long as the first of them that has such a
    control."""
    models = offered(choice)
    controls = {} if choice.is_published else cache.models.controls(models)
    fair = (controls[model] for model in choice.models if model in controls)
    return selection.selectbox(
        label,
        models,
        key=key,
        kind="baseline",
        default=next(iter(first), None) or next(fair, None),
        width=320,
        help="Every model is compared with this one, on the same images.",
    )


def bars(results: Node, choice: Choice, metric: str, reference: str = "") -> Call:
    """The call that computes a metric of the chosen models; for one of single images `results` has it measured already."""
    comparison: Comparison = results.value
    models = [m for m in choice.models if m in comparison.models]
    keywords: dict[str, Any] = {"reference": reference} if reference else {}
    if not image_metrics.is_of_images(metrics.get(metric)):
        keywords["answers"] = python_code.single_answers(choice, results)
    call = Call(measures.bars, results, metric, **keywords, models=models, name="result")
    return compare.cached(call, comparison, choice.data)


def with_metric(results: Node, choice: Choice, settings: Settings) -> Node | str:
    """The comparison that has what the chosen metric is computed from, or why there is nothing to compute it from."""
    if not image_metrics.is_of_images(metrics.get(settings.metric)):
        return results
    if why := image_metrics.refused(results.value, settings.metric):
        return why
    measured = compare.measured(results, choice.data, settings.metric)
    rows = measured.value.corrupted
    if rows[settings.metric].isna().all():
        reasons = rows.loc[rows["n"] > 0, f"{settings.metric}_reason"]
        why = reasons.iloc[0] if len(reasons) else "nothing is stored"
        return f"{metrics.get(settings.metric).title} is undefined for all of these models: {why}."
    return measured


def compute_first(choice: Choice) -> None:
    """Compute what the page draws of a choice before anything else is chosen; draws nothing."""
    metric = measures.offered()[0]
    if metric.reference or not choice.models:
        return
    results, _ = compare.read(choice.models, choice.data, choice.suites, choice.severities, choice.storage, choice.seed)
    if results is not None:
        _ = bars(results, choice, metric.name).value


def _order(settings: Settings) -> dict[str, Any]:
    """The arguments of a figure for the order of its conditions."""
    if settings.grouping is None:
        return {"order": settings.order}
    groups = Call(grouping.by_category, dict(settings.grouping.of), settings.grouping.order, name="groups")
    return {"order": settings.order, "grouping": groups}


def looks(
    choice: Choice,
    models: Sequence[str],
    printed: Node | Sequence[str],
    values: Node,
    *,
    better: str = "higher",
    column: str = "value",
) -> dict[str, Call]:
    """The arguments of a figure that tell models apart: how they were trained, where they are many, and which are shown first.

    Args:
        choice: what is chosen on the page.
        models: those that are drawn; `printed` is their argument in the printed call.
        values, better, column: by which models are compared; see `first_models.call`.
    """
    families = python_code.families(models, printed)
    if families is not None:
        families.name = "trainings"
    coloured = {} if families is None else {"families": families}
    return coloured | first_models.call(choice, values, families, better=better, column=column)


def of_result(choice: Choice, call: Call, result: Bars) -> dict[str, Call]:
    """The same for the values of a metric, by their means; a difference to a baseline is better above 0."""
    better = "higher" if result.baseline else result.definition.better
    return looks(choice, result.models, Attribute(call, "models"), Attribute(call, "means"), better=better)


def _grouped(settings: Settings) -> tuple[Note, ...]:
    return (settings.grouped,) if settings.grouping is not None and settings.grouped is not None else ()


def ranking(results: Node, choice: Choice, settings: Settings) -> View | str:
    """The models in order of the mean, or under one corruption."""
    from robustcore.figures import compared

    measured = with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    names = list(dict.fromkeys(comparison.corrupted["label"]))
    under = selection.selectbox(
        "Under",
        [ALL, *names],
        key=f"{KEY}_under",
        kind="corruption",
        text=display_name,
        width=320,
        help="The mean over all of them, or one alone.",
    )
    call = bars(measured, choice, settings.metric, settings.reference)
    result: Bars = call.value
    metric = result.definition
    condition = "" if under == ALL else under
    if condition:
        table, footer = result.table[result.table["name"] == condition].reset_index(drop=True), result.footer
        title = f"{metric.title} under {display_name(condition, inside=True)}"
    else:
        interval = intervals.SENTENCE if result.footer.interval else ""
        table, footer = result.means, result.footer.replace(interval=interval)
        title = f"{metric.mean} of each model, over {len(names)} {comparison.what}{'' if len(names) == 1 else 's'}"
    looks_of = of_result(choice, call, result)
    first = first_models.sentence(looks_of, "below, a dot a model and the median of each family")
    top = "The pinned ones on top, then the best" if choice.pinned else "The best on top"
    caption = f"{top}: {metric.better} is better. {_of_intervals(table)}{first}"
    return View(
        f"ranking-{settings.metric}",
        title,
        caption,
        table,
        footer,
        Call(compared.models, call, condition, **looks_of, name="figure"),
        result,
        comparison.provenance,
        clickable=metric.input != "scores",
    )


def _of_intervals(table: pd.DataFrame) -> str:
    if table["low"].notna().any():
        return "Lines are 95 % intervals; where two overlap widely, their order may be chance."
    return "There are no intervals."


def conditions(results: Node, choice: Choice, settings: Settings) -> View | str:
    """The metric under each corruption."""
    from robustcore.figures import compared

    measured = with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    call = bars(measured, choice, settings.metric, settings.reference)
    result: Bars = call.value
    metric = result.definition
    against = f"Below 100: fewer errors than {references.title(settings.reference)}." if metric.reference else ""
    caption = f"{metric.better.capitalize()} is better. {against or _extremes(result)}"
    looks_of = of_result(choice, call, result)
    if len(result.models) > compared.CROWD:
        caption += " " + _dots(looks_of)
    elif metric.absolute:
        caption += " Dotted: accuracy on clean images."
    return View(
        metric.name,
        f"{metric.title} under each {comparison.what}",
        caption,
        measures.ordered(result, settings.order, settings.grouping)
        .drop(columns="group", errors="ignore")
        .reset_index(drop=True),
        result.footer,
        Call(compared.conditions, call, **_order(settings), **looks_of, name="figure"),
        result,
        comparison.provenance,
        clickable=metric.input != "scores",
        notes=_grouped(settings),
    )


def _dots(looks_of: dict[str, Call]) -> str:
    """How to read many dots."""
    first = first_models.sentence(looks_of, "small and grey: the others; lines: medians of the families").strip()
    return f"A dot is a model, {'colours tell' if first else 'a line the median; colours tell'} how it was trained. {first}"


def _extremes(result: Bars) -> str:
    ends = measures.extremes(result)
    if ends is None:
        return ""
    worst, best = (display_name(name, inside=True) for name in ends)
    return f"Overall, {worst} costs most and {best} least."


def gains(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Better or worse than the baseline under each corruption."""
    from robustcore.figures import compared

    measured = with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    models = [m for m in choice.models if m in comparison.models and m != settings.baseline]
    if settings.baseline not in comparison.models:
        return f"{metrics.get(settings.metric).title} is not known of the baseline {settings.baseline}: choose another one."
    if not models:
        return "The baseline is the only model: choose another one to compare with it."
    keywords: dict[str, Any] = {"reference": settings.reference} if settings.reference else {}
    if not image_metrics.is_of_images(metrics.get(settings.metric)):
        keywords["answers"] = python_code.single_answers(choice, results)
    call = compare.cached(
        Call(
            baselines.differences,
            measured,
            settings.metric,
            settings.baseline,
            **keywords,
            models=models,
            name="result",
        ),
        comparison,
        choice.data,
    )
    result: Bars = call.value
    metric = result.definition
    looks_of = of_result(choice, call, result)
    many = _dots(looks_of) if len(result.models) > compared.CROWD else ""
    return View(
        f"baseline-{metric.name}",
        f"{metric.title}: better or worse than {settings.baseline}",
        f"To the right of 0 is better than the baseline, to the left worse. {_of_chance(result)} {many}",
        measures.ordered(result, settings.order, settings.grouping)
        .drop(columns="group", errors="ignore")
        .reset_index(drop=True),
        result.footer,
        Call(compared.gains, call, settings.baseline, **_order(settings), **looks_of, name="figure"),
        result,
        comparison.provenance,
        clickable=metric.input != "scores",
        notes=_grouped(settings),
    )


def _of_chance(result: Bars) -> str:
    if result.table["low"].notna().any():
        return "Pale: the 95 % interval has 0 in it, so that chance may explain the difference."
    return "There are no intervals, so that chance may explain a small difference."


def heatmap(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Models against corruptions."""
    from robustcore.figures import compared

    measured = with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    call = bars(measured, choice, settings.metric, settings.reference)
    result: Bars = call.value
    metric = result.definition
    looks_of = of_result(choice, call, result)
    first = {name: value for name, value in looks_of.items() if name == "emphasis"}
    return View(
        f"heatmap-{metric.name}",
        f"{metric.title}, models against {comparison.what}s",
        "Bright is better. The models are in order of their mean, with the clean accuracy of each; a column that is dark "
        f"from top to bottom is one {comparison.what} that none of them withstands.{first_models.sentence(first, '')}",
        result.table,
        result.footer,
        Call(compared.table, call, **_order(settings), **first, name="figure"),
        result,
        comparison.provenance,
        clickable=metric.input != "scores",
        wide=True,
        notes=_grouped(settings),
    )


def refused(comparison: Comparison, settings: Settings) -> str:
    """Why the chosen reference cannot be used, or ""."""
    if not metrics.get(settings.metric).reference:
        return ""
    if settings.reference not in comparison.models and published_models.is_published(settings.reference):
        return "This published reference was not measured like the models here; choose one of the evaluated models."
    return references.refused(comparison, settings.reference)
