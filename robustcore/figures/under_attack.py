"""Accuracy under attack: against eps, under all attacks together, and on images crafted on other models.

A click on a mark reports its model and the canonical form of the attack.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from robustcore.attacks.budgets import TITLES
from robustcore.display import display_name
from robustcore.figures import bars, heatmap
from robustcore.figures._style import distinct, finish, shortest, strokes
from robustcore.figures.bars import Scale
from robustcore.figures.comparing import ranking, ranking_dots
from robustcore.reports.attacks.preset_scores import MEASURES
from robustcore.reports.attacks.robust_accuracy import ITSELF
from robustcore.reports.emphasis import Emphasis
from robustcore.reports.provenance import Footer

FEW = 8  # models whose curves and bars can be told apart

_ACCURACY = Scale(title="accuracy (%)", factor=100, number=".1f", unit=" %", limits=(0, 100))
_CORRELATION = Scale(title="correlation over models", number=".2f", limits=(-1, 1), reference=0)
_LENGTH = Scale(title="mean change (L2, pixels in 0 to 1)")
_HELD = Scale(title="images that hold (%)", factor=100, number=".1f", unit=" %", limits=(0, 100))
_DASHES = {"fgsm": "dot", "pgd": "solid"}


def eps_curves(table: pd.DataFrame, *, footer: str | Footer, height: int = 320) -> go.Figure:
    """One line for each model, attack and access: solid PGD, dotted FGSM, dashed where crafted on another model.

    The legend names each model once; hover texts name attack and access, and a click on a model's name hides all its lines.

    Args:
        table: rows with model, attack, access ("white-box" or "on NAME"), eps, accuracy, low, high, n and condition, eps below 1.
        footer: as for every figure.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    drawn, labels = strokes(models), distinct(models)
    figure = go.Figure()
    named: set[str] = set()
    order = table.assign(later=(table["access"] != "white-box") | (table["attack"] != "pgd"))
    order = order.sort_values("later", kind="stable")
    for (model, attack, access), rows in order.groupby(["model", "attack", "access"], sort=False):
        rows = rows.sort_values("eps")
        stroke = drawn[str(model)]
        white = access == "white-box"
        label = f"{labels[str(model)]}, {str(attack).upper()}" + ("" if white else f" {access}")
        figure.add_scatter(
            x=255 * rows["eps"],
            y=100 * rows["accuracy"],
            name=labels[str(model)],
            legendgroup=str(model),
            showlegend=model not in named,
            mode="lines+markers",
            line={
                "color": stroke.colour,
                "width": 2.5 if attack == "pgd" else 1.8,
                "dash": _DASHES.get(str(attack), "solid") if white else "dash",
            },
            marker={"symbol": stroke.symbol, "size": 7 if white else 5},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": 100 * (rows["high"] - rows["accuracy"]),
                "arrayminus": 100 * (rows["accuracy"] - rows["low"]),
                "thickness": 1,
                "width": 2,
            },
            customdata=rows[["model", "condition"]].to_numpy(),
            hovertext=[f"{n:,} images" for n in rows["n"]],
            hovertemplate=label + "<br>eps %{x:.3g}/255: %{y:.1f} % of %{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 0.45}},
        )
        named.add(str(model))
    figure.update_xaxes(title="eps (n/255, L-inf; 0: clean images)", rangemode="tozero", showgrid=False)
    figure.update_yaxes(title="accuracy (%)", range=[-1, 101], dtick=20)
    alt = f"Accuracy against eps for each model and attack. {_last(table)}"
    return finish(figure, height=height, footer=str(footer), alt=alt, bottom=56)


def _last(table: pd.DataFrame) -> str:
    """The best model and its accuracy at the largest eps that knows the model."""
    rows = table[(table["access"] == "white-box") & (table["eps"] == table["eps"].max())]
    if rows.empty:
        return ""
    best = rows.loc[rows["accuracy"].idxmax()]
    return f"Best at eps {255 * best['eps']:.3g}/255: {best['model']} with {100 * best['accuracy']:.1f} %."


def nearest_curves(table: pd.DataFrame, *, footer: str | Footer, height: int = 320) -> go.Figure:
    """One falling line of steps for each model: the share of images that holds at every eps, with its interval as a band.

    Args:
        table: rows of one norm with model, norm, eps, value, low, high, n and condition (`reports.attacks.nearest.drawn`).
        footer: as for every figure.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    drawn, labels = strokes(models), distinct(models)
    figure = go.Figure()
    norm = str(table["norm"].iloc[0])
    factor, unit = (255, "n/255, L-inf") if norm == "linf" else (1, f"{TITLES[norm]}, pixels in 0 to 1")
    furthest = table["eps"].max()
    for model, own in table.groupby("model", sort=False):
        rows = pd.concat([own, own.tail(1).assign(eps=furthest)])  # every line ends where the last one does
        stroke, label = drawn[str(model)], labels[str(model)]
        common = {"x": factor * rows["eps"], "legendgroup": str(model)}
        bound = {"width": 0, "shape": "hv"}
        figure.add_scatter(y=100 * rows["high"], mode="lines", line=bound, showlegend=False, hoverinfo="skip", **common)
        figure.add_scatter(
            y=100 * rows["low"],
            mode="lines",
            line=bound,
            fill="tonexty",
            fillcolor=stroke.fill(0.12),
            showlegend=False,
            hoverinfo="skip",
            **common,
        )
        figure.add_scatter(
            y=100 * rows["value"],
            name=label,
            mode="lines+markers",  # a line alone takes no click
            marker={"size": 9, "opacity": 0, "color": stroke.colour},
            selected={"marker": {"opacity": 1}},
            line={"color": stroke.colour, "width": 2.5, "dash": stroke.dash, "shape": "hv"},
            customdata=rows[["model", "condition"]].to_numpy(),
            hovertext=[
                f"({100 * low:.1f} to {100 * high:.1f}) of {n:,} images"
                for low, high, n in rows[["low", "high", "n"]].itertuples(index=False)
            ],
            hovertemplate=label + "<br>eps %{x:.3g}: %{y:.1f} % %{hovertext}<extra></extra>",
            **common,
        )
    figure.update_xaxes(title=f"eps ({unit}; 0: clean images)", rangemode="tozero", showgrid=False)
    figure.update_yaxes(title="images that hold (%)", range=[-1, 101], dtick=20)
    alt = f"Share of the images of {len(models)} models that hold against eps"
    return finish(figure, height=height, footer=str(footer), alt=alt, bottom=56)


def budgets(table: pd.DataFrame, *, footer: str | Footer) -> go.Figure:
    """Many models against eps as a table of colours, the hardest to fool on top.

    Args:
        table: rows of one attack and one access, with model, eps (0 for clean images), accuracy, low, high, n and condition.
        footer: as for every figure.
    """
    attacked = table[table["eps"] > 0].sort_values("eps", kind="stable")
    clean = table[table["eps"] == 0].drop_duplicates("model").set_index("model")["accuracy"]
    rows = attacked.assign(
        name=[f"eps {255 * eps:g}/255" for eps in attacked["eps"]],
        value=attacked["accuracy"],
        mark=attacked["condition"],
        mean=attacked.groupby("model")["accuracy"].transform("mean"),
    ).sort_values(["mean", "eps"], ascending=[False, True], kind="stable")
    clean_of = {str(model): float(value) for model, value in clean.items()}
    alt = f"Accuracy of {len(clean_of)} models at each eps. {_last(table)}"
    return heatmap.heatmap(rows, _ACCURACY, footer=str(footer), alt=alt, clean=clean_of)


def transfer(table: pd.DataFrame, *, footer: str | Footer) -> go.Figure:
    """A table of colours: a row judges, a column crafts; what was crafted on the row itself is in the first column.

    Args:
        table: of `reports.attacks.robust_accuracy.transfers`.
        footer: as for every figure.
    """
    alt = f"Accuracy of {table['model'].nunique()} models on images crafted on {table['name'].nunique() - 1} models"
    titles = shortest([name for name in dict.fromkeys(table["name"]) if name != ITSELF], 24)
    rows = table.assign(mark=table["condition"])
    return heatmap.heatmap(rows, _ACCURACY, footer=str(footer), alt=alt, titles=titles)


def held(table: pd.DataFrame, *, footer: str | Footer) -> go.Figure:
    """The share of images that hold against all attacks within a budget, and against each: bars, or colours for many models.

    Args:
        table: of `reports.attacks.union.at_budget`.
        footer: as for every figure.
    """
    rows = table.assign(mark=table["condition"])
    alt = f"Share of images that hold against each attack and against all. {_best(table)}"
    if table["model"].nunique() > FEW:
        return heatmap.heatmap(rows, _HELD, footer=str(footer), alt=alt)
    return bars.condition_bars(rows, _HELD, footer=str(footer), alt=alt)


def ranked(
    table: pd.DataFrame,
    *,
    footer: str | Footer,
    families: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """All models in order of the share of images that hold against every attack within a budget, each with its interval.

    Args:
        table: of `reports.attacks.union.together`.
        footer: as for every figure.
        families: model -> how it was trained.
        emphasis: which of many models have a row of their own; below them a dot for each model, family by family.
    """
    rows = table.assign(mark=table["condition"])
    models = [str(model) for model in rows["model"]]
    alt = f"Models in order of the share of images that hold against every attack. {_best(table)}"
    if emphasis is not None:
        return ranking_dots.ranked_dots(
            rows, _HELD, footer=str(footer), alt=alt, models=models, emphasis=emphasis, groups=families
        )
    return ranking.ranking(rows, _HELD, footer=str(footer), alt=alt, models=models)


def _best(table: pd.DataFrame) -> str:
    best = table.iloc[0]
    return f"Best: {best['model']} with {100 * best['value']:.1f} % against all."


def presets(table: pd.DataFrame, measure: str, *, footer: str | Footer) -> go.Figure:
    """Models against the attacks of the thesis as a table of colours.

    Args:
        table: of `reports.attacks.preset_scores.laid_out`.
        measure: what its values are, one of `preset_scores.MEASURES`.
        footer: as for every figure.
    """
    title = f"{MEASURES[measure].partition(' (')[0].lower()} (%)"
    scale = _LENGTH if measure == "l2" else Scale(title, 100, ".1f", " %", (0, 100))
    better = "lower" if measure == "success" else "higher"
    alt = f"{MEASURES[measure]} of each model under each attack of the thesis"
    return heatmap.heatmap(table.assign(mark=table["condition"]), scale, footer=str(footer), alt=alt, better=better)


def correlations(table: pd.DataFrame, *, footer: str | Footer) -> go.Figure:
    """Attacks against natural shifts (`reports.attacks.natural.crafted`): how far robustness to the two goes together over models."""
    rows = table.assign(name=[display_name(str(name), "shift") for name in table["name"]])
    alt = "Correlation over models of the robustness to each attack and to each natural shift"
    return heatmap.heatmap(rows, _CORRELATION, footer=str(footer), alt=alt)
