"""Calibration errors of models by condition, read from what is stored; nothing is computed by a network."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import metrics
from robustcore.evaluation import operations
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.store.store import Store
from robustcore.metrics import bootstrap, calibration
from robustcore.metrics.calibration import Bins
from robustcore.reports.calibration import shipped_bins

DRAWS = 400
COLUMNS = (
    "model",
    "kind",
    "name",
    "severity",
    "n",
    "accuracy",
    "confidence",
    "rms_calibration",
    "debiased",
    "debiased_low",
    "debiased_high",
    "ece",
    "aurra",
    "source",
    "reason",
)
ANSWERS, SHIPPED = "answers", "bins"  # what a row was read from


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Models under conditions.

    Attributes:
        table: `COLUMNS`, a row for each cell: n, the labelled images; accuracy, mean confidence and all errors 0 .. 1; debiased, the RMS error
            without what chance adds, with its 95 % interval over images; source, "answers" where each answer's confidence is
            stored, "bins" where bins of 100 are (then ece and aurra are NaN); reason, why there is no value.
        bins: key -> bins of 100 images.
        answers: key -> (confidence, right), (n,) each, where they are stored.
    """

    table: pd.DataFrame
    bins: Mapping[Key, Bins]
    answers: Mapping[Key, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]


def as_stored(cells: Sequence[Cell], store: Store) -> list[Cell]:
    """The same cells with no more images than are stored of each, the first ones; one of which none is stored stays as it is."""
    stored = store.stored(cells)
    shortened = []
    for cell in cells:
        count, shards = 0, stored.get(cell.key, {})
        for unit in cell.units():
            present = min(shards.get(unit.shard, 0), unit.n)
            count += present
            if present < unit.n:
                break
        shortened.append(dataclasses.replace(cell, size=count) if count else cell)
    return shortened


def gather(cells: Sequence[Cell], store: Store, *, draws: int = DRAWS, seed: int = 0) -> Calibration:
    """The calibration of some cells.

    Args:
        cells: models under conditions, as `evaluation.api.prepare` plans them.
        store: of results.
        draws, seed: of the bootstrap over images.
    """
    shipped = shipped_bins.load()
    rows: list[dict[str, Any]] = []
    bins: dict[Key, Bins] = {}
    answers: dict[Key, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] = {}
    weights: dict[int, npt.NDArray[np.float32]] = {}
    for cell in cells:
        condition = cell.condition
        row: dict[str, Any] = {
            "model": cell.model.name,
            "kind": condition.kind,
            "name": condition.name,
            "severity": condition.severity,
            **dict.fromkeys(COLUMNS[4:-2], math.nan),
            "source": "",
            "reason": "",
        }
        rows.append(row)
        if reason := operations.of(condition).unlabelled(condition):
            row["reason"] = reason
            continue
        if condition.kind == "sequence":
            row["reason"] = "an image of a sequence has an answer for each of its frames"
            continue
        predictions = store.predictions(cell)
        own = shipped_bins.of_answers(predictions)
        if own is not None and predictions is not None and predictions.confidence is not None:
            labelled = predictions.labels >= 0
            sure = predictions.confidence[labelled].astype(np.float64)
            right = predictions.correct[labelled].astype(np.float64)
            if not len(sure):
                row["reason"] = "none of the images has a label"
                continue
            bins[cell.key], answers[cell.key] = own, (sure, right)
            if len(sure) not in weights:
                weights[len(sure)] = bootstrap.weights(len(sure), draws, seed)
            drawn = calibration.debiased_in_drawings(sure, right, weights[len(sure)])
            row["source"] = ANSWERS
            for name in ("ece", "aurra"):
                row[name] = float(metrics.get(name)(confidence=sure, right=right))
        elif (kept := shipped.get(cell.key)) is not None and kept.images.sum() == cell.size:
            bins[cell.key] = kept
            drawn = calibration.debiased_in_bins(kept, draws, seed)
            row["source"] = SHIPPED
        else:
            evaluated = predictions is not None
            row["reason"] = "confidences are not stored answer by answer" if evaluated else "not evaluated"
            continue
        binned = bins[cell.key]
        low, high = bootstrap.interval(drawn)
        row |= {
            "n": int(binned.images.sum()),
            "accuracy": float(binned.images @ binned.accuracy / binned.images.sum()),
            "confidence": float(binned.images @ binned.confidence / binned.images.sum()),
            "rms_calibration": binned.rms,
            "debiased": binned.debiased_rms,
            "debiased_low": float(low),
            "debiased_high": float(high),
        }
    return Calibration(pd.DataFrame(rows, columns=list(COLUMNS)), bins, answers)
