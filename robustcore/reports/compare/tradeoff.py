"""The trade-off: clean accuracy against the mean under corruption, or that against accuracy under attack."""

from __future__ import annotations

import math

import pandas as pd

from robustcore import metrics, published
from robustcore.notes import note
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import Bars

_SAME = 0.005  # by which two leaderboards' clean accuracies of one network differ at most
COLUMNS = ["model", "x", "x_low", "x_high", "y", "y_low", "y_high"]


def clean_and_corrupted(comparison: Comparison, accuracy: Bars) -> pd.DataFrame:
    """One row for each model: x its clean accuracy, y its mean accuracy over the conditions, with their 95 % intervals.

    Args:
        comparison: as gathered.
        accuracy: its metric "accuracy"; with answers the means have intervals.
    """
    clean = metrics.accuracy(comparison.clean).rename(columns={"accuracy": "x", "low": "x_low", "high": "x_high"})
    return _joined(clean, _means(accuracy, "y"))


def corrupted_and_attacked(accuracy: Bars, attacked: pd.DataFrame, attack: str, eps: float) -> pd.DataFrame:
    """One row for each model that has both: x its mean accuracy under corruption, y that under a white-box attack.

    Args:
        accuracy: the metric "accuracy".
        attacked: curves of `robust_accuracy.curves`.
        attack, eps: which of them.
    """
    rows = attacked[(attacked["attack"] == attack) & (attacked["access"] == "white-box") & (attacked["eps"] == eps)]
    under = rows.rename(columns={"accuracy": "y", "low": "y_low", "high": "y_high"})
    return _joined(_means(accuracy, "x"), under)


def corrupted_and_stable(accuracy: Bars, stability: pd.DataFrame) -> pd.DataFrame:
    """One row for each model that has both: x its mean accuracy under corruption, y the share of its comparisons over perturbation
    sequences in which the answer stays (1 - mean flip probability); y has no interval.

    Args:
        accuracy: the metric "accuracy".
        stability: the means of `reports.stability`: model, flip_probability.
    """
    kept = stability.assign(y=1 - stability["flip_probability"], y_low=math.nan, y_high=math.nan).dropna(subset=["y"])
    return _joined(_means(accuracy, "x"), kept)


def published_corrupted_and_stable() -> pd.DataFrame:
    """The same of the networks of Hendrycks & Dietterich 2019, whose figure 4 is of this: ImageNet-C and ImageNet-P, from the printed
    corruption errors and flip rates and AlexNet's; without intervals."""
    means = []
    for suite, metric in (("imagenet-c", "accuracy"), ("imagenet-p", "flip_probability")):
        rows = published.models(suite, metric)
        of_model = rows[rows["document"] == "hendrycks"].groupby("model")["value"].agg(["mean", "count"])
        means.append(of_model.loc[of_model["count"] == of_model["count"].max(), "mean"])
    both = pd.concat(means, axis=1, join="inner", keys=["x", "y"])
    points = pd.DataFrame({"model": both.index, "x": both["x"].to_numpy(), "y": 1 - both["y"].to_numpy()})
    return points.reindex(columns=COLUMNS)


def published_autoattack(dataset: str, norm: str, radius: str) -> pd.DataFrame:
    """One row for each network of a leaderboard of RobustBench: x its clean accuracy, y that under AutoAttack; without intervals.

    Args:
        dataset, norm, radius: of the leaderboard, as in `published.Board`: figures of another norm or radius are another table.
    """
    rows = published.autoattack(published.Board(dataset, norm, radius))
    points = pd.DataFrame({"model": rows["model"], "x": rows["clean"], "y": rows["robust"]})
    return points.reindex(columns=COLUMNS)


def trained_on(dataset: str, norm: str, radius: str) -> dict[str, str]:
    """Model -> what it was trained on, of the same leaderboard: the data set alone, or more."""
    rows = published.autoattack(published.Board(dataset, norm, radius))
    return {
        str(model): "trained on more data" if more else "trained on the data set alone"
        for model, more in zip(rows["model"], rows["additional_data"], strict=True)
    }


def published_corrupted_and_autoattack(dataset: str, norm: str, radius: str) -> pd.DataFrame:
    """One row for each network on both of a data set's leaderboards of RobustBench: x its mean accuracy over ImageNet-C's 15
    corruptions, y that under AutoAttack at one norm and radius; without intervals.

    Some names end in the norm on the leaderboard of corruptions alone. A network counts as the same where the name agrees and the
    two leaderboards' clean accuracies are within half a point, as on ImageNet, where each took its own 5,000 images.

    Args:
        dataset, norm, radius: of the leaderboard of attacks, as in `published.Board`.
    """
    attacked = published.autoattack(published.Board(dataset, norm, radius))
    rows = published.models("imagenet-c", "accuracy")
    rows = rows[(rows["document"] == "robustbench") & (rows["dataset"] == dataset)]
    means = rows.groupby("model").agg(x=("value", "mean"), clean_too=("clean_accuracy", "first"))
    suffix = {"linf": "_Linf", "l2": "_L2"}[norm]
    means = means.set_axis([str(name).removesuffix(suffix) for name in means.index])
    both = attacked.join(means, on="model", how="inner")
    both = both[(both["clean"] - both["clean_too"]).abs() < _SAME]
    points = pd.DataFrame({"model": both["model"], "x": both["x"], "y": both["robust"]})
    return points.reindex(columns=COLUMNS).reset_index(drop=True)


@note
def networks_on_both(dataset: str, models: int) -> str:
    return (
        f"Published: RobustBench (MIT), the {models} networks on its leaderboards of {dataset} of corruptions and of this attack; means over "
        "15 corruptions and five severities."
    )


@note
def figures_of_the_board(board: str, models: int) -> str:
    return (
        f"Published: RobustBench (MIT), {board}, {models} networks. AutoAttack, or another attack that breaks more where the leaderboard "
        "states one."
    )


def _means(accuracy: Bars, axis: str) -> pd.DataFrame:
    return accuracy.means.rename(columns={"value": axis, "low": f"{axis}_low", "high": f"{axis}_high"})


def _joined(x: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    left, right = ["model", "x", "x_low", "x_high"], ["model", "y", "y_low", "y_high"]
    return x[left].merge(y[right], on="model", how="inner")[COLUMNS].reset_index(drop=True)
