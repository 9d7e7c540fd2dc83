"""The views of one metric: the models in order, each corruption, better or worse than a baseline, the heatmap."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import categories
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets import labels
from robustcore import metrics
from robustcore.notes import Note
from robustcore.reports.compare import intervals, measures, published_models, references
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars

ORDERS = {"family": "By family", "category": "By category", "value": "By value", "name": "By name"}
ALL = "all of them"


def controls(choice: Choice, *, baseline: bool = False, order: bool = True) -> Settings:
    """Metric, reference or baseline, and order."""
    name = selection.segmented(
        "Metric",
        [metric.name for metric in measures.offered()],
        key=f"{KEY}_measure",
        kind="metric",
        text=lambda m: metrics.get(m).title,
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
        st.caption(f"{metric.formula}; {metric.better} is better.")
    if by == "category" and atlas is not None:
        return Settings(name, reference, against, "family", categories.grouping(atlas), categories.groups_of(atlas))
    return Settings(name, reference, against, by)


def _offered(choice: Choice) -> list[str]:
    """The models that others can be compared with."""
    if choice.is_published:
        evaluated = compare.published_models()[choice.dataset.removeprefix(compare.PUBLISHED)]
    else:
        evaluated = cache.evaluated(choice.dataset)
    return list(dict.fromkeys([*evaluated, *choice.models]))


def pick_reference(choice: Choice) -> str:
    """The model that errors are divided by."""
    models = _offered(choice)
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


def pick_baseline(choice: Choice) -> str:
    """The model that others are compared with."""
    return selection.selectbox(
        "Baseline",
        _offered(choice),
        key=f"{KEY}_baseline",
        kind="baseline",
        width=320,
        help="Every model is compared with this one, on the same images.",
    )


def _result(found: Comparison, choice: Choice, settings: Settings) -> Bars:
    models = [m for m in choice.models if m in found.models]
    return compare.measured(found, choice.dataset, settings.metric, settings.reference, models)


def _python(settings: Settings, choice: Choice, found: Comparison) -> str:
    """The line of Python that computes the values."""
    models = [m for m in choice.models if m in found.models]
    reference = f", reference={settings.reference!r}" if settings.reference else ""
    return f"result = measures.bars(found, {settings.metric!r}{reference}, models={models!r}, answers=read)\n"


def _grouping(settings: Settings) -> str:
    """The line of Python that makes the groups, where they are not the families."""
    if settings.grouping is None:
        return ""
    return (
        f"grouping = grouping.by_category(\n    {dict(settings.grouping.of)!r},\n    {settings.grouping.order!r},\n)\n"
    )


def _order(settings: Settings) -> str:
    return f"order={settings.order!r}" + (", grouping=grouping" if settings.grouping is not None else "")


def colours(models: Sequence[str], expression: str = "result.models") -> tuple[dict[str, str] | None, str]:
    """Many models are coloured by how they were trained: model -> family, and the argument of a script that does the same.

    `expression` is the script's expression for the models.
    """
    from robustcore.figures import PALETTE

    if len(models) <= len(PALETTE):
        return None, ""
    return cache.families(tuple(models)), f", families=families.by_model({expression})"


def _grouped(settings: Settings) -> tuple[Note, ...]:
    return (settings.grouped,) if settings.grouping is not None and settings.grouped is not None else ()


def ranking(found: Comparison, choice: Choice, settings: Settings) -> View:
    """The models in order of the mean, or under one corruption."""
    from robustcore.figures import compared

    names = list(dict.fromkeys(found.corrupted["label"]))
    under = selection.selectbox(
        "Under",
        [ALL, *names],
        key=f"{KEY}_under",
        kind="corruption",
        text=labels.pretty,
        width=320,
        help="The mean over all of them, or one alone.",
    )
    result = _result(found, choice, settings)
    metric = result.definition
    one = "" if under == ALL else under
    if one:
        table, footer = result.table[result.table["name"] == one].reset_index(drop=True), result.footer
        title = f"{metric.title} under {labels.inner(labels.pretty(one))}"
    else:
        interval = intervals.SENTENCE if result.footer.interval else ""
        table, footer = result.means, result.footer.replace(interval=interval)
        title = f"{metric.mean} of each model, over {len(names)} {found.what}{'' if len(names) == 1 else 's'}"
    caption = f"The best on top: {metric.better} is better. {_of_intervals(table)}"
    families, argument = colours(result.models)
    return View(
        f"ranking-{settings.metric}",
        title,
        caption,
        compared.models(result, one, families=families),
        table,
        footer,
        f"{_python(settings, choice, found)}figure = compared.models(result, {one!r}{argument})\n",
        result,
        found.provenance,
        clickable=bool(one),
    )


def _of_intervals(table: pd.DataFrame) -> str:
    if table["low"].notna().any():
        return "Lines are 95 % intervals; where two overlap widely, chance may have ordered them."
    return "There are no intervals: the answers to single images are not stored."


def conditions(found: Comparison, choice: Choice, settings: Settings) -> View:
    """The metric under each corruption."""
    from robustcore.figures import compared

    result = _result(found, choice, settings)
    metric = result.definition
    against = f"Below 100: fewer errors than {references.title(settings.reference)}." if metric.reference else ""
    caption = f"{metric.better.capitalize()} is better. {against or _extremes(result)}"
    if len(result.models) > compared.CROWD:
        caption += " A dot is a model, a line the median; colours tell how it was trained."
    elif not metric.relative:
        caption += " Dotted: accuracy on clean images."
    families, argument = colours(result.models)
    return View(
        metric.name,
        f"{metric.title} under each {found.what}",
        caption,
        compared.conditions(result, order=settings.order, grouping=settings.grouping, families=families),
        measures.ordered(result, settings.order, settings.grouping)
        .drop(columns="group", errors="ignore")
        .reset_index(drop=True),
        result.footer,
        f"{_python(settings, choice, found)}{_grouping(settings)}figure = compared.conditions(result, {_order(settings)}{argument})\n",
        result,
        found.provenance,
        clickable=True,
        notes=_grouped(settings),
    )


def _extremes(result: Bars) -> str:
    ends = measures.extremes(result)
    if ends is None:
        return ""
    worst, best = (labels.inner(labels.pretty(name)) for name in ends)
    return f"On the whole {worst} costs most and {best} least."


def gains(found: Comparison, choice: Choice, settings: Settings) -> View | str:
    """Better or worse than the baseline under each corruption."""
    from robustcore.figures import compared

    models = [m for m in choice.models if m in found.models and m != settings.baseline]
    if not models:
        return "The baseline is the only model: choose another one to compare with it."
    result = compare.gained(found, choice.dataset, settings.metric, settings.reference, settings.baseline, models)
    metric = result.definition
    families, argument = colours(result.models)
    reference = f", reference={settings.reference!r}" if settings.reference else ""
    body = (
        f"result = baseline.differences(\n    found, {settings.metric!r}, {settings.baseline!r}{reference}, models={models!r}, "
        f"answers=read\n)\n{_grouping(settings)}figure = compared.gains(result, {settings.baseline!r}, {_order(settings)}{argument})\n"
    )
    return View(
        f"baseline-{metric.name}",
        f"{metric.title}: better or worse than {settings.baseline}",
        "To the right of 0 is better than the baseline, to the left worse. Pale: the 95 % interval has 0 in it, so that chance "
        "may explain the difference.",
        compared.gains(result, settings.baseline, order=settings.order, grouping=settings.grouping, families=families),
        measures.ordered(result, settings.order, settings.grouping)
        .drop(columns="group", errors="ignore")
        .reset_index(drop=True),
        result.footer,
        body,
        result,
        found.provenance,
        clickable=True,
        notes=_grouped(settings),
    )


def heatmap(found: Comparison, choice: Choice, settings: Settings) -> View:
    """Models against corruptions."""
    from robustcore.figures import compared

    result = _result(found, choice, settings)
    metric = result.definition
    return View(
        f"heatmap-{metric.name}",
        f"{metric.title}, models against {found.what}s",
        "Bright is better. The models are in order of their mean, with the clean accuracy of each; a column that is dark "
        f"from top to bottom is one {found.what} that none of them withstands.",
        compared.table(result, order=settings.order, grouping=settings.grouping),
        result.table,
        result.footer,
        f"{_python(settings, choice, found)}{_grouping(settings)}figure = compared.table(result, {_order(settings)})\n",
        result,
        found.provenance,
        wide=True,
        notes=_grouped(settings),
    )


def refused(found: Comparison, settings: Settings) -> str:
    """Why the chosen reference cannot be used, or ""."""
    if not metrics.get(settings.metric).reference:
        return ""
    if settings.reference not in found.models and published_models.is_published(settings.reference):
        return "This published reference was not measured like the models here; choose one of the evaluated models."
    return references.refused(found, settings.reference)
