"""Which of a comparison's images each model answers rightly: what intervals are drawn from, and images chosen by."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Condition, Store, plan
from robustcore.evaluation.condition import RELEASED
from robustcore.evaluation.store.correctness import Answered, answers
from robustcore.reports.compare.comparison import Comparison, cell_of


@dataclasses.dataclass(frozen=True)
class Answers:
    """The answers to each image, in the dataset's order, all models to the same images.

    Attributes:
        cells: (model, canonical condition) -> the answers; a cell that is not stored whole is not there.
    """

    cells: Mapping[tuple[str, str], Answered]

    @property
    def images(self) -> int:
        """The largest number of images under one condition."""
        return max((len(cell.labels) for cell in self.cells.values()), default=0)

    def right(self, model: str, conditions: list[str]) -> npt.NDArray[np.float32] | None:
        """(n,) the share of the conditions under which each image is answered rightly; None where answers are missing.

        With different numbers of images the least of them counts.
        """
        cells = [self.cells.get((model, condition)) for condition in conditions]
        correct = [part.correct for part in cells if part is not None]
        if not correct or len(correct) < len(cells):
            return None
        n = min(map(len, correct))
        right: npt.NDArray[np.float32] = np.mean([part[:n] for part in correct], axis=0, dtype=np.float32)
        return right


def read(comparison: Comparison, dataset: Dataset, *, store: Store | Path | str | None = None) -> Answers:
    """The stored answers behind the rows of a comparison.

    Args:
        comparison: as gathered; published figures in it have no answers.
        dataset: what it was gathered on.
        store: as in `evaluate`.
    """
    rows = comparison.rows[comparison.rows["n"] > 0]
    released = rows[rows["storage"] == RELEASED].sort_values("n", kind="stable")
    cells = [cell_of(row, comparison.subjects) for row in released.to_dict("records")]
    rows = rows[rows["storage"] != RELEASED]
    wanted = set(zip(rows["model"], rows["condition"], rows["n"], strict=True))
    for n in sorted({n for *_, n in wanted}):
        conditions = {c: Condition.from_dict(json.loads(c)) for _, c, size in wanted if size == n}
        planned = plan.make(
            comparison.subjects, dataset, list(conditions.values()), limit=int(n), seed=comparison.provenance.seed
        )
        cells += [cell for cell in planned if (cell.model.name, cell.condition.canonical(), n) in wanted]
    stored = answers(cells, store if isinstance(store, Store) else Store(store))
    by_name: dict[tuple[str, str], Answered] = {}
    for cell in cells:  # the smaller numbers of images first: the clean answers stay those to the most images
        if cell.key in stored:
            by_name[cell.model.name, cell.condition.canonical()] = stored[cell.key]
    return Answers(by_name)
