"""The figures of a comparison: from a measure of `reports.measures` to what is drawn of it, words and scales included."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures import bars, dots, heatmap, ranking, scatter, severity_curves
from robustcore.figures._style import plain, short
from robustcore.figures.error_ratios import ratio_panels
from robustcore.reports.compare import measures, references
from robustcore.reports.compare.effective import Population
from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.compare.measures import MEASURES, Bars, Measure

CROWD = 12  # more models than this are drawn as dots
CLEAN_AXIS = "accuracy on clean images (%)"


def conditions(
    result: Bars, *, order: str = "family", grouping: Grouping | None = None, families: Mapping[str, str] | None = None
) -> go.Figure:
    """A measure of each model under each condition: bars, or dots for more than twelve models.

    `families`, here and below, is model -> how it was trained (`training.families.by_model`): many models have their
    colours by it, since forty colours tell nothing.
    """
    measure = MEASURES[result.measure]
    table = _grouped(result, order, grouping)
    alt = f"{measure.title} of {', '.join(result.models)} under each corruption"
    if len(result.models) > CROWD:
        return dots.condition_dots(
            table, scale(result), footer=result.footer, alt=alt, colours=result.among, groups=families
        )
    marks = None
    if measure.name == "accuracy":
        marks = {str(row["model"]): row["clean"] for row in result.means.to_dict("records")}
    return bars.condition_bars(
        table, scale(result), footer=result.footer, alt=alt, legend=legend(result), marks=marks, colours=result.among
    )


def gains(
    result: Bars,
    baseline: str,
    *,
    order: str = "family",
    grouping: Grouping | None = None,
    families: Mapping[str, str] | None = None,
) -> go.Figure:
    """Each model less the baseline (`baseline.differences`): above 0 is better; pale where the interval has 0 in it."""
    measure = MEASURES[result.measure]
    table = _grouped(result, order, grouping)
    table = table.assign(faint=(table["low"] <= 0) & (table["high"] >= 0))
    drawn = bars.Scale(
        title=f"gain over the baseline ({'points' if measure.percent or measure.reference else 'APP'})",
        factor=100 if measure.percent else 1,
        number="+.1f" if measure.percent or measure.reference else "+.3f",
        limits=(None, None),
        reference=0,
        reference_label=f"0: as {short(baseline)}",
    )
    alt = f"{measure.title} of {', '.join(result.models)} against {baseline} under each corruption"
    if len(result.models) > CROWD:
        return dots.condition_dots(table, drawn, footer=result.footer, alt=alt, colours=result.among, groups=families)
    return bars.condition_bars(table, drawn, footer=result.footer, alt=alt, legend=legend(result), colours=result.among)


def models(result: Bars, condition: str = "", *, families: Mapping[str, str] | None = None) -> go.Figure:
    """The models in order of their mean, or of their value under one condition."""
    measure = MEASURES[result.measure]
    if condition:
        table = result.table[result.table["name"] == condition]
        what = f"under {plain(condition)}"
    else:
        table = result.means.assign(name=measure.short.lower() if not measure.reference else measure.short)
        what = "over all of them"
    alt = f"{measure.title} {what}: {', '.join(map(str, table['model']))}"
    return ranking.ranking(
        table,
        scale(result),
        footer=result.footer,
        alt=alt,
        models=list(result.among),
        best=measure.better,
        groups=families,
    )


def table(result: Bars, *, order: str = "family", grouping: Grouping | None = None) -> go.Figure:
    """Models against conditions as colours; the models in order of their mean."""
    measure = MEASURES[result.measure]
    means = result.means.sort_values("value", ascending=measure.better == "lower", na_position="last", kind="stable")
    places = {str(m): i for i, m in enumerate(means["model"])}
    rows = measures.ordered(result, order, grouping)
    rows = rows.assign(place=rows["model"].map(places)).sort_values("place", kind="stable")
    clean = dict(zip(means["model"], means["clean"], strict=True))
    alt = f"{measure.title}, models against corruptions"
    return heatmap.heatmap(rows, scale(result), footer=result.footer, alt=alt, better=measure.better, clean=clean)


def curves(
    table: pd.DataFrame, *, panels: bool = False, footer: str = "", families: Mapping[str, str] | None = None
) -> go.Figure:
    """Accuracy against severity (`measures.curves`, `measures.mean_curve`); with `panels` one for each condition."""
    clean = table[table["severity"] == 0].drop_duplicates("model").set_index("model")["accuracy"]
    said = {m: short(m) + (f" (clean {100 * clean[m]:.1f} %)" if m in clean else "") for m in set(table["model"])}
    draw = severity_curves.severity_panels if panels else severity_curves.severity_curve
    return draw(table, footer=footer, alt="Accuracy against severity", legend=said, groups=families)


def error_ratios(
    ratios_: pd.DataFrame, baseline: str, *, footer: str = "", families: Mapping[str, str] | None = None
) -> go.Figure:
    """The ratio of errors to the baseline's (`baseline.error_ratios`), a panel for each family."""
    alt = f"Errors over those of {baseline}, by family and severity"
    return ratio_panels(ratios_, footer=footer, alt=alt, groups=families)


def trade_off(
    points: pd.DataFrame, x_title: str, y_title: str, *, footer: str = "", families: Mapping[str, str] | None = None
) -> go.Figure:
    """Two accuracies of every model (`tradeoff.points`)."""
    return scatter.trade_off(
        points, x_title, y_title, footer=footer, alt=f"{y_title} against {x_title}", groups=families
    )


def trend(
    population: Population,
    y_title: str,
    *,
    footer: str = "",
    chosen: tuple[str, ...] = (),
    beside: pd.DataFrame | None = None,
) -> go.Figure:
    """A population with its trend line."""
    return scatter.trend(
        population.table,
        population.line,
        CLEAN_AXIS,
        y_title,
        footer=footer,
        alt=f"{y_title} against {CLEAN_AXIS} with the trend line",
        chosen=chosen,
        beside=beside,
    )


def scale(result: Bars) -> bars.Scale:
    """How the values of a measure are written and drawn."""
    measure = MEASURES[result.measure]
    return bars.Scale(
        title=measure.axis,
        factor=100 if measure.percent else 1,
        number=".1f" if measure.percent or measure.reference else ".2f",
        unit=measure.unit,
        limits=_limits(measure),
        reference=100 if measure.reference else 1 if measure.name == "app" else None,
        reference_label=f"100: as {references.title(result.reference)}"
        if measure.reference
        else "1: as on clean images",
    )


def _limits(measure: Measure) -> tuple[float | None, float | None]:
    if measure.name == "accuracy":
        return 0, 100
    return (0, None) if measure.name == "app" else (None, None)


def legend(result: Bars) -> dict[str, str]:
    """Every model's clean accuracy beside its name, wherever it is drawn."""
    return {
        str(model): short(str(model)) + ("" if pd.isna(clean) else f" (clean {100 * clean:.1f} %)")
        for model, clean in zip(result.means["model"], result.means["clean"], strict=True)
    }


def _grouped(result: Bars, order: str, grouping: Grouping | None) -> pd.DataFrame:
    found = measures.ordered(result, order, grouping)
    return found.assign(group=found["group"].str.replace("_", " ").str.capitalize()) if "group" in found else found
