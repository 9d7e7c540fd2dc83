"""The figures of a comparison: what is drawn of the values of a metric (`reports.compare.measures`), with axes and scales."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from robustcore import metrics
from robustcore.corruptions.families import title as family_title
from robustcore.display import display_name
from robustcore.figures import bars, heatmap, scatter, severity_curves
from robustcore.figures._style import distinct, short
from robustcore.figures.comparing import dots, ranking, ranking_dots, two_parts
from robustcore.figures.comparing.error_ratios import ratio_panels
from robustcore.metrics import Metric
from robustcore.reports.compare import measures, references
from robustcore.reports.compare.effective import Population
from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.compare.measures import Bars
from robustcore.reports.emphasis import MOST, Emphasis
from robustcore.reports.provenance import Footer

CROWD = MOST  # more models than this are drawn as dots
CLEAN_AXIS = "accuracy on clean images (%)"


def conditions(
    result: Bars,
    *,
    order: str = "family",
    grouping: Grouping | None = None,
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """A metric of each model under each condition: bars, or dots for more than twelve models.

    `families`, here and below, is model -> how it was trained (`training.families.by_model`): many models are
    coloured by it, since forty colours cannot be told apart. `emphasis`, here and below, says which are shown first.
    """
    metric = result.definition
    table = _grouped(result, order, grouping)
    alt = f"{metric.title} of {_counted(result)} under each corruption. {_outcome(result)}"
    if len(result.models) > CROWD:
        return dots.condition_dots(
            table,
            scale(result),
            footer=result.footer.text,
            alt=alt,
            colours=result.among,
            groups=families,
            emphasis=emphasis,
        )
    marks = None
    if metric.absolute:
        marks = {str(row["model"]): row["clean"] for row in result.means.to_dict("records")}
    return bars.condition_bars(
        table,
        scale(result),
        footer=result.footer.text,
        alt=alt,
        legend=legend(result),
        marks=marks,
        colours=result.among,
        emphasis=emphasis,
    )


def gains(
    result: Bars,
    baseline: str,
    *,
    order: str = "family",
    grouping: Grouping | None = None,
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """Each model less the baseline (`baseline.differences`): above 0 is better; pale where the interval has 0 in it."""
    metric = result.definition
    table = _grouped(result, order, grouping)
    table = table.assign(faint=(table["low"] <= 0) & (table["high"] >= 0))
    unit = metric.written
    drawn = bars.Scale(
        title=f"gain over the baseline ({'points' if unit.in_percent else metric.short})",
        factor=unit.factor,
        number=f"+.{unit.decimals}f",
        limits=(None, None),
        reference=0,
        reference_label=f"0: as {short(baseline)}",
    )
    better = int((result.means["value"] > 0).sum())
    alt = f"{metric.title} of {_counted(result)} against {baseline} under each corruption: on average {better} better than it"
    if len(result.models) > CROWD:
        return dots.condition_dots(
            table,
            drawn,
            footer=result.footer.text,
            alt=alt,
            colours=result.among,
            groups=families,
            emphasis=emphasis,
        )
    return bars.condition_bars(
        table,
        drawn,
        footer=result.footer.text,
        alt=alt,
        legend=legend(result),
        colours=result.among,
        emphasis=emphasis,
    )


def parts(
    table: pd.DataFrame,
    metric: str,
    baseline: str,
    *,
    footer: str | Footer,
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """The gain of each model over the baseline on two parts of a benchmark (`reports.compare.parts.gains`)."""
    unit = metrics.get(metric).written
    drawn = bars.Scale(
        title=f"mean gain over the baseline ({'points' if unit.in_percent else metrics.get(metric).short})",
        factor=unit.factor,
        number=f"+.{unit.decimals}f",
        limits=(None, None),
        reference=0,
        reference_label=f"0: as {short(baseline)}",
    )
    table = table.assign(faint=(table["low"] <= 0) & (table["high"] >= 0))
    models = list(dict.fromkeys(table["model"]))
    alt = f"Gain of {len(models)} models over {baseline} on the overlapping part of the benchmark and on the rest"
    if len(models) > CROWD:
        return two_parts.scattered(table, drawn, footer=str(footer), alt=alt, groups=families, emphasis=emphasis)
    return bars.condition_bars(table, drawn, footer=str(footer), alt=alt, emphasis=emphasis)


def models(
    result: Bars,
    condition: str = "",
    *,
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """The models in order of their mean, or of their value under one condition: bars, or dots for more than twelve models."""
    metric = result.definition
    if condition:
        table = result.table[result.table["name"] == condition]
        what = f"under {display_name(condition)}"
    else:
        table = result.means.assign(name=metric.mean if metric.reference else metric.mean.lower())
        what = "over all of them"
    alt = f"{metric.title} {what}. {_first_and_last(table, scale(result), metric.better)}"
    if emphasis is not None and len(table) > CROWD:
        return ranking_dots.ranked_dots(
            table,
            scale(result),
            footer=result.footer.text,
            alt=alt,
            models=list(result.among),
            emphasis=emphasis,
            best=metric.better,
            groups=families,
        )
    return ranking.ranking(
        table,
        scale(result),
        footer=result.footer.text,
        alt=alt,
        models=list(result.among),
        best=metric.better,
        groups=families,
        emphasis=emphasis,
    )


def table(
    result: Bars, *, order: str = "family", grouping: Grouping | None = None, emphasis: Emphasis | None = None
) -> go.Figure:
    """Models against conditions as colours; the models in order of their mean, the pinned ones on top."""
    metric = result.definition
    means = result.means.sort_values("value", ascending=metric.better == "lower", na_position="last", kind="stable")
    places = {str(m): i for i, m in enumerate(means["model"])}
    rows = measures.ordered(result, order, grouping)
    rows = rows.assign(place=rows["model"].map(places)).sort_values("place", kind="stable")
    if emphasis is not None:
        rows = emphasis.rows(rows)
    clean = dict(zip(means["model"], means["clean"], strict=True))
    alt = f"{metric.title}, models against corruptions. {_outcome(result)}"
    return heatmap.heatmap(rows, scale(result), footer=result.footer.text, alt=alt, better=metric.better, clean=clean)


def _counted(result: Bars) -> str:
    return result.models[0] if len(result.models) == 1 else f"{len(result.models)} models"


def _outcome(result: Bars) -> str:
    """What a person reads off the figure: the best and the last on average, and the hardest condition."""
    text = _first_and_last(result.means, scale(result), result.definition.better)
    ends = measures.extremes(result)
    return text if ends is None else f"{text} Hardest: {display_name(ends[0], inside=True)}"


def _first_and_last(table: pd.DataFrame, drawn: bars.Scale, better: str) -> str:
    ranked = table[table["value"].notna()].sort_values("value", ascending=better == "lower", kind="stable")
    if ranked.empty:
        return "Undefined for all of them."
    best, *_, last = [*ranked.to_dict("records"), ranked.to_dict("records")[-1]]
    text = f"Best: {best['model']} with {drawn.text(best['value'])}{drawn.unit}"
    if len(ranked) == 1:
        return f"{text}."
    return f"{text}; last: {last['model']} with {drawn.text(last['value'])}{drawn.unit}."


def curves(
    table: pd.DataFrame,
    *,
    panels: bool = False,
    footer: str | Footer = "",
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """Accuracy against severity (`measures.curves`, `measures.mean_curve`); with `panels` one for each condition.

    Of many models one condition, or the mean, is drawn in a panel for each family of trainings.
    """
    if families and emphasis is not None and not panels and table["model"].nunique() > CROWD:
        alt = "Accuracy against severity, a panel for each family of trainings"
        return severity_curves.family_panels(table, footer=str(footer), alt=alt, groups=families, emphasis=emphasis)
    clean = table[table["severity"] == 0].drop_duplicates("model").set_index("model")["accuracy"]
    names = {
        model: label + (f" (clean {100 * clean[model]:.1f} %)" if model in clean else "")
        for model, label in distinct(list(table["model"])).items()
    }
    draw = severity_curves.severity_panels if panels else severity_curves.severity_curve
    return draw(
        table, footer=str(footer), alt="Accuracy against severity", legend=names, groups=families, emphasis=emphasis
    )


def error_ratios(
    ratios_: pd.DataFrame,
    baseline: str,
    *,
    footer: str | Footer = "",
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """The ratio of errors to the baseline's (`baseline.error_ratios`), a panel for each family."""
    alt = f"Errors over those of {baseline}, by family and severity"
    return ratio_panels(ratios_, footer=str(footer), alt=alt, groups=families, emphasis=emphasis)


def trade_off(
    points: pd.DataFrame,
    x_title: str,
    y_title: str,
    *,
    footer: str | Footer = "",
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """Two accuracies of every model (`tradeoff.points`)."""
    return scatter.trade_off(
        points,
        x_title,
        y_title,
        footer=str(footer),
        alt=f"{y_title} against {x_title}",
        groups=families,
        emphasis=emphasis,
    )


def trend(
    population: Population,
    y_title: str,
    *,
    footer: str | Footer = "",
    chosen: tuple[str, ...] = (),
    own: pd.DataFrame | None = None,
) -> go.Figure:
    """A population with its trend line, and models of one's own that are no part of it."""
    return scatter.trend(
        population.table,
        population.line,
        CLEAN_AXIS,
        y_title,
        footer=str(footer),
        alt=f"{y_title} against {CLEAN_AXIS} with the trend line",
        chosen=chosen,
        beside=own,
    )


def scale(result: Bars) -> bars.Scale:
    """How the values of a result are written and drawn."""
    return metric_scale(result.definition, references.title(result.reference))


def metric_scale(metric: Metric, reference: str = "") -> bars.Scale:
    """How the values of a metric are written and drawn; `reference` is how people read the reference's name."""
    unit = metric.written
    neutral = None if metric.neutral is None else metric.neutral * unit.factor
    alike = f": as {reference}" if metric.reference else ": as on clean images" if metric.beside_clean else ""
    return bars.Scale(
        title=metric.axis,
        factor=unit.factor,
        number=f".{unit.drawn_decimals}f",
        unit=unit.sign,
        limits=_limits(metric),
        reference=neutral,
        reference_label="" if neutral is None else f"{neutral:g}{alike}",
    )


def _limits(metric: Metric) -> tuple[float | None, float | None]:
    low, high = (None if end is None else end * metric.written.factor for end in metric.axis_limits)
    return low, high


def legend(result: Bars) -> dict[str, str]:
    """Every model's name with its clean accuracy, wherever it is drawn."""
    labels = distinct(list(result.means["model"]))
    return {
        str(model): labels[str(model)] + ("" if pd.isna(clean) else f" (clean {100 * clean:.1f} %)")
        for model, clean in zip(result.means["model"], result.means["clean"], strict=True)
    }


def _grouped(result: Bars, order: str, grouping: Grouping | None) -> pd.DataFrame:
    table = measures.ordered(result, order, grouping)
    return table.assign(group=table["group"].map(family_title)) if "group" in table else table
