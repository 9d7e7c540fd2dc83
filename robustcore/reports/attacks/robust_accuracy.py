"""Robust accuracy: accuracy against eps under attack, white-box and black-box, and signs that gradients are masked.

Source of the signs: Athalye, Carlini & Wagner 2018, section 3.1 ("Obfuscated gradients give a false sense of security").
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Condition, Store, Subject, lookup
from robustcore.evaluation.operations.attack import CURVE_EPS, crafted_on
from robustcore.metrics import accuracies
from robustcore.models.classifier import Classifier
from robustcore.reports.provenance import Provenance

ATTACKS = ("fgsm", "pgd")
SINGLE, ITERATIVE = ATTACKS
WHITE = "white-box"


def conditions(surrogates: Sequence[str] = (), radii: Sequence[float] = CURVE_EPS) -> list[Condition]:
    """FGSM and PGD at every radius, white-box and crafted on each surrogate (given by fingerprint)."""
    white = [Condition("attack", name, params=(("eps", eps),)) for name in ATTACKS for eps in radii]
    # Crafting without any bound on another model says nothing: such an image is another image.
    black = [c for c in white if c.parameters["eps"] < 1]
    return [*white, *(made for surrogate in surrogates for made in crafted_on(black, surrogate))]


def curves(
    models: Sequence[Classifier | Subject],
    dataset: str | Dataset,
    *,
    surrogates: Mapping[str, str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    store: Store | Path | str | None = None,
) -> pd.DataFrame:
    """What is stored of the curves; computes nothing.

    Args:
        models: classifiers or subjects.
        dataset: a name, a folder, or a loaded dataset.
        surrogates: name -> fingerprint of the models that black-box attacks are crafted on.
        limit, seed, store: as in `evaluate`.

    Returns:
        One row for each model, attack, access and eps that is stored, the clean images at eps 0: model, attack, access
        ("white-box", or "on NAME"), eps, n, accuracy with its 95 % interval low and high, and the means success, linf
        and l2 (NaN on clean images). `attrs["provenance"]` says where they come from.
    """
    names = {fingerprint: name for name, fingerprint in (surrogates or {}).items()}
    wanted = conditions(list(names))
    found = lookup(models, dataset, wanted, limit=limit, seed=seed, store=store)
    by_fields = {(c.name, json.dumps(c.parameters, sort_keys=True)): c for c in wanted}
    rows = []
    for row in accuracies.accuracy(found[found["n"] > 0]).to_dict("records"):
        if row["kind"] == "clean":
            common = {
                "model": row["model"],
                "eps": 0.0,
                "n": row["n"],
                "accuracy": row["accuracy"],
                "low": row["low"],
                "high": row["high"],
                "success": float("nan"),
                "linf": float("nan"),
                "l2": float("nan"),
            }
            accesses = [WHITE, *(f"on {name}" for name in names.values() if name != row["model"])]
            rows += [common | {"attack": attack, "access": access} for attack in ATTACKS for access in accesses]
            continue
        condition = by_fields[row["name"], row["params"]]
        surrogate = condition.parameters.get("surrogate")
        access = WHITE if surrogate is None else f"on {names[surrogate]}"
        if access == f"on {row['model']}":
            continue  # crafted on itself it is the white-box attack again
        rows.append(
            {
                "model": row["model"],
                "attack": row["name"],
                "access": access,
                "eps": condition.parameters["eps"],
                "n": row["n"],
                "accuracy": row["accuracy"],
                "low": row["low"],
                "high": row["high"],
                "success": row.get("success"),
                "linf": row.get("linf"),
                "l2": row.get("l2"),
            }
        )
    columns = ["model", "attack", "access", "eps", "n", "accuracy", "low", "high", "success", "linf", "l2"]
    table = pd.DataFrame(rows, columns=columns)
    # A curve of the clean point alone is none.
    alive = table[table["eps"] > 0][["model", "attack", "access"]].drop_duplicates()
    table = table.merge(alive, on=["model", "attack", "access"])
    table = table.sort_values(["model", "attack", "access", "eps"], ignore_index=True)
    table.attrs["provenance"] = Provenance.of(found, suites=("robust-accuracy",), storage="memory", seed=seed)
    return table


@dataclasses.dataclass(frozen=True)
class Sign:
    """One sign that a model's gradients are masked: the model, a short name, and a sentence with the numbers."""

    model: str
    name: str
    sentence: str


def judged(square: pd.DataFrame) -> pd.DataFrame:
    """A table of transfers with the models that judge as rows, the hardest to fool first.

    Args:
        square: index the models that images were crafted on, columns those that judge them; 0..1, NaN where unknown.

    Returns:
        Columns: "itself", for images crafted on the model that judges, and each model whose images others judged.
    """
    own = {model: square.loc[model, model] for model in square.columns if model in square.index}
    crafted = [model for model in square.index if square.loc[model].drop(model, errors="ignore").notna().any()]
    found = pd.DataFrame({"itself": pd.Series(own, dtype=float), **{model: square.loc[model] for model in crafted}})
    return found.rename_axis("judged by").sort_values("itself", ascending=False, kind="stable")


def masked_gradients(table: pd.DataFrame) -> list[Sign]:
    """Signs in curves that an attack's gradients do not lead where they should, each beyond the 95 % intervals."""
    signs = []
    for model, own in table[table["eps"] > 0].groupby("model", sort=False):
        signs += [
            *_single_beats_iterative(str(model), own),
            *_black_beats_white(str(model), own),
            *_unbounded(str(model), own),
        ]
    return signs


def _single_beats_iterative(model: str, own: pd.DataFrame) -> list[Sign]:
    white = own[(own["access"] == WHITE) & (own["eps"] < 1)]
    single = white[white["attack"] == SINGLE].set_index("eps")
    many = white[white["attack"] == ITERATIVE].set_index("eps")
    for eps in single.index.intersection(many.index):
        if single.loc[eps, "high"] < many.loc[eps, "low"]:
            return [
                Sign(
                    model,
                    "single-step beats iterative",
                    f"One step leaves {single.loc[eps, 'accuracy']:.1%} of the answers right at eps {_eps(eps)}, ten smaller "
                    f"steps {many.loc[eps, 'accuracy']:.1%}: steps that follow the gradient should never do worse, so that "
                    "the gradient points somewhere else.",
                )
            ]
    return []


def _black_beats_white(model: str, own: pd.DataFrame) -> list[Sign]:
    iterative = own[own["attack"] == ITERATIVE]
    white = iterative[iterative["access"] == WHITE].set_index("eps")
    for row in iterative[iterative["access"] != WHITE].to_dict("records"):
        if row["eps"] in white.index and row["high"] < white.loc[row["eps"], "low"]:
            return [
                Sign(
                    model,
                    "black-box beats white-box",
                    f"Images crafted {row['access']} leave {row['accuracy']:.1%} right at eps {_eps(row['eps'])}, those crafted on "
                    f"the model itself {white.loc[row['eps'], 'accuracy']:.1%}: knowing the model should only help, so that its "
                    "gradients hide something.",
                )
            ]
    return []


def _unbounded(model: str, own: pd.DataFrame) -> list[Sign]:
    free = own[(own["access"] == WHITE) & (own["attack"] == ITERATIVE) & (own["eps"] >= 1)]
    if len(free) and float(free["low"].iloc[0]) > 0.01:
        return [
            Sign(
                model,
                "an unbounded attack does not reach zero",
                f"With every change allowed PGD still leaves {free['accuracy'].iloc[0]:.1%} right: an attack that may paint any "
                "image must win, so that it is stuck and the smaller budgets are no bound either.",
            )
        ]
    return []


def _eps(eps: float) -> str:
    return f"{255 * eps:g}/255"
