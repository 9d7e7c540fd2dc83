"""Tables: what is stored of a plan, as a tidy data frame with one row for each model and condition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustcore.attacks import budgets
from robustcore.attacks import cautions as attack_cautions
from robustcore.datasets.scenes import filtered_shift
from robustcore.evaluation import operations
from robustcore.evaluation.plan import Cell, Subject
from robustcore.evaluation.store.predictions import LABELLED, Counts
from robustcore.evaluation.store.store import Store, Totals
from robustcore.notes import Note, note

COLUMNS = (
    "model",
    "dataset",
    "split",
    "kind",
    "name",
    "severity",
    "strength",
    "variant",
    "storage",
    "params",
    "seed",
    "precision",
    "preparation",
    "n",
    "correct",
    "accuracy",
    "top5",
    "confidence",
    "model_fingerprint",
    "dataset_fingerprint",
    "condition_fingerprint",
    "shipped",
    "updated",
    "caution",
    "reason",
)


def table(cells: Sequence[Cell], store: Store) -> pd.DataFrame:
    """What is stored of a plan.

    Columns: model, dataset, split; kind, name, severity (Int64), strength (a text: "uniform", a number, or missing),
    variant, storage, params (JSON, "" for none); seed, precision; preparation (of the images, where the model brings its own,
    else ""); n images, correct answers; accuracy, top5 and
    confidence (mean greatest softmax probability), each 0 .. 1; the mean of each further per-image number under its
    own name; model_fingerprint, dataset_fingerprint, condition_fingerprint; shipped (whether it comes with the
    package), updated (UTC), caution (what has to be said beside the numbers of the model or of this row, "" for nothing), and a reason wherever a number is undefined or n is smaller than what was asked for.
    """
    totals = store.totals(cells)
    failures = store.failures(cells)
    probed = {cell.key.model: _probed(store, cell.model) for cell in {cell.key.model: cell for cell in cells}.values()}
    rows = [
        _row(cell, total, [note for _, note in failures.get(cell.key, [])])
        | {"caution": " ".join(dict.fromkeys(note.text for note in _cautions(cell, total, probed[cell.key.model])))}
        for cell, total in zip(cells, totals, strict=True)
    ]
    further = sorted({name for total in totals if total.counts for name in total.counts.values})
    frame = pd.DataFrame(rows, columns=[*COLUMNS[:-7], *further, *COLUMNS[-7:]])
    return frame.astype({"severity": "Int64", "strength": "string", "variant": "string"})


@note
def not_checked(model: str) -> str:
    return f"{model} is not on this machine: its results are shown as they are stored, not checked against its answers."


@note
def chosen_against_it(model: str) -> str:
    return (
        f"The images of {filtered_shift.SET} are errors of {model}: its accuracy there is 0 by construction and says nothing next to "
        "that of other models."
    )


def _probed(store: Store, model: Subject) -> list[Note]:
    """What the model's answers to the probe images showed, or that nobody could ask it."""
    notes = [note for _, _, notes in store.probes(model.fingerprint) for note in notes]
    return notes if model.is_here else [*notes, not_checked(model.name)]


def _cautions(cell: Cell, total: Totals, probed: Sequence[Note]) -> list[Note]:
    """What has to be said of the model, and of it under this condition: that an attack met masked gradients, say."""
    own = _of_condition(cell, total.counts) if total.counts is not None else []
    if any(note.kind == "answers_are_probabilities" for note in probed):  # which says the same of attacks
        own = [note for note in own if note.kind != "attack_met_probabilities"]
    return [*probed, *own]


def _of_condition(cell: Cell, counts: Counts) -> list[Note]:
    condition, model = cell.condition, cell.model.name
    if condition.kind == "shift" and condition.name == filtered_shift.SET:
        against = filtered_shift.chosen_against()[1] == cell.key.model
        return [chosen_against_it(model)] if against else []
    if condition.kind != "attack":
        return []
    if _is_of_nothing(counts):
        return [attack_cautions.nothing_to_attack(model)]
    shares = {name: value / counts.n for name, value in counts.values.items()}
    eps, norm = condition.parameters.get("eps"), condition.norm
    within = f"{budgets.TITLES[norm]} {budgets.written(eps, norm)}" if isinstance(eps, float) else ""
    version = str(condition.parameters.get("version", ""))
    return attack_cautions.of_shares(model, shares, within=within, version=version)


def distinct(cautions: Iterable[str]) -> list[str]:
    """Cautions of several rows without those that are said within another one."""
    said = list(dict.fromkeys(filter(None, cautions)))
    return [one for one in said if not any(one != other and one in other for other in said)]


def _is_of_nothing(counts: Counts) -> bool:
    """Whether an attack changed no image because the model misclassifies all of them when clean."""
    return counts.correct == 0 and counts.values.get("linf") == 0


def _row(cell: Cell, total: Totals, failures: Sequence[str]) -> dict[str, Any]:
    condition = cell.condition
    row: dict[str, Any] = {
        "model": cell.model.name,
        "dataset": cell.dataset,
        "split": cell.split,
        "kind": condition.kind,
        "name": condition.name,
        "severity": condition.severity,
        "strength": None if condition.strength is None else str(condition.strength),
        "variant": condition.variant,
        "storage": condition.storage,
        "params": json.dumps(condition.parameters, sort_keys=True) if condition.params else "",
        "seed": cell.key.seed,
        "precision": cell.key.precision,
        "preparation": cell.preparation,
        "model_fingerprint": cell.key.model,
        "dataset_fingerprint": cell.key.dataset,
        "condition_fingerprint": cell.key.condition,
        "shipped": total.shipped,
        "updated": total.updated,
    }
    counts = total.counts
    if counts is None:
        why = cell.missing or (failures[0] if failures else "not evaluated")
        return row | {"n": 0, "correct": 0, "accuracy": np.nan, "top5": np.nan, "confidence": np.nan, "reason": why}
    reason = ""
    if counts.n < cell.size:
        missing = f"{cell.size - counts.n} of {cell.size} images are missing"
        reason = missing + (f": {failures[0]}" if failures else "")
    elif counts.confidence is None:
        reason = "these results hold one class per image: no top-5 and no confidence"
    unlabelled = operations.of(condition).unlabelled(condition)
    answers = float(counts.answers)  # answers that can be right or wrong
    if LABELLED in counts.values:
        labelled = round(counts.values[LABELLED])
        answers *= labelled / counts.n
        why = f"only {labelled} of {counts.n} images have a label" if labelled else "the images have no labels"
        reason = "; ".join(filter(None, (why, reason)))
    undefined = bool(unlabelled) or answers == 0
    values = {name: value / counts.n for name, value in counts.values.items()}
    if condition.kind == "attack" and "success" in values and _is_of_nothing(counts):
        values["success"] = np.nan
        reason = "; ".join(
            filter(None, ("no image was classified correctly when clean, so that none was attacked", reason))
        )
    return row | {
        "n": counts.n,
        "correct": counts.correct,
        "accuracy": np.nan if undefined else counts.correct / answers,
        "top5": np.nan if undefined or counts.top5 is None else counts.top5 / answers,
        "confidence": np.nan if counts.confidence is None else counts.confidence / counts.answers,
        **values,
        "reason": "; ".join(filter(None, (unlabelled, reason))),
    }
