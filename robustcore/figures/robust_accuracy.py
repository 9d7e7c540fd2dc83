"""Accuracy against eps under attack."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures import heatmap
from robustcore.figures._style import distinct, finish, shortest, strokes
from robustcore.figures.bars import Scale
from robustcore.reports.provenance import Footer

_ACCURACY = Scale(title="accuracy (%)", factor=100, number=".1f", unit=" %", limits=(0, 100))
_CORRELATION = Scale(title="correlation over models", number=".2f", limits=(-1, 1), reference=0)
_DASHES = {"fgsm": "dot", "pgd": "solid"}


def eps_curves(table: pd.DataFrame, *, footer: str, alt: str, height: int = 320) -> go.Figure:
    """One line for each model, attack and access: solid PGD, dotted FGSM, dashed where crafted on another model.

    The legend names each model once; hover texts name attack and access, and a click on a model's name hides all its lines.

    Args:
        table: rows with model, attack, access ("white-box" or "on NAME"), eps, accuracy, low, high and n, eps below 1.
        footer, alt: as for every figure.
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
            customdata=rows["n"],
            hovertemplate=label + "<br>eps %{x:.3g}/255: %{y:.1f} % of %{customdata} images<extra></extra>",
        )
        named.add(str(model))
    figure.update_xaxes(title="eps (n/255, L-inf; 0: clean images)", rangemode="tozero", showgrid=False)
    figure.update_yaxes(title="accuracy (%)", range=[-1, 101], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)


def nearest_curves(table: pd.DataFrame, *, unit: str, footer: str, alt: str, height: int = 320) -> go.Figure:
    """One falling line of steps for each model: the share of images that holds at every eps, with its interval as a band.

    Args:
        table: rows of one norm with model, eps (as it is written on the axis), value, low, high and n.
        unit: of eps, for the axis.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    drawn, labels = strokes(models), distinct(models)
    figure = go.Figure()
    furthest = table["eps"].max()
    for model, own in table.groupby("model", sort=False):
        rows = pd.concat([own, own.tail(1).assign(eps=furthest)])  # every line ends where the last one does
        stroke, label = drawn[str(model)], labels[str(model)]
        common = {"x": rows["eps"], "legendgroup": str(model), "mode": "lines"}
        bound = {"width": 0, "shape": "hv"}
        figure.add_scatter(y=100 * rows["high"], line=bound, showlegend=False, hoverinfo="skip", **common)
        figure.add_scatter(
            y=100 * rows["low"],
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
            line={"color": stroke.colour, "width": 2.5, "dash": stroke.dash, "shape": "hv"},
            customdata=rows[["low", "high", "n"]].assign(low=100 * rows["low"], high=100 * rows["high"]),
            hovertemplate=label + "<br>eps %{x:.3g}: %{y:.1f} % (%{customdata[0]:.1f} to %{customdata[1]:.1f}) of "
            "%{customdata[2]} images<extra></extra>",
            **common,
        )
    figure.update_xaxes(title=f"eps ({unit}; 0: clean images)", rangemode="tozero", showgrid=False)
    figure.update_yaxes(title="images that hold (%)", range=[-1, 101], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)


def transfer_heatmap(accuracy: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """A square table of accuracies, written into its cells: a row judges, a column crafts, as in `transfer_columns`.

    Args:
        accuracy: index the models that judge, columns those that the images were crafted on; 0..1, NaN where nothing is known.
        footer, alt: as for every figure.
    """
    labels = shortest([*map(str, accuracy.columns), *map(str, accuracy.index)], 30)
    figure = go.Figure(
        go.Heatmap(
            z=100 * accuracy.to_numpy(dtype=float),
            x=[labels[str(name)] for name in accuracy.columns],
            y=[labels[str(name)] for name in accuracy.index],
            zmin=0,
            zmax=100,
            colorscale="Cividis",
            texttemplate="%{z:.0f}",
            colorbar={"title": "accuracy (%)"},
            hoverongaps=False,
            hovertemplate="crafted on %{x}<br>judged by %{y}<br>accuracy %{z:.1f} %<extra></extra>",
        )
    )
    figure.update_xaxes(title="crafted on", side="top", showgrid=False, type="category")
    figure.update_yaxes(title="judged by", autorange="reversed", showgrid=False, type="category")
    return finish(figure, height=90 + 56 * len(accuracy), footer=footer, alt=alt, legend=False, top=60)


def budgets(table: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """Many models against eps as a table of colours, the hardest to fool on top.

    Args:
        table: rows of one attack and one access, with model, eps (0 for clean images), accuracy, low, high and n.
        footer, alt: as for every figure.
    """
    attacked = table[table["eps"] > 0].sort_values("eps", kind="stable")
    clean = table[table["eps"] == 0].drop_duplicates("model").set_index("model")["accuracy"]
    rows = attacked.assign(
        name=[f"eps {255 * eps:g}/255" for eps in attacked["eps"]],
        value=attacked["accuracy"],
        mean=attacked.groupby("model")["accuracy"].transform("mean"),
    ).sort_values(["mean", "eps"], ascending=[False, True], kind="stable")
    return heatmap.heatmap(
        rows, _ACCURACY, footer=footer, alt=alt, clean={str(model): float(value) for model, value in clean.items()}
    )


def transfer_columns(accuracy: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """Many models under images that few were crafted on (`reports.robust_accuracy.judged`): a row judges, a column crafts.

    Args:
        accuracy: index the models that judge, columns those that the images were crafted on; 0..1, NaN where unknown.
        footer, alt: as for every figure.
    """
    named = accuracy.rename_axis("model").reset_index()
    rows = named.melt(id_vars="model", var_name="name", value_name="value")
    return heatmap.heatmap(rows, _ACCURACY, footer=footer, alt=alt)


def correlations(table: pd.DataFrame, *, footer: str | Footer) -> go.Figure:
    """Attacks against natural shifts (`reports.attacks.natural.crafted`): how far robustness to the two goes together over models."""
    rows = table.assign(name=[display_name(str(name), "shift") for name in table["name"]])
    alt = "Correlation over models of the robustness to each attack and to each natural shift"
    return heatmap.heatmap(rows, _CORRELATION, footer=str(footer), alt=alt)
