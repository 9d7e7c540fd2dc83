"""Robustness to attacks against robustness to natural shifts, over models: what Laugros' thesis leaves for further work (5.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import attacks
from robustcore.atlas import populations
from robustcore.datasets._base import Dataset
from robustcore.display import display_name
from robustcore.evaluation import Condition, Store, Subject, lookup
from robustcore.evaluation.operations.attack import crafted_on
from robustcore.notes import Note, note
from robustcore.overlap import correlation
from robustcore.reports.attacks.evaluated import stored_conditions
from robustcore.reports.attacks.preset_scores import TITLES
from robustcore.reports.provenance import Footer, Provenance

COLUMNS = ["attack", "surrogate", "shift", "r", "low", "high", "p", "models"]
MEAN = "mean"  # of all natural shifts, in the place of one
_SUITE = "scenes-shifts"


def robustness(
    models: Sequence[Subject],
    dataset: Dataset,
    conditions: Sequence[Condition],
    *,
    limit: int | None = None,
    seed: int = 0,
    store: Store | Path | str | None = None,
) -> pd.DataFrame:
    """Models x conditions of one kind, attacks or shifts: residual robustness from what is stored, NaN where nothing is.

    Args:
        models: as results know them.
        dataset: what they were scored on.
        conditions: all attacks, or all shifts.
        limit: images; the clean accuracy is that on as many.
        seed, store: as in `evaluate`.

    Returns:
        Clean accuracy less accuracy, lower is better. Columns as in `populations.residuals`; without conditions under which all models
        have one accuracy, such as 0 under an attack that breaks them all.
    """
    (kind,) = {condition.kind for condition in conditions}
    table = lookup(list(models), dataset, list(conditions), limit=limit, seed=seed, store=store)
    scored = table[table["n"] > 0]
    # Under an attack that breaks every model the residual is the clean accuracy: nothing of the attack is in it.
    same = (scored["kind"] == kind) & (scored.groupby(["name", "params"])["accuracy"].transform("nunique") < 2)
    kept = scored if scored["model"].nunique() < 2 else scored[~same]
    stored: pd.DataFrame = populations.residuals(kept, kind).dropna(axis=1, how="all")
    return stored.reindex([model.name for model in models if model.name in stored.index])


def correlations(
    models: Sequence[Subject],
    dataset: Dataset,
    *,
    shifts: Sequence[Condition] | None = None,
    seed: int = 0,
    store: Store | Path | str | None = None,
) -> pd.DataFrame:
    """What is stored of attacks and natural shifts, correlated over the models; computes nothing.

    Args:
        models, dataset, seed, store: as in `robustness`.
        shifts: the natural shifts; default those of scenes.

    Returns:
        One row for each attack (every eps and surrogate is one) and shift, and for the `MEAN` of the shifts: attack (its title),
        surrogate (the model by name that it was crafted on, "" for the model itself), shift, r (Pearson, of residual robustness to
        the two), low and high (95 %, Fisher), p, models (how many r is over). Attacks without a bound, and those that break
        all models, have no row. `attrs["provenance"]` says where they come from.
    """
    results = store if isinstance(store, Store) else Store(store)
    conditions, names, _ = stored_conditions(models, dataset, results)
    bounded = [c for c in conditions if c.norm != "linf" or float(c.parameters.get("eps") or 0) < 1]
    wanted = natural_shifts() if shifts is None else list(shifts)
    empty = pd.DataFrame(columns=COLUMNS)
    if not bounded or not models:
        return empty
    stored = lookup(list(models), dataset, bounded, seed=seed, store=results)
    attacked_rows = stored[(stored["kind"] == "attack") & (stored["n"] > 0)]
    empty.attrs["provenance"] = Provenance.of(stored, suites=("attacks", _SUITE), storage="memory", seed=seed)
    if attacked_rows.empty:
        return empty
    # Each attack on the images that its models share: one that few models were attacked with on few images leaves the others theirs.
    fewest = attacked_rows.groupby(["name", "params"])["n"].min()
    alike: dict[int, list[Condition]] = {}
    for condition in bounded:
        row = condition.name, json.dumps(condition.parameters, sort_keys=True) if condition.params else ""
        if row in fewest.index:
            alike.setdefault(int(fewest[row]), []).append(condition)
    parts = [robustness(models, dataset, group, limit=n, seed=seed, store=results) for n, group in alike.items()]
    attacked = pd.concat(parts, axis=1)
    attacked = attacked.reindex([model.name for model in models if model.name in attacked.index])
    natural = robustness(models, dataset, wanted, seed=seed, store=results)
    natural[MEAN] = natural.mean(axis=1, skipna=False)
    natural = natural.reindex(attacked.index)
    rows = []
    for key in attacked.columns:
        for shift in natural.columns:
            r, p, count = (
                part.item()
                for part in correlation.pearson(attacked[key].to_numpy(float), natural[shift].to_numpy(float))
            )
            if np.isfinite(r):
                low, high = correlation.fisher(float(r), int(count))
                title, surrogate = _title(key, names)
                rows.append((title, surrogate, str(shift), r, low, high, p, count))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs["provenance"] = Provenance.of(attacked_rows, suites=("attacks", _SUITE), storage="memory", seed=seed)
    return table


def natural_shifts() -> list[Condition]:
    """The natural shifts of scenes."""
    from robustcore.evaluation import suites

    return [condition for condition in suites.resolve([_SUITE]) if condition.kind == "shift"]


def crafted(table: pd.DataFrame, surrogate: str) -> pd.DataFrame:
    """The rows of `correlations` of one surrogate, "" for white-box attacks, as a table to draw: model (the attack), name (the
    shift), value (r), low, high, p, models; the attack that goes best with the shifts on top, the mean of the shifts last."""
    rows = table[table["surrogate"] == surrogate].rename(columns={"attack": "model", "shift": "name", "r": "value"})
    rows = rows.assign(
        order=-rows["model"].map(rows[rows["name"] == MEAN].set_index("model")["value"]), last=rows["name"] == MEAN
    )
    rows = rows.sort_values(["order", "model", "last", "name"], kind="stable", ignore_index=True)
    columns = ["model", "name", "value", "low", "high", "p", "models"]
    return rows[columns]


def presets(surrogate: str = "") -> list[Condition]:
    """The thesis' attacks, white-box or crafted on the model of that fingerprint."""
    white = [Condition("attack", name) for name in attacks.preset_names()]
    return crafted_on(white, surrogate) if surrogate else white


def mean_correlation(
    attacked: pd.DataFrame, natural: pd.DataFrame, draws: int = 1000
) -> tuple[float, npt.NDArray[np.float64]]:
    """The mean correlation over models between every attack and every natural shift, and the same in drawings of the models.

    Args:
        attacked, natural: models x conditions, in the same order of models, without gaps.
        draws: how often as many models are drawn with replacement.
    """
    a, b = attacked.to_numpy(float), natural.to_numpy(float)
    generator = np.random.default_rng(0)
    picks = generator.integers(0, len(a), (draws, len(a)))
    return _mean_of_pairs(a, b), np.array([_mean_of_pairs(a[pick], b[pick]) for pick in picks])


def _mean_of_pairs(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """The mean over the pairs of columns that both vary."""
    r, _, _ = correlation.pearson(a.T[:, None], b.T[None])
    return float(np.nanmean(r)) if np.isfinite(r).any() else float("nan")


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a figure of `correlations`, which are not empty."""
    origin: Provenance = table.attrs["provenance"]
    fewest, most = int(table["models"].min()), int(table["models"].max())
    return origin.footer(
        formula="Pearson correlation over models of the residual robustness (clean accuracy less accuracy) to an attack and to a shift",
        interval="Intervals: 95 % (Fisher), for independent models",
    ).replace(further=(related_models(fewest, most),))


@note
def related_models(fewest: int, most: int) -> str:
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return f"Over {count} models, many trained from the same weights: the intervals are too narrow."


def few_models(models: int) -> Note | None:
    """A note where a correlation over so many models says nothing."""
    return correlation.too_few_models(models) if models < correlation.FEW else None


def _title(key: str, names: Mapping[str, str]) -> tuple[str, str]:
    """An attack's title with its settings, and the surrogate by name, from its key."""
    name, _, params = key.partition(" ")
    parameters = json.loads(params) if params else {}
    surrogate = parameters.pop("surrogate", "")
    eps = parameters.pop("eps", None)
    settings = (
        []
        if eps is None
        else [f"{round(255 * eps, 2):g}/255" if parameters.get("norm", "linf") == "linf" else f"{eps:g}"]
    )
    settings += [f"{option} {value}" for option, value in sorted(parameters.items())]
    title = f"Thesis: {TITLES[name]}" if name in TITLES else display_name(name, "attack")
    return ", ".join([title, *settings]), names.get(surrogate, surrogate[:12])
