"""The union of attacks: the share of images that hold against every attack that was evaluated within a budget."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import attacks
from robustcore.attacks.budgets import NORMS, default_eps
from robustcore.datasets._base import Dataset
from robustcore.display import display_name
from robustcore.evaluation import Condition, Store, Subject, lookup, plan
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.store.correctness import answers
from robustcore.metrics import accuracies
from robustcore.notes import Note, note
from robustcore.reports.attacks.evaluated import stored_conditions
from robustcore.reports.provenance import Footer, Provenance

EVERY = "Every attack"
COLUMNS = ["model", "norm", "eps", "attack", "attacks", "white_box", "value", "low", "high", "n", "condition"]
Holds = npt.NDArray[np.bool_]
_STRONGEST = attacks.get("autoattack").title
_TELLING = 0.4  # share of images that hold at which models differ most
_CLOSE = 1e-6
_USUAL = 5  # models with the same number of attacks are no longer named one by one


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """One model under one attack, image by image.

    Attributes:
        title: the attack's.
        white_box: whether it knows the model.
        norm, eps: the budget; eps None for an attack without any.
        holds: (n,) which of the first images are classified correctly under it.
        distances: (n,) how far each was changed, of an attack that looks for the nearest image.
        condition: the attack in its canonical form.
    """

    title: str
    white_box: bool
    norm: str
    eps: float | None
    holds: Holds
    distances: npt.NDArray[np.float64] | None = None
    condition: str = ""

    def within(self, eps: float) -> Holds | None:
        """Which images hold within a radius; None where this attack says nothing of it."""
        if self.distances is not None:
            outside: Holds = self.holds | (self.distances > eps * (1 + _CLOSE))
            return outside
        return self.holds if self.eps is not None and self.eps <= eps * (1 + _CLOSE) else None


def unions(
    models: Sequence[Subject], dataset: Dataset, *, seed: int = 0, store: Store | Path | str | None = None
) -> pd.DataFrame:
    """What is stored of the models under attack, by budget; computes nothing.

    An image that an attack breaks within a radius is broken within every larger one, so that the union at a radius is over the attacks
    at it and below it; of attacks that look for the nearest image the distance decides. Images that are misclassified when clean do
    not hold. Attacks crafted on other models count, unbounded ones do not.

    Args:
        models: as results know them.
        dataset: what they were scored on.
        seed, store: as in `evaluate`.

    Returns:
        For each model, norm and radius that an attack was evaluated at: first a row for all of them, `EVERY`, then one for each attack
        at the radius that knows the model, by title. Columns: model, norm, eps, attack, attacks (how many the row is over), white_box (how
        many of them know the model), value (the share of
        images that hold; of every row of a model and budget the same images, those that all the attacks were evaluated on), low and high (95 %, Wilson),
        n, condition (of the attack that leaves fewest images, canonical). `attrs["provenance"]` says where they come from.
    """
    under, stored = read(models, dataset, seed=seed, store=store)
    rows = [row for subject in models for row in _rows(subject.name, under.get(subject.name, []))]
    table = pd.DataFrame(rows, columns=COLUMNS)
    if len(table):
        ends = accuracies.accuracy(table.assign(accuracy=table["value"], dataset="", kind="attack", name=""))
        table = table.assign(low=ends["low"].to_numpy(), high=ends["high"].to_numpy())
    table.attrs["provenance"] = Provenance.of(
        stored[stored["kind"] == "attack"] if len(table) else stored, suites=("attacks",), storage="memory", seed=seed
    )
    return table


def read(
    models: Sequence[Subject], dataset: Dataset, *, seed: int = 0, store: Store | Path | str | None = None
) -> tuple[dict[str, list[Evaluated]], pd.DataFrame]:
    """Of each model by name what is stored image by image under attacks, and the rows of the store that it is from."""
    results = store if isinstance(store, Store) else Store(store)
    conditions, names, _ = stored_conditions(models, dataset, results)
    stored = lookup(list(models), dataset, conditions or "clean", seed=seed, store=results)
    by_fields = {(c.name, json.dumps(c.parameters, sort_keys=True) if c.params else ""): c for c in conditions}
    asked: list[tuple[Subject, Condition, int]] = []
    for subject in models:
        own = stored[(stored["model"] == subject.name) & (stored["n"] > 0) & (stored["kind"] == "attack")]
        for record in own.to_dict("records"):
            condition = by_fields[record["name"], record["params"]]
            # Crafted on itself it is the white-box attack again.
            if names.get(condition.parameters.get("surrogate", "")) != subject.name:
                asked.append((subject, condition, int(record["n"])))
    return _read(asked, dataset, seed, results), stored


def _read(
    asked: Sequence[tuple[Subject, Condition, int]], dataset: Dataset, seed: int, store: Store
) -> dict[str, list[Evaluated]]:
    """Model -> the stored answers under each of its conditions, with the number of images; those are left out of which the attack has no
    one budget, or no answers image by image are stored."""
    cells: list[tuple[Cell, tuple[str, float | None]]] = []
    together: dict[tuple[Condition, int], list[Subject]] = {}
    for subject, condition, n in asked:
        together.setdefault((condition, n), []).append(subject)
    for (condition, n), subjects in together.items():
        budget = budget_of(condition, dataset.side)
        if budget is not None:
            made = plan.make(subjects, dataset, [condition], limit=n, seed=seed)
            cells += [(cell, budget) for cell in made if cell.condition == condition]
    right = answers([cell for cell, (_, eps) in cells if eps is not None], store)  # all at once
    read: dict[str, list[Evaluated]] = {}
    for cell, budget in cells:
        title = display_name(cell.condition.name, "attack")
        white_box = "surrogate" not in cell.condition.parameters
        if budget[1] is not None:
            if (answered := right.get(cell.key)) is not None:
                one = Evaluated(title, white_box, *budget, answered.correct, condition=cell.condition.canonical())
                read.setdefault(cell.model.name, []).append(one)
            continue
        kept = store.predictions(cell)
        distances = None if kept is None else kept.values.get(budget[0])
        if kept is None or distances is None or not attacks.resolve(cell.condition.name)[0].nearest:
            continue
        changes = np.asarray(distances, dtype=np.float64)
        one = Evaluated(title, white_box, *budget, kept.correct, changes, cell.condition.canonical())
        read.setdefault(cell.model.name, []).append(one)
    return read


def budget_of(condition: Condition, side: int) -> tuple[str, float | None] | None:
    """The norm and the radius of an attack on images of a side, None for an attack without any; None where each image has its own
    radius, or any change is allowed."""
    method, preset = attacks.resolve(condition.name)
    norm = condition.parameters.get("norm") or (preset.norm if preset else method.norms[0])
    eps = condition.parameters.get("eps", preset.eps if preset else None)
    if eps is None and method.bounded:
        eps = default_eps(norm, (3, side, side))
    if eps is None:
        return norm, None
    if not isinstance(eps, (int, float)) or (norm == "linf" and eps >= 1):
        return None
    return norm, float(eps)


def _rows(model: str, under: Sequence[Evaluated]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    budgets = sorted({(NORMS.index(e.norm), e.eps) for e in under if e.eps is not None})
    for place, eps in budgets:
        norm = NORMS[place]
        within = [(e, holds) for e in under if e.norm == norm and (holds := e.within(eps)) is not None]
        n = min(len(holds) for _, holds in within)
        every = np.all([holds[:n] for _, holds in within], axis=0)
        common = {"model": model, "norm": norm, "eps": eps}
        white_box = sum(e.white_box for e, _ in within)
        counts = {"attacks": len(within), "white_box": white_box}
        common |= {"n": n}
        rows.append(common | counts | {"attack": EVERY, "value": float(every.mean()), "condition": _hardest(within)})
        own_attacks = [(e, holds) for e, holds in within if e.white_box]
        at = [(e, holds) for e, holds in own_attacks if e.eps is None or math.isclose(e.eps, eps, rel_tol=_CLOSE)]
        titles = sorted({e.title for e, _ in at})
        for title in titles:  # of an attack with several settings, all of them
            of_title = [(e, holds) for e, holds in at if e.title == title]
            share = float(np.all([holds[:n] for _, holds in of_title], axis=0).mean())  # over the union's images
            counts = {"attacks": len(of_title), "white_box": len(of_title)}
            rows.append(common | counts | {"attack": title, "value": share, "condition": _hardest(of_title)})
    return rows


def _hardest(attacks: Sequence[tuple[Evaluated, Holds]]) -> str:
    """The condition of the attack that leaves the smallest share of images."""
    return min(attacks, key=lambda each: float(each[1].mean()))[0].condition


def telling_budget(table: pd.DataFrame) -> tuple[str, float] | None:
    """Norm and radius at which models differ most: where about 40 % of the images hold. Of those of AutoAttack where there are some,
    and in L-inf; None of no rows."""
    if table.empty:
        return None
    shares = table[table["attack"] == EVERY].groupby(["norm", "eps"])["value"].mean()
    strong = set(table.loc[table["attack"] == _STRONGEST, ["norm", "eps"]].itertuples(index=False, name=None))
    budgets = [(str(norm), float(eps)) for norm, eps in shares.index]
    return min(budgets, key=lambda at: (at not in strong, at[0] != "linf", abs(float(shares[at]) - _TELLING)))


def at_budget(table: pd.DataFrame, norm: str, eps: float) -> pd.DataFrame:
    """The rows of `unions` of one budget, in the order in which they are drawn: all attacks together, then each by title, and within
    each the models by what holds against all, the best first. The name is the attack's."""
    rows = table[(table["norm"] == norm) & (table["eps"] == eps)]
    every = rows[rows["attack"] == EVERY].set_index("model")["value"]
    order = rows.assign(name=rows["attack"], single=rows["attack"] != EVERY, held=-rows["model"].map(every))
    order = order.sort_values(["single", "name", "held"], kind="stable").drop(columns=["single", "held"])
    order.attrs |= table.attrs
    return order.reset_index(drop=True)


def together(table: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of `at_budget` those of all attacks together: one for each model, the best first."""
    rows = table[table["attack"] == EVERY].reset_index(drop=True)
    rows.attrs |= table.attrs
    return rows


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a figure of rows of `unions`, which are not empty."""
    origin: Provenance = table.attrs["provenance"].only(list(dict.fromkeys(table["model"])))
    origin = dataclasses.replace(origin, images=(int(table["n"].min()), int(table["n"].max())))
    every = table[table["attack"] == EVERY]
    counts = tuple((str(row["model"]), int(row["attacks"])) for row in every.to_dict("records"))
    return origin.footer(
        formula="Share of images that are classified correctly and that no attack changes within the budget",
        interval="Intervals: 95 % (Wilson)",
    ).replace(further=(attacks_of_each(counts),))


@note
def attacks_of_each(counts: tuple[tuple[str, int], ...]) -> str:
    sizes = Counter(count for _, count in counts)
    usual, models = sizes.most_common(1)[0]
    if len(sizes) == 1:
        return f"Over {usual} stored attacks of each model, smaller budgets among them."
    # Of many models those that differ are named, of a few each.
    named = counts if models < _USUAL else tuple((model, count) for model, count in counts if count != usual)
    each = ", ".join(f"{model} {count}" for model, count in named)
    others = "" if models < _USUAL else f", {usual} of each other model"
    return f"Stored attacks of each model, smaller budgets among them: {each}{others}; more attacks leave fewer images."


def unequal(table: pd.DataFrame) -> list[Note]:
    """Notes where the models of some rows were not attacked alike by attacks that know them, or not on as many images."""
    every = table[table["attack"] == EVERY]
    images = every["n"]
    unequal_images = [attacked_on_fewer(int((images < images.max()).sum()), int(images.min()), int(images.max()))]
    notes = unequal_images if images.nunique() > 1 else []
    if every["white_box"].nunique() < 2:
        return notes
    least = every.sort_values("white_box", kind="stable").iloc[0]
    most = int(every["white_box"].max())
    fewer = int((every["white_box"] < most).sum())
    return [attacked_less(str(least["model"]), int(least["white_box"]), most, fewer), *notes]


@note
def attacked_on_fewer(models: int, images: int, most: int) -> str:
    return f"The shares of {models} of the models are over the first {images:,} images or more, those of the others over {most:,}."


@note
def attacked_less(model: str, attacks: int, most: int, models: int = 1) -> str:
    if models == 1:
        who, whose = f"{model} was attacked in {attacks} ways and others", "its share may be higher for that alone"
    else:
        who = f"{models} models were attacked in fewer ways than others, {model} in {attacks}, others"
        whose = "their shares may be higher for that alone"
    return f"{who} in up to {most}: {whose}. Evaluate the same suites to compare them."
