"""RobustBench's leaderboards of adversarial robustness: clean accuracy and AutoAttack, by data set, norm and radius.

Source: the RobustBench project's model files (Croce et al. 2021; MIT). A radius is one of a leaderboard: figures of another radius or
norm are another task, and nothing here puts them in one table.
"""

from __future__ import annotations

import dataclasses
import functools

import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.published._files import read

_FILE = "robustbench_autoattack.csv"
COLUMNS = [
    "model",
    "clean",
    "autoattack",
    "robust",
    "unreliable",
    "architecture",
    "additional_data",
    "title",
    "venue",
    "link",
]


@dataclasses.dataclass(frozen=True, order=True)
class Board:
    """One leaderboard: a data set, a norm ("linf" or "l2") and a radius as it is printed, "8/255" or "0.5"."""

    dataset: str
    norm: str
    radius: str

    @property
    def eps(self) -> float:
        """The radius with pixels in 0 .. 1."""
        number, _, of = self.radius.partition("/")
        return float(number) / float(of or 1)

    @property
    def title(self) -> str:
        """As people read it."""
        names = {"imagenet": "ImageNet", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
        return f"{names[self.dataset]}, {'L-inf' if self.norm == 'linf' else 'L2'} {self.radius}"


def autoattack_boards() -> list[Board]:
    """The leaderboards, ImageNet's first, then by the number of models."""
    rows = _rows()
    sizes = rows.groupby(["dataset", "norm", "radius"]).size().sort_values(ascending=False, kind="stable")
    boards = [Board(*map(str, key)) for key in sizes.index]
    return sorted(boards, key=lambda board: board.dataset != "imagenet")


def autoattack(board: Board) -> pd.DataFrame:
    """The models of one leaderboard, the most robust first.

    Returns:
        model, clean and autoattack (accuracies in 0 .. 1), robust (as the board ranks: the lower one of AutoAttack's and of another
        attack's that it states), unreliable (whether the board flags AutoAttack's figure), architecture, additional_data (whether other
        data than the data set's own were trained on), title, venue, link.

    Raises:
        InvalidArgumentError: no such leaderboard.
    """
    if board not in autoattack_boards():
        titles = "; ".join(each.title for each in autoattack_boards())
        raise InvalidArgumentError(f"RobustBench has no leaderboard {board.title}; known are {titles}.")
    rows = _rows()
    here = (rows["dataset"] == board.dataset) & (rows["norm"] == board.norm) & (rows["radius"] == board.radius)
    return rows.loc[here, COLUMNS].sort_values("robust", ascending=False, kind="stable", ignore_index=True)


@functools.cache
def _rows() -> pd.DataFrame:
    rows = read(_FILE).rename(columns={"eps": "radius"})
    rows["norm"] = rows["norm"].str.lower()
    for name in ("clean", "autoattack", "external"):
        rows[name] = pd.to_numeric(rows[f"{name}_percent"]) / 100
    rows["robust"] = rows[["autoattack", "external"]].min(axis=1)
    for name in ("unreliable", "additional_data"):
        rows[name] = rows[name] == "True"
    return rows
