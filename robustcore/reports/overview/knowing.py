"""Whether each model knows what it does not know, in a few numbers from stored answers: detection and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store, api
from robustcore.evaluation.plan import Subject
from robustcore.evaluation.request import EvaluationRequest
from robustcore.reports import calibration
from robustcore.reports.overview import unknown

COLUMNS = ("model", *unknown.SCORES, "debiased", "ece", "aurra")


def gather(models: Sequence[Subject], dataset: Dataset, store: Store) -> pd.DataFrame:
    """What is stored of the models on clean images, and of scenes on unknown shapes; computes nothing.

    Args:
        models: as results know them.
        dataset: that they were scored on.
        store: of results.

    Returns:
        `COLUMNS`, a row for each model, 0 .. 1, NaN where nothing is stored: the AUROC of each of `unknown.SCORES` on unknown shapes; the
        calibration errors on clean images (debiased RMS, ECE), and AURRA.
    """
    cells = calibration.as_stored(api.prepare(EvaluationRequest.of(list(models), dataset, "clean")).cells, store)
    table = calibration.gather(cells, store).table[["model", "debiased", "ece", "aurra"]]
    if dataset.name == "scenes":
        detected = unknown.gather(list(models), dataset, store=store)
        table = table.merge(detected.pivot(index="model", columns="score", values="auroc").reset_index(), on="model")
    return table.reindex(columns=list(COLUMNS))
