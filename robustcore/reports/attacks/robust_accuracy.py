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
from robustcore.reports.attacks import evaluated, union
from robustcore.reports.provenance import Footer, Provenance

ATTACKS = ("fgsm", "pgd")
SINGLE, ITERATIVE = ATTACKS
WHITE = "white-box"
ITSELF = "itself"  # what a model judges that was crafted on it


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
        "on NAME"), surrogate (NAME, "" for white-box), eps, n, accuracy with its 95 % interval low and high, the means success,
        linf and l2 (NaN on clean images), and condition (canonical). `attrs["provenance"]` says where they come from.
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
                "condition": Condition.clean().canonical(),
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
                "condition": condition.canonical(),
            }
        )
    columns = [
        "model",
        "attack",
        "surrogate",
        "eps",
        "n",
        "accuracy",
        "low",
        "high",
        "success",
        "linf",
        "l2",
        "condition",
    ]
    table = pd.DataFrame(rows, columns=columns)
    access = [WHITE if not name else f"on {name}" for name in table["surrogate"]]
    table.insert(2, "access", pd.Series(access, dtype=object))
    # A curve needs a point besides the clean one.
    with_attack = table[table["eps"] > 0][["model", "attack", "access"]].drop_duplicates()
    table = table.merge(with_attack, on=["model", "attack", "access"])
    table = table.sort_values(["model", "attack", "access", "eps"], ignore_index=True)
    table.attrs["provenance"] = Provenance.of(stored, suites=("robust-accuracy",), storage="memory", seed=seed)
    return table


def stored_surrogates(
    models: Sequence[Subject], dataset: Dataset, *, store: Store | Path | str | None = None
) -> dict[str, str]:
    """Those of the models that stored attacks were crafted on: name -> fingerprint, as `curves` takes them."""
    crafted = evaluated.stored_surrogates(models, dataset, store if isinstance(store, Store) else Store(store))
    return {model.name: model.fingerprint for model in models if model.fingerprint in crafted}


def strengths(unions: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """By what models are compared under attack: model and value, what holds against all attacks (`union.unions`, or one budget of it);
    without that the accuracy under the iterative attack at each budget (`curves`)."""
    values = unions[unions["attack"] == union.EVERY]
    if values.empty:
        rows = curves[(curves["attack"] == ITERATIVE) & (curves["access"] == WHITE) & (curves["eps"] > 0)]
        values = rows.assign(value=rows["accuracy"])
    return values[["model", "value"]]


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a figure of `curves`, which are not empty; the images are those under attack."""
    counts = table[(table["eps"] > 0) & (table["n"] > 0)].groupby("model", sort=False)["n"].min()
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


def bounded(table: pd.DataFrame, *, attack: str = "", white_box: bool = False) -> pd.DataFrame:
    """The rows of `curves` at budgets below 1, of one attack or of all, and of all accesses or of that which knows the model."""
    rows = table[table["eps"] < 1]
    if attack:
        rows = rows[rows["attack"] == attack]
    if white_box:
        rows = rows[rows["access"] == WHITE]
    rows.attrs |= table.attrs
    return rows


def transferred(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `curves` of the iterative attack that were crafted on another model, at budgets below 1."""
    rows = table[(table["attack"] == ITERATIVE) & (table["eps"] > 0) & (table["eps"] < 1)]
    return rows[rows["access"] != WHITE]


def transfers(table: pd.DataFrame, eps: float) -> pd.DataFrame:
    """What each model makes of images that an attack crafted on others, next to those crafted on itself.

    Args:
        table: of `curves`.
        eps: the budget.

    Returns:
        Rows with model (that judges), name (the model that the images were crafted on, or "itself"), value (accuracy), low, high, n,
        eps and condition; for every model a row of each name, its value NaN with a reason where nothing is known. Models are in falling
        order of their accuracy on what was crafted on themselves; names are in the order of the models, "itself" first.
    """
    at = table[(table["attack"] == ITERATIVE) & (table["eps"] == eps)]
    at = at.assign(name=at["surrogate"].where(at["surrogate"] != "", ITSELF), value=at["accuracy"])
    itself = at[at["name"] == ITSELF].set_index("model")["value"]
    models = list(itself.reindex(list(dict.fromkeys(at["model"]))).sort_values(ascending=False, kind="stable").index)
    crafted = set(at["surrogate"])
    order = [m for m in dict.fromkeys(table["model"]) if m in crafted]
    names = [ITSELF, *order, *sorted(crafted - {*order, ""})]
    places = pd.MultiIndex.from_product([models, names], names=["model", "name"])
    columns = ["value", "low", "high", "n", "condition"]
    rows = at.set_index(["model", "name"])[columns].reindex(places).reset_index()
    own = rows["model"] == rows["name"]
    reason = pd.Series("not evaluated", rows.index).mask(own, "crafted on this model: see “itself”")
    rows = rows.assign(
        eps=eps,
        n=rows["n"].fillna(0).astype(int),
        condition=rows["condition"].fillna(""),
        reason=reason.where(rows["value"].isna(), ""),
    )
    rows.attrs |= table.attrs
    return rows


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
