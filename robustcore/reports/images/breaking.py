"""Images that a model loses first and last."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from robustcore.reports.images.answered import Answered


@dataclasses.dataclass(frozen=True)
class Breaking:
    """The images that can be lost, those that break first at the beginning.

    Attributes:
        places: (m,) in the dataset.
        severity: (m,) the lowest severity at which an image is lost under any of the conditions; 0 where it never is, or where
            conditions have no severities.
        lost: (m,) the number of conditions under which it is lost.
        conditions: how many conditions there are.
        wrong_when_clean: how many images are left out, since they are wrong even when clean.
    """

    places: npt.NDArray[np.int64]
    severity: npt.NDArray[np.int64]
    lost: npt.NDArray[np.int64]
    conditions: int
    wrong_when_clean: int

    @property
    def never(self) -> int:
        """How many images are never lost."""
        return int((self.lost == 0).sum())


def breaking(answered: Answered, name: str = "") -> Breaking:
    """The images in the order in which a model loses them.

    Under one corruption that is by the lowest severity, then by the number of severities; under several by the share of
    conditions. Of equal images the one that the model is less sure of when clean comes first, where that is stored.

    Args:
        answered: its answers.
        name: of a corruption; "" stands for all.
    """
    rows = answered.rows(name)
    counts = np.flatnonzero(answered.counts)
    lost = ~answered.held[rows][:, counts]
    levels = np.array([answered.conditions[row].severity or 0 for row in rows], np.int64)
    most = np.iinfo(np.int64).max
    first = np.where(lost, np.where(levels > 0, levels, most)[:, None], most).min(0, initial=most)
    number = lost.sum(0)
    sure = np.nan_to_num(answered.confidence[0, counts], nan=0)
    keys = (sure, -number, first) if name else (sure, first, -number)
    order = np.lexsort(keys)
    return Breaking(
        places=counts[order].astype(np.int64),
        severity=np.where(first == most, 0, first)[order],
        lost=number[order].astype(np.int64),
        conditions=len(rows),
        wrong_when_clean=answered.images - len(counts),
    )
