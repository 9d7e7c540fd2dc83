"""Every attack that was evaluated, whatever its settings: white-box, and crafted on other models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustcore.datasets._base import Dataset, prepared_for
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.evaluation import Condition, Store, Subject, lookup, operations
from robustcore.evaluation.store import queries
from robustcore.metrics import accuracies
from robustcore.notes import Note, note
from robustcore.reports.provenance import Footer, Provenance

COLUMNS = [
    "model",
    "attack",
    "settings",
    "surrogate",
    "n",
    "accuracy",
    "low",
    "high",
    "success",
    "linf",
    "l2",
    "condition",
]
_VALUES = ("success", "linf", "l2")


@note
def attack_is_unknown(attack: str, reason: str) -> str:
    return f"Results under {attack} are stored and not shown: {reason}"


def attacks(
    models: Sequence[Subject], dataset: Dataset, *, seed: int = 0, store: Store | Path | str | None = None
) -> pd.DataFrame:
    """What is stored of the models under whatever attack; computes nothing.

    Args:
        models: as results know them.
        dataset: what they were scored on.
        seed, store: as in `evaluate`.

    Returns:
        One row for each model, attack, settings and surrogate: model, attack (the registered name), settings (its parameters, "" for
        its defaults), surrogate (the model that it was crafted on, "" for the model itself), n, accuracy with its 95 % interval low
        and high, the means success, linf and l2, and condition (its canonical form). `attrs["notes"]` says what is stored and cannot be
        shown here, `attrs["provenance"]` where the rows come from.
    """
    results = store if isinstance(store, Store) else Store(store)
    conditions, names, notes = stored_conditions(models, dataset, results)
    by_fields = {(c.name, json.dumps(c.parameters, sort_keys=True)): c for c in conditions}
    stored = lookup(list(models), dataset, conditions or "clean", seed=seed, store=results)
    rows = []
    for row in accuracies.accuracy(stored[(stored["n"] > 0) & (stored["kind"] == "attack")]).to_dict("records"):
        condition = by_fields[row["name"], row["params"] or "{}"]
        parameters = dict(condition.parameters)
        surrogate = parameters.pop("surrogate", "")
        if surrogate and names.get(surrogate) == row["model"]:
            continue  # crafted on itself it is the white-box attack again
        order = float(parameters.get("eps") or 0)
        written = Condition("attack", row["name"], params=tuple(parameters.items())).written()
        settings = ", ".join(f"{name} {text}" for name, text in sorted(written.items()))
        fields = {
            "attack": row["name"],
            "settings": settings,
            "surrogate": names.get(surrogate, surrogate[:12]),
            "order": order,
            "condition": condition.canonical(),
        }
        rows.append({**{column: row.get(column) for column in COLUMNS}, **fields})
    table = pd.DataFrame(rows, columns=[*COLUMNS, "order"]).astype(dict.fromkeys(_VALUES, float))
    table = table.sort_values(["attack", "order", "settings", "surrogate", "model"], kind="stable", ignore_index=True)
    table = table[COLUMNS]
    table.attrs |= {
        "notes": notes,
        "provenance": Provenance.of(
            stored[stored["kind"] == "attack"] if len(table) else stored,
            suites=("attacks",),
            storage="memory",
            seed=seed,
        ),
    }
    return table


def titles(table: pd.DataFrame) -> dict[str, str]:
    """Canonical condition -> what people call it, with its settings and its surrogate, of the rows of `attacks`; no two are alike."""
    named: dict[str, str] = {}
    for row in table.drop_duplicates("condition").to_dict("records"):
        settings = f" ({row['settings']})" if row["settings"] else ""
        crafted = f", crafted on {row['surrogate']}" if row["surrogate"] else ""
        title = f"{display_name(row['attack'], 'attack')}{settings}{crafted}"
        alike = sum(other.partition(" #")[0] == title for other in named.values())  # two surrogates of one name
        named[row["condition"]] = f"{title} #{alike + 1}" if alike else title
    return named


def stored_conditions(
    models: Sequence[Subject], dataset: Dataset, store: Store
) -> tuple[list[Condition], dict[str, str], list[Note]]:
    """The attacks that results are stored of; fingerprint -> name of models; and notes of what is stored and unknown here."""
    names: dict[str, str] = {}
    conditions: dict[Condition, None] = {}
    notes: dict[Note, None] = {}
    prints = dict.fromkeys(prepared_for(dataset, model.preparation).fingerprint for model in models)
    for layer in store.layers():
        with layer.open() as connection:
            names |= queries.model_names(connection)
            for fingerprint in prints:
                for form in queries.conditions(connection, fingerprint, "attack"):
                    condition = Condition.from_dict(json.loads(form))
                    try:
                        operations.check(condition)
                    except RobustcoreError as error:  # its plug-in is not loaded, or it takes other options now
                        notes[attack_is_unknown(condition.name, str(error))] = None
                    else:
                        conditions[condition] = None
    return list(conditions), names, list(notes)


def stored_surrogates(models: Sequence[Subject], dataset: Dataset, store: Store) -> set[str]:
    """The fingerprints of the models that stored attacks were crafted on."""
    conditions, _, _ = stored_conditions(models, dataset, store)
    return {str(c.parameters["surrogate"]) for c in conditions if "surrogate" in c.parameters}


def footer(table: pd.DataFrame) -> Footer:
    """The footer of a table of `attacks`, which is not empty."""
    origin: Provenance = table.attrs["provenance"].only(list(dict.fromkeys(table["model"])))
    return origin.footer(formula="Accuracy and success under the attack, float32", interval="Intervals: 95 % (Wilson)")
