"""What worker processes do for the page Calibration."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.workers.tasks import DatasetKey, ImagesKey, ModelKey
    from robustcore.evaluation.plan import Cell, Subject
    from robustcore.metrics.calibration import Bins
    from robustcore.reports.calibration import Mistakes, Tempered


@dataclasses.dataclass(frozen=True)
class Gathered:
    """One model under the conditions of a suite.

    Attributes:
        table: as `reports.calibration.Calibration` has it, and for each row its condition as canonical JSON.
        bins: condition -> bins of 100 images.
        keys: what the results are found by, as `reports.provenance.Provenance` has it.
    """

    table: pd.DataFrame
    bins: Mapping[str, Bins]
    keys: pd.DataFrame


def gathered(subject: Subject, dataset: DatasetKey, suite: str, seed: int) -> Gathered:
    """The calibration of a model, clean and under a suite."""
    from robustcore.evaluation import Store
    from robustcore.reports import calibration, provenance

    cells = _cells(subject, dataset, suite, seed)
    report = calibration.gather(cells, Store())
    names = [cell.condition.canonical() for cell in cells]
    bins = {name: report.bins[cell.key] for name, cell in zip(names, cells, strict=True) if cell.key in report.bins}
    return Gathered(report.table.assign(condition=names), bins, provenance.keys(cells))


def mistakes(subject: Subject, dataset: DatasetKey, condition: str, seed: int, count: int) -> Mistakes | None:
    """The surest wrong answers under a condition."""
    from robustcore.evaluation import Condition, Store
    from robustcore.reports import calibration

    wanted = Condition.from_dict(json.loads(condition))
    cells = _cells(subject, dataset, wanted, seed)
    (cell,) = [cell for cell in cells if cell.condition == wanted]
    return calibration.confident_mistakes(cell, Store(), count)


def keep(model: ModelKey, images: ImagesKey, stop: int) -> int:
    """Compute and keep the logits of the first images, which `tempered` reads; the number of them."""
    from robustcore.datasets import prepared_for
    from robustcore.detection import kept_outputs

    network = tasks.model_of(model)
    return len(
        kept_outputs.outputs_of(network, prepared_for(tasks.images_of(images), network.card.own_preparation), stop)
    )


def tempered(model: ModelKey, images: ImagesKey, validation: ImagesKey, limit: int) -> Tempered:
    """Confidences before and after a temperature that is fitted on validation images."""
    from robustcore.reports import calibration

    return calibration.tempered(
        tasks.model_of(model), tasks.images_of(images), tasks.images_of(validation), limit=limit
    )


def _cells(subject: Subject, dataset: DatasetKey, conditions: object, seed: int) -> list[Cell]:
    from robustcore.evaluation import Store, api
    from robustcore.evaluation.request import EvaluationRequest
    from robustcore.reports import calibration

    request = EvaluationRequest.of(subject, tasks.dataset_of(dataset), conditions, seed=seed)  # type: ignore[arg-type]
    return calibration.as_stored(api.prepare(request).cells, Store())
