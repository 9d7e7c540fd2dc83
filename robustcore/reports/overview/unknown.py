"""Unknown classes: how well a model's confidence separates them from the classes it was trained on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import metrics
from robustcore.datasets._base import Dataset
from robustcore.detection import scores
from robustcore.evaluation import Store, api
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.predictions import Predictions
from robustcore.reports.compare.comparison import Models

CONDITION = Condition("shift", "scenes/unknown", params=(("clean", "scenes"),))
SCORES = ("msp", "max_logit")  # of the registry


def gather(
    models: Models, dataset: Dataset, *, limit: int | None = None, store: Store | Path | str | None = None
) -> pd.DataFrame:
    """What is stored of the models on clean and on unknown images; computes nothing.

    Returns:
        One row for each model and anomaly score (of `SCORES`, by name): every metric of scores (auroc, aupr, fpr95), 0 .. 1;
        known and unknown, the numbers of images; and why a number is NaN.
    """
    results = store if isinstance(store, Store) else Store(store)
    prepared = api.prepare(EvaluationRequest.of(models, dataset, CONDITION, limit=limit))
    by_model: dict[str, dict[str, Cell]] = {}
    for cell in prepared.cells:
        by_model.setdefault(cell.model.name, {})[cell.condition.kind] = cell
    rows: list[dict[str, Any]] = []
    for model, cells in by_model.items():
        known, unknown = results.predictions(cells["clean"]), results.predictions(cells["shift"])
        for score in SCORES:
            rows.append({"model": model, "score": score} | _measured(known, unknown, score))
    return pd.DataFrame(rows, columns=["model", "score", *_names(), "known", "unknown", "reason"])


def _names() -> list[str]:
    """The metrics of scores of known and unknown images."""
    return [metric.name for metric in metrics.of_input("scores")]


def _measured(clean: Predictions | None, unknown: Predictions | None, score: str) -> dict[str, Any]:
    undefined = {**dict.fromkeys(_names(), math.nan), "known": 0, "unknown": 0}
    if clean is None or unknown is None:
        return undefined | {"reason": "not evaluated"}
    a, b = (scores.from_stored(scores.get(score), each) for each in (clean, unknown))
    if a is None or b is None:
        return undefined | {"reason": "the stored predictions hold no logits"}
    values = {name: float(metrics.get(name)(known=a, unknown=b)) for name in _names()}
    return {**values, "known": len(a), "unknown": len(b), "reason": ""}
