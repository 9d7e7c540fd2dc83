"""Effective robustness over a population: the trend line, and how far above or below it every model is."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd

from robustcore import published
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import effective as metric
from robustcore.metrics.effective import Trend
from robustcore.notes import Note, note
from robustcore.reports.compare.comparison import Comparison

NEEDED = ("model", "clean", "shifted")
FEW = 10  # models; a line fitted to fewer says little


@note
def left_out_of_fit(models: int) -> str:
    return (
        f"{models} model{'s' if models > 1 else ''} without a place on logit axes (an accuracy of 0 or 1, or none) took no part "
        "in the fit."
    )


@note
def line_of_few_models(models: int) -> str:
    return f"The line is fitted to {models} models only: read it as a direction, no more."


@dataclasses.dataclass(frozen=True)
class Population:
    """Models with a clean accuracy and one on a shift, and their line.

    Attributes:
        table: model, clean, shifted (0..1), expected, effective (shifted - expected, NaN where undefined), and further
            columns of the table that it was made of; the most effective first.
        line: the fitted line.
        notes: what has to be said with it.
    """

    table: pd.DataFrame
    line: Trend
    notes: tuple[Note, ...]

    @property
    def formula(self) -> str:
        """The fit with its numbers."""
        sign = "+" if self.line.intercept >= 0 else "-"
        return (
            f"logit(shifted) = {self.line.slope:.2f} logit(clean) {sign} {abs(self.line.intercept):.2f}, least squares over "
            f"{self.line.models:,} models, R2 = {self.line.r2:.3f}; effective robustness = shifted - what the line expects"
        )


def over(population: pd.DataFrame) -> Population:
    """The line over all models of a table, and each model's effective robustness.

    Args:
        population: one row for each model: model, clean and shifted in 0..1, and whatever else.

    Raises:
        InvalidArgumentError: a column is missing, or too few models.
    """
    missing = [name for name in NEEDED if name not in population]
    if missing:
        raise InvalidArgumentError(f"The population has no column {missing[0]!r}; it needs {', '.join(NEEDED)}.")
    line = metric.trend(population["clean"], population["shifted"])
    table = population.assign(
        expected=line.expected(population["clean"]),
        effective=metric.effective(line, population["clean"], population["shifted"]),
    ).sort_values("effective", ascending=False, na_position="last", kind="stable", ignore_index=True)
    left_out = len(population) - line.models
    notes = [left_out_of_fit(left_out)] if left_out else []
    if line.models < FEW:
        notes.append(line_of_few_models(line.models))
    return Population(table, line, tuple(notes))


def others(population: Population, models: pd.DataFrame) -> pd.DataFrame:
    """Models that are no part of a population against its line: the table with expected and effective."""
    return models.assign(
        expected=population.line.expected(models["clean"]),
        effective=metric.effective(population.line, models["clean"], models["shifted"]),
    )


@dataclasses.dataclass(frozen=True)
class Shift:
    """One natural shift of ImageNet in timm's tables.

    Attributes:
        column, clean: the shift's column, and that of the clean accuracy on the same classes.
        title, note: for people.
        condition: what evaluations call it; "" where their clean accuracy is of other classes than the shift's.
    """

    column: str
    clean: str
    title: str
    note: str
    condition: str = ""


SHIFTS = {
    shift.column: shift
    for shift in (
        Shift(
            "v2",
            "imagenet",
            "ImageNet-V2",
            "New photographs, collected as ImageNet's were (matched frequency).",
            "imagenet-v2",
        ),
        Shift(
            "sketch", "imagenet", "ImageNet-Sketch", "Black and white sketches of the 1,000 classes.", "imagenet-sketch"
        ),
        Shift("r", "r_clean", "ImageNet-R", "Renditions of 200 classes; clean accuracy on the same 200."),
        Shift(
            "a",
            "a_clean",
            "ImageNet-A",
            "Photographs of 200 classes that a ResNet-50 got wrong, so that weak models lie below any line: the fit bends.",
        ),
    )
}


def natural_shift(column: str) -> pd.DataFrame:
    """The published models of timm on one of `SHIFTS`: model, clean, shifted in 0..1, million_parameters."""
    shift = SHIFTS[column]
    table = published.natural_shifts()
    return pd.DataFrame(
        {
            "model": table["model"],
            "clean": table[shift.clean] / 100,
            "shifted": table[column] / 100,
            "million_parameters": table["million_parameters"],
        }
    )


def own(comparison: Comparison, column: str) -> pd.DataFrame:
    """The models of a comparison on one of `SHIFTS`: model, clean, shifted; empty where nothing of it was evaluated."""
    condition = SHIFTS[column].condition
    rows = comparison.corrupted
    rows = rows[(rows["kind"] == "shift") & (rows["name"] == condition) & (rows["n"] > 0)]
    clean = comparison.clean.set_index("model")["accuracy"]
    return pd.DataFrame(
        {
            "model": rows["model"],
            "clean": rows["model"].map(clean).astype(float),
            "shifted": rows["accuracy"].astype(float),
        }
    ).reset_index(drop=True)


def of_bars(means: pd.DataFrame) -> pd.DataFrame:
    """The means of the metric "accuracy" as a population: model, clean, and shifted, the mean over the conditions."""
    return means.rename(columns={"value": "shifted"})[["model", "clean", "shifted", "low", "high"]].assign(
        shifted=lambda t: t["shifted"].astype(float).where(t["shifted"].notna(), math.nan)
    )
