"""Whether each model knows what it does not know, in a few numbers from stored answers: detection and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustcore import metrics
from robustcore.datasets._base import Dataset
from robustcore.detection import scores
from robustcore.display import display_name
from robustcore.evaluation import Store, Subject, api
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store import inventory
from robustcore.evaluation.store.predictions import Predictions
from robustcore.reports import calibration
from robustcore.reports.calibration import shipped_bins
from robustcore.reports.overview import unknown

COLUMNS = ("model", *unknown.SCORES, "fpr95", "debiased", "ece", "aurra")
SCORE = "max_logit"  # of FPR95, and of what is read from rows of the inventory: it suits many classes too


def gather(models: Sequence[Subject], dataset: Dataset, store: Store) -> pd.DataFrame:
    """What is stored of the models on clean images, and of scenes on unknown shapes; computes nothing.

    Args:
        models: as results know them.
        dataset: that they were scored on.
        store: of results.

    Returns:
        `COLUMNS`, a row for each model, 0 .. 1, NaN where nothing is stored: the AUROC of each of `unknown.SCORES` on unknown shapes,
        and the FPR95 of `SCORE`; the calibration errors on clean images (debiased RMS, ECE), and AURRA.
    """
    cells = calibration.as_stored(api.prepare(EvaluationRequest.of(list(models), dataset, "clean")).cells, store)
    table = calibration.gather(cells, store).table[["model", "debiased", "ece", "aurra"]]
    if dataset.name == "scenes":
        detected = unknown.gather(list(models), dataset, store=store)
        table = table.merge(detected.pivot(index="model", columns="score", values="auroc").reset_index(), on="model")
        table = table.merge(detected.loc[detected["score"] == SCORE, ["model", "fpr95"]], on="model")
    return table.reindex(columns=list(COLUMNS))


def of_listed(rows: pd.DataFrame, store: Store) -> dict[str, Any]:
    """The same of one model on one data set, whose images need not be here.

    Args:
        rows: of `inventory.listing`, of one model, data set and precision.
        store: of these results.

    Returns:
        auroc and fpr95 of `SCORE`, the mean over the stored sets of unknown images, and unknown, the names of these sets; debiased, the
        calibration error on clean images. What is not stored is missing.
    """
    clean = rows[rows["kind"] == "clean"].sort_values("n").tail(1)
    known = _predictions(clean, store)
    if known is None:
        return {}
    values: dict[str, Any] = {}
    bins = shipped_bins.of_answers(known)
    if bins is not None and bins.images.sum():
        values["debiased"] = bins.debiased_rms
    own = scores.from_stored(scores.get(SCORE), known)
    by_set: dict[str, Mapping[str, float]] = {}
    for name, part in rows[rows["kind"] == "unknown"].groupby("name"):
        predictions = _predictions(part.sort_values("n").tail(1), store)
        strange = None if predictions is None else scores.from_stored(scores.get(SCORE), predictions)
        if own is not None and strange is not None:
            by_set[str(name)] = {m: float(metrics.get(m)(known=own, unknown=strange)) for m in ("auroc", "fpr95")}
    if by_set:
        values |= {str(name): value for name, value in pd.DataFrame(by_set).mean(axis=1).items()}
        values["unknown"] = ", ".join(display_name(name, "unknown") for name in by_set)
    return values


def _predictions(row: pd.DataFrame, store: Store) -> Predictions | None:
    """The stored predictions of one row of the inventory; None where there is no row or they are not all stored."""
    if row.empty:
        return None
    (found,) = row.to_dict("records")
    return store.predictions(inventory.cell_of(found))
