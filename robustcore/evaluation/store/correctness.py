"""Which images are classified correctly: of many cells at once, what an interval over images is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcore.evaluation.plan import Cell, Key, shard_sizes
from robustcore.evaluation.store import queries
from robustcore.evaluation.store.predictions import Ints
from robustcore.evaluation.store.store import Store


@dataclasses.dataclass(frozen=True)
class Answered:
    """A model's answers to a cell's images, in the dataset's order.

    Attributes:
        labels, classes: (n,) int32, in the model's classes: what is right, and what was answered.
    """

    labels: Ints
    classes: Ints

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """(n,) whether an image has a label."""
        return np.asarray(self.labels >= 0)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the answer is right; never that to an image without a label."""
        return np.asarray(self.labelled & (self.labels == self.classes))

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(m,) whether the answer is right, of the images that have a label: all of them, in most datasets."""
        labelled = self.labelled
        return self.right if labelled.all() else self.right[labelled]


def answers(cells: Sequence[Cell], store: Store) -> dict[Key, Answered]:
    """The answers of each cell of which all images are stored. Sequences, with several answers an image, are left out."""
    wanted = {cell.key: shard_sizes(cell.size) for cell in cells if cell.condition.kind != "sequence"}
    parts: dict[Key, dict[int, tuple[Ints, Ints]]] = {key: {} for key in wanted}
    for layer in store.layers():
        missing = [c for c in cells if c.key in wanted and len(parts[c.key]) < len(wanted[c.key])]
        if not missing:
            break
        with layer.open() as connection:
            keys = {row["id"]: key for key, row in queries.cells(connection, missing).items()}
            for cell, shard, unit in queries.answers(connection, list(keys)):
                key = keys[cell]
                sizes = wanted[key]
                if shard < len(sizes) and len(unit) >= sizes[shard]:
                    n = sizes[shard]
                    parts[key].setdefault(shard, (unit.labels[:n], unit.classes[:n, 0]))
    return {
        key: Answered(*(np.concatenate([have[shard][i] for shard in sorted(have)]) for i in (0, 1)))
        for key, have in parts.items()
        if len(have) == len(wanted[key])
    }
