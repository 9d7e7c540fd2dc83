"""Effective robustness over a population: the trend line, and how far above or below it every model is."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd

from robustcore import published
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import effective as metric
from robustcore.metrics.effective import Trend
from robustcore.metrics.tables import SOME_CLASSES
from robustcore.notes import Note, note
from robustcore.published.testbed_results import SHIFTS as SETTINGS
from robustcore.published.testbed_results import STANDARD
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
        population: one row for each model: model, clean and shifted in 0..1, and whatever else. Where it has a column `fitted`,
            the line is that of the rows in which it is true.

    Raises:
        InvalidArgumentError: a column is missing, or too few models.
    """
    missing = [name for name in NEEDED if name not in population]
    if missing:
        raise InvalidArgumentError(f"The population has no column {missing[0]!r}; it needs {', '.join(NEEDED)}.")
    fitted = population[population["fitted"]] if "fitted" in population else population
    line = metric.trend(fitted["clean"], fitted["shifted"])
    table = population.assign(
        expected=line.expected(population["clean"]),
        effective=metric.effective(line, population["clean"], population["shifted"]),
    ).sort_values("effective", ascending=False, na_position="last", kind="stable", ignore_index=True)
    left_out = len(fitted) - line.models
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
    """One natural shift of ImageNet in a published table.

    Attributes:
        source: "timm" or "testbed" (the ImageNet Testbed).
        column, clean: where the accuracies on the shift and on clean images of the same classes are.
        title, note: for people.
        condition: what evaluations call it.
        classes: how many classes it has; models choose among these alone.
    """

    source: str
    column: str
    clean: str
    title: str
    note: str
    condition: str
    classes: int = 1_000

    @property
    def is_subset(self) -> bool:
        """Whether it has only some of ImageNet's classes."""
        return self.classes < 1_000


_V2 = "New photographs, collected as ImageNet's were (matched frequency)."
_SKETCH = "Black and white sketches of the 1,000 classes."
_RENDITIONS = "Renditions of 200 classes; clean accuracy on the same 200, models choose among these."
_FAILURES = (
    "Photographs of 200 classes that a ResNet-50 got wrong, so that weak models lie below any line: the fit bends. Clean "
    "accuracy on the same 200, models choose among these."
)
SHIFTS = {
    "v2": Shift("timm", "v2", "imagenet", "ImageNet-V2", _V2, "imagenet-v2"),
    "sketch": Shift("timm", "sketch", "imagenet", "ImageNet-Sketch", _SKETCH, "imagenet-sketch"),
    "r": Shift("timm", "r", "r_clean", "ImageNet-R", _RENDITIONS, "imagenet-r", SOME_CLASSES["imagenet-r"]),
    "a": Shift("timm", "a", "a_clean", "ImageNet-A", _FAILURES, "imagenet-a", SOME_CLASSES["imagenet-a"]),
    **{
        f"testbed-{short}": Shift("testbed", setting, SETTINGS[setting][1], title, note, condition, classes)
        for short, setting, title, note, condition, classes in (
            ("v2", "imagenetv2-matched-frequency", "ImageNet-V2", _V2, "imagenet-v2", 1_000),
            ("sketch", "imagenet-sketch", "ImageNet-Sketch", _SKETCH, "imagenet-sketch", 1_000),
            ("r", "imagenet-r", "ImageNet-R", _RENDITIONS, "imagenet-r", SOME_CLASSES["imagenet-r"]),
            ("a", "imagenet-a", "ImageNet-A", _FAILURES, "imagenet-a", SOME_CLASSES["imagenet-a"]),
            (
                "objectnet",
                "objectnet-1.0-beta",
                "ObjectNet",
                "Household objects in unusual poses, 113 objects, which are 125 classes of ImageNet; models choose among these, and "
                "any class of the object is right. Clean accuracy on the same.",
                "objectnet",
                SOME_CLASSES["objectnet"],
            ),
        )
    },
}
SOURCES = {
    "timm": "timm's published models (Apache-2.0)",
    "testbed": "the ImageNet Testbed (Taori et al. 2020, MIT); the line is fitted over its models of standard training, as there",
}


@dataclasses.dataclass(frozen=True)
class OwnModels:
    """One's own models next to a published line.

    Attributes:
        table: model, clean (on the shift's classes), shifted; without a row for a model of which one is unknown.
        notes: how clean accuracies on some of the classes were found, or why not.
    """

    table: pd.DataFrame
    notes: tuple[Note, ...] = ()


def natural_shift(name: str) -> pd.DataFrame:
    """The published models on one of `SHIFTS`: model, clean (on the same classes), shifted in 0..1, and of timm's
    million_parameters, of the testbed's group and fitted (whether the line is that of its group)."""
    shift = SHIFTS[name]
    if shift.source == "timm":
        table = published.natural_shifts()
        return pd.DataFrame(
            {
                "model": table["model"],
                "clean": table[shift.clean] / 100,
                "shifted": table[shift.column] / 100,
                "million_parameters": table["million_parameters"],
            }
        )
    rows = published.imagenet_testbed()
    wide = rows[rows["setting"].isin([shift.column, shift.clean])].pivot(
        index="model", columns="setting", values="accuracy"
    )
    models = published.imagenet_testbed_models().merge(wide.dropna().reset_index(), on="model")
    return pd.DataFrame(
        {
            "model": models["title"],
            "clean": models[shift.clean],
            "shifted": models[shift.column],
            "group": models["group"],
            "fitted": models["group"] == STANDARD,
        }
    )


def own(comparison: Comparison, name: str) -> OwnModels:
    """The models of a comparison on one of `SHIFTS`; none where nothing of it was evaluated.

    On a shift of some of ImageNet's classes the clean accuracy is that on images of the same classes, with the best answer
    among these: that of the five best which are stored.

    Args:
        comparison: as gathered.
        name: of the shift.
    """
    shift = SHIFTS[name]
    rows = comparison.corrupted
    rows = rows[(rows["kind"] == "shift") & (rows["name"] == shift.condition) & (rows["n"] > 0)]
    if not shift.is_subset:
        clean = comparison.clean.set_index("model")["accuracy"]
        return OwnModels(
            pd.DataFrame(
                {
                    "model": rows["model"],
                    "clean": rows["model"].map(clean).astype(float),
                    "shifted": rows["accuracy"].astype(float),
                }
            ).reset_index(drop=True)
        )
    points, notes = [], []
    for row in rows.to_dict("records"):
        same = comparison.on_same_classes.get((str(row["model"]), str(row["label"])))
        if same is None:
            continue
        notes.append(same.note)
        if not math.isnan(same.accuracy):
            points.append({"model": str(row["model"]), "clean": same.accuracy, "shifted": float(row["accuracy"])})
    return OwnModels(pd.DataFrame(points, columns=["model", "clean", "shifted"]), tuple(notes))


def of_bars(means: pd.DataFrame) -> pd.DataFrame:
    """The means of the metric "accuracy" as a population: model, clean, and shifted, the mean over the conditions."""
    return means.rename(columns={"value": "shifted"})[["model", "clean", "shifted", "low", "high"]].assign(
        shifted=lambda t: t["shifted"].astype(float).where(t["shifted"].notna(), math.nan)
    )
