"""Detection from stored answers: no network runs, for the scores and sets that results have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustcore.datasets._base import Dataset, prepared_for
from robustcore.detection import scores
from robustcore.detection.scores import Scores, from_stored
from robustcore.evaluation import Store, api
from robustcore.evaluation.plan import Subject
from robustcore.evaluation.request import EvaluationRequest
from robustcore.metrics import bootstrap
from robustcore.models.classifier import Card, Classifier
from robustcore.reports.detection import imagenet_o, table
from robustcore.reports.detection.sets import UnknownSet
from robustcore.reports.detection.table import DetectionReport


def from_results(
    model: Classifier | Subject | str,
    dataset: Dataset,
    sets: Sequence[UnknownSet],
    store: Store,
    *,
    limit: int | None = None,
    seed: int = 0,
) -> DetectionReport | None:
    """What stored answers to known and to unknown images give.

    Args:
        model: whose answers they are.
        dataset: of images that it knows.
        sets: of unknown images; those without stored answers are left out.
        store: of results.
        limit: the number of images of each set, the first ones.
        seed: of the bootstrap.

    Returns:
        The report of the scores and sets that the answers are enough for, as `detect` gives it; None where there are none, and where
        scores are over some of the logits, which stored answers do not have.
    """
    conditions = [each.condition for each in sets]
    cells = api.prepare(EvaluationRequest.of(model, dataset, conditions, limit=limit)).cells
    answers = {"" if cell.condition.kind == "clean" else cell.condition.name: store.predictions(cell) for cell in cells}
    clean = answers[""]
    subject = cells[0].model
    card = Card(subject.name, subject.classes, dataset.side, dataset.name)
    if clean is None or imagenet_o.logits_of(card, dataset, sets):
        return None
    known = {
        each.name: values for each in scores.registry.registered() if (values := from_stored(each, clean)) is not None
    }
    draws = table.draws_for(len(clean))
    known_weights = bootstrap.weights(len(clean), draws, seed)
    rows: list[dict[str, Any]] = []
    unknown: dict[tuple[str, str], Scores] = {}
    for each_set in sets:
        strange = answers.get(each_set.name)
        if strange is None:
            continue
        weights = bootstrap.weights(len(strange), draws, seed + 1)
        for name in known:
            values = from_stored(scores.get(name), strange)
            if values is None:
                continue
            unknown[name, each_set.name] = values
            rows.append(
                {"score": name, "set": each_set.name}
                | table.measured(known[name], values, known_weights, weights)
                | {"known": len(clean), "unknown": len(strange), "chance": len(strange) / (len(clean) + len(strange))}
            )
    if not rows:
        return None
    images = prepared_for(dataset, cells[0].model.preparation)
    with_values = {name for _, name in unknown}
    return DetectionReport(
        model=cells[0].model.name,
        dataset=images.name,
        split=images.split,
        known=len(clean),
        validation=0,
        validation_split="",
        sets=tuple(each for each in sets if each.name in with_values),
        table=pd.DataFrame(rows),
        known_scores={name: known[name] for name, _ in unknown},
        unknown_scores=unknown,
        draws=draws,
        answers={
            name: np.asarray(stored.classes[..., 0], np.int64)
            for name, stored in answers.items()
            if stored is not None and name in {"", *with_values}
        },
    )
