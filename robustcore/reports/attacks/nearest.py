"""Robust accuracy against eps from one run of an attack that looks for the nearest image, and the median of these changes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.attacks.budgets import NORMS
from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store, Subject
from robustcore.metrics import accuracies
from robustcore.notes import note
from robustcore.reports.attacks import union
from robustcore.reports.provenance import Footer, Provenance

COLUMNS = ["model", "norm", "eps", "value", "low", "high", "n", "condition"]
_MOST = 200  # points of a curve
_Z = 1.959964


@dataclasses.dataclass(frozen=True)
class Median:
    """The median smallest change of a model in a norm.

    Attributes:
        model, norm: of which.
        value: pixels in [0, 1], in the norm; infinite where half of the images hold.
        low, high: its 95 % interval, from the order of the images.
        attacks: titles of the attacks that looked for the changes.
    """

    model: str
    norm: str
    value: float
    low: float
    high: float
    attacks: tuple[str, ...]


def curves(
    models: Sequence[Subject], dataset: Dataset, *, seed: int = 0, store: Store | Path | str | None = None
) -> pd.DataFrame:
    """Robust accuracy at every eps, of the models that an attack without a budget was evaluated on; computes nothing.

    Of several such attacks in a norm, an image's nearest change counts. An image that is misclassified when clean has the change 0;
    one that no attack broke holds at every eps.

    Args:
        models: as results know them.
        dataset: what they were scored on.
        seed, store: as in `evaluate`.

    Returns:
        One row for each model, norm and eps at which an image falls, the first at 0 for clean images: model, norm, eps (pixels in
        [0, 1], in the norm), value (the share of images that no attack changes within eps), low and high (95 %, Wilson), n,
        condition (of several attacks the one with the smaller changes, canonical). `attrs["medians"]` has a `Median` for each model and norm, `attrs["provenance"]` says where they come from.
    """
    under, stored = union.read(models, dataset, seed=seed, store=store)
    rows: list[pd.DataFrame] = []
    medians = []
    for model, evaluated in under.items():
        for norm in NORMS:
            own = [e for e in evaluated if e.white_box and e.norm == norm and e.distances is not None]
            if not own:
                continue
            n = min(len(e.holds) for e in own)
            distances = np.min([_smallest(e)[:n] for e in own], axis=0)
            nearest = min(own, key=lambda e: float(np.median(_smallest(e))))
            rows.append(_curve(distances).assign(model=model, norm=norm, condition=nearest.condition))
            medians.append(Median(model, norm, *median(distances), tuple(sorted({e.title for e in own}))))
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)
    if len(table):
        ends = accuracies.accuracy(table.assign(accuracy=table["value"], dataset="", kind="attack", name=""))
        table = table.assign(low=ends["low"].to_numpy(), high=ends["high"].to_numpy())
    table = table.reindex(columns=COLUMNS)
    table.attrs["medians"] = tuple(medians)
    table.attrs["provenance"] = Provenance.of(
        stored[stored["kind"] == "attack"] if len(table) else stored, suites=("nearest",), storage="memory", seed=seed
    )
    return table


def _smallest(evaluated: union.Evaluated) -> npt.NDArray[np.float64]:
    assert evaluated.distances is not None
    return np.where(evaluated.holds, np.inf, evaluated.distances)


def _curve(distances: npt.NDArray[np.float64]) -> pd.DataFrame:
    """eps, value and n: the share of (n,) smallest changes that are beyond eps, at 0 and wherever an image falls."""
    falls = np.unique(distances[np.isfinite(distances) & (distances > 0)])
    if len(falls) > _MOST:
        falls = np.quantile(falls, np.linspace(0, 1, _MOST), method="nearest")
    radii = np.concatenate([[0.0], falls])
    holds = (distances[None] > radii[:, None]).mean(axis=1)
    return pd.DataFrame({"eps": radii, "value": holds, "n": len(distances)})


def median(distances: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """The median of (n,) changes and its 95 % interval: the values between which it lies by their order alone."""
    ordered, n = np.sort(distances), len(distances)
    reach = _Z * math.sqrt(n) / 2
    low = ordered[max(0, math.floor(n / 2 - reach))]
    high = ordered[min(n - 1, math.ceil(n / 2 + reach))]
    return float(np.median(distances)), float(low), float(high)


def drawn(table: pd.DataFrame, norm: str, models: Sequence[str]) -> pd.DataFrame:
    """The rows of `curves` of one norm and some models, in the order of these models."""
    order = {model: place for place, model in enumerate(models)}
    rows = table[(table["norm"] == norm) & table["model"].isin(list(models))]
    rows = rows.sort_values("model", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)
    rows.attrs |= table.attrs
    return rows


@note
def nearest_changes(attacks: tuple[str, ...]) -> str:
    several = "; of several the nearest change counts" if len(attacks) > 1 else ""
    return f"From one run of {', '.join(attacks)} without a budget{several}: an upper bound of the robust accuracy at each eps."


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a figure of rows of `curves`, which are not empty; its attrs are those of `curves`."""
    models = list(dict.fromkeys(table["model"]))
    origin: Provenance = table.attrs["provenance"].only(models)
    origin = dataclasses.replace(origin, images=(int(table["n"].min()), int(table["n"].max())))
    norms = set(table["norm"])
    own = [m for m in table.attrs["medians"] if m.model in models and m.norm in norms]
    attacks = tuple(sorted({title for each in own for title in each.attacks}))
    return origin.footer(
        formula="Share of images whose smallest change that fools the model is larger than eps",
        interval="Bands: 95 % (Wilson); of medians by the order of the images",
    ).replace(further=(nearest_changes(attacks),))
