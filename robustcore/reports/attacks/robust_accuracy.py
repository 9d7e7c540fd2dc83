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
from robustcore.notes import Note, note
from robustcore.reports.provenance import Footer, Provenance

ATTACKS = ("fgsm", "pgd")
SINGLE, ITERATIVE = ATTACKS
WHITE = "white-box"


def conditions(surrogates: Sequence[str] = (), radii: Sequence[float] = CURVE_EPS) -> list[Condition]:
    """FGSM and PGD at every radius, white-box and crafted on each surrogate (given by fingerprint)."""
    white = [Condition("attack", name, params=(("eps", eps),)) for name in ATTACKS for eps in radii]
    # Without a bound the attack may paint any image, so crafting it on another model has no meaning.
    black = [c for c in white if c.parameters["eps"] < 1]
    return [*white, *(crafted for surrogate in surrogates for crafted in crafted_on(black, surrogate))]


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
        One row for each stored model, attack, access and eps, the clean images at eps 0: model, attack, access ("white-box", or
        "on NAME"), surrogate (NAME, "" for white-box), eps, n, accuracy with its 95 % interval low and high, and the means
        success, linf and l2 (NaN on clean images). `attrs["provenance"]` says where they come from.
    """
    names = {fingerprint: name for name, fingerprint in (surrogates or {}).items()}
    wanted = conditions(list(names))
    stored = lookup(models, dataset, wanted, limit=limit, seed=seed, store=store)
    by_fields = {(c.name, json.dumps(c.parameters, sort_keys=True)): c for c in wanted}
    rows = []
    for row in accuracies.accuracy(stored[stored["n"] > 0]).to_dict("records"):
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
            others = ["", *(name for name in names.values() if name != row["model"])]
            rows += [common | {"attack": attack, "surrogate": name} for attack in ATTACKS for name in others]
            continue
        condition = by_fields[row["name"], row["params"]]
        fingerprint = condition.parameters.get("surrogate")
        surrogate = "" if fingerprint is None else names[fingerprint]
        if surrogate == row["model"]:
            continue  # crafted on itself it is the white-box attack again
        rows.append(
            {
                "model": row["model"],
                "attack": row["name"],
                "surrogate": surrogate,
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
    columns = ["model", "attack", "surrogate", "eps", "n", "accuracy", "low", "high", "success", "linf", "l2"]
    table = pd.DataFrame(rows, columns=columns)
    access = [WHITE if not name else f"on {name}" for name in table["surrogate"]]
    table.insert(2, "access", pd.Series(access, dtype=object))
    # A curve needs a point besides the clean one.
    with_attack = table[table["eps"] > 0][["model", "attack", "access"]].drop_duplicates()
    table = table.merge(with_attack, on=["model", "attack", "access"])
    table = table.sort_values(["model", "attack", "access", "eps"], ignore_index=True)
    table.attrs["provenance"] = Provenance.of(stored, suites=("robust-accuracy",), storage="memory", seed=seed)
    return table


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a figure of `curves`, which are not empty; the images are those under attack."""
    counts = table[table["eps"] > 0].groupby("model", sort=False)["n"].min()
    origin: Provenance = table.attrs["provenance"].only(list(counts.index))
    origin = dataclasses.replace(origin, images=(int(counts.min()), int(counts.max())))
    differ = () if counts.nunique() <= 1 else (images_of_each(tuple((str(m), int(n)) for m, n in counts.items())),)
    return origin.footer(
        formula="Accuracy under FGSM and PGD (10 steps, random start) in L-inf, float32",
        interval="Intervals: 95 % (Wilson)",
    ).replace(further=differ)


def curve_footer(table: pd.DataFrame) -> Footer:
    """`footer`, and what the lines of `figures.eps_curves` are."""
    return footer(table).replace(before=(lines_of_attacks(ITERATIVE, SINGLE),))


def transfer_footer(table: pd.DataFrame, eps: float) -> Footer:
    """`footer` of a square of one attack at one radius, with pixels in [0, 1]."""
    return footer(table).replace(before=(attacked_at(ITERATIVE, eps),))


@note
def images_of_each(images: tuple[tuple[str, int], ...]) -> str:
    return f"Images: {', '.join(f'{model} {n:,}' for model, n in images)}."


@note
def lines_of_attacks(solid: str, dotted: str) -> str:
    return f"Solid: {solid.upper()}; dotted: {dotted.upper()}; dashed: crafted on another model."


@note
def attacked_at(attack: str, eps: float) -> str:
    return f"{attack.upper()} at ε = {_eps(eps)}."


def judged(square: pd.DataFrame) -> pd.DataFrame:
    """A table of transfers with the models that judge as rows, the hardest to fool first.

    Args:
        square: index the models that images were crafted on, columns those that judge them; 0..1, NaN where unknown.

    Returns:
        Columns: "itself", for images crafted on the model that judges, and each model whose images others judged.
    """
    own = {model: square.loc[model, model] for model in square.columns if model in square.index}
    crafted = [model for model in square.index if square.loc[model].drop(model, errors="ignore").notna().any()]
    table = pd.DataFrame({"itself": pd.Series(own, dtype=float), **{model: square.loc[model] for model in crafted}})
    return table.rename_axis("judged by").sort_values("itself", ascending=False, kind="stable")


def masked_gradients(table: pd.DataFrame) -> list[Note]:
    """Signs in curves that an attack's gradients are misleading, each beyond the 95 % intervals; the subject is the model."""
    signs = []
    for model, own in table[table["eps"] > 0].groupby("model", sort=False):
        signs += [
            *_single_beats_iterative(str(model), own),
            *_black_beats_white(str(model), own),
            *_unbounded(str(model), own),
        ]
    return signs


def _single_beats_iterative(model: str, own: pd.DataFrame) -> list[Note]:
    white = own[(own["access"] == WHITE) & (own["eps"] < 1)]
    single = white[white["attack"] == SINGLE].set_index("eps")
    many = white[white["attack"] == ITERATIVE].set_index("eps")
    for eps in single.index.intersection(many.index):
        if single.loc[eps, "high"] < many.loc[eps, "low"]:
            accuracies = float(single["accuracy"][eps]), float(many["accuracy"][eps])
            return [single_step_beats_iterative(model, float(eps), *accuracies)]
    return []


def _black_beats_white(model: str, own: pd.DataFrame) -> list[Note]:
    iterative = own[own["attack"] == ITERATIVE]
    white = iterative[iterative["access"] == WHITE].set_index("eps")
    for row in iterative[iterative["access"] != WHITE].to_dict("records"):
        eps = row["eps"]
        if eps in white.index and row["high"] < white.loc[eps, "low"]:
            accuracies = float(row["accuracy"]), float(white["accuracy"][eps])
            return [black_box_beats_white_box(model, str(row["access"]), float(eps), *accuracies)]
    return []


def _unbounded(model: str, own: pd.DataFrame) -> list[Note]:
    free = own[(own["access"] == WHITE) & (own["attack"] == ITERATIVE) & (own["eps"] >= 1)]
    if len(free) and float(free["low"].iloc[0]) > 0.01:
        return [unbounded_attack_fails(model, float(free["accuracy"].iloc[0]))]
    return []


@note
def single_step_beats_iterative(model: str, eps: float, single: float, iterative: float) -> str:
    return (
        f"{model}: one step beats ten. At ε = {_eps(eps)} accuracy is {single:.1%} after one step and {iterative:.1%} after ten "
        "smaller ones. More steps should never do worse, so the gradients are misleading."
    )


@note
def black_box_beats_white_box(model: str, access: str, eps: float, black: float, white: float) -> str:
    return (
        f"{model}: black-box beats white-box. At ε = {_eps(eps)} accuracy is {black:.1%} on images crafted {access} and {white:.1%} "
        "on images crafted on the model itself. Access should only help, so the gradients are misleading."
    )


@note
def unbounded_attack_fails(model: str, accuracy: float) -> str:
    return (
        f"{model}: an unbounded attack fails. With any change allowed, accuracy is still {accuracy:.1%} under PGD. Such an attack "
        "must succeed, so results at smaller ε are not reliable either."
    )


def _eps(eps: float) -> str:
    return f"{255 * eps:g}/255"
