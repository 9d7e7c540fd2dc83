"""Weighted sums of rows, each row's terms added one after another: one pass of SciPy's product of a sparse matrix and a dense one.

The bits are those of a loop that multiplies and adds whole arrays; but the sums stay in the processor, and no term is written down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]


class RowSums:
    """A map of rows to rows.

    Args:
        terms: in the order of the sum (rows, weights), both (M,): output row m adds weights[m] times input row rows[m].
        length: of the input.
    """

    def __init__(self, terms: Sequence[tuple[npt.NDArray[np.int64], Float32Array]], length: int) -> None:
        from scipy import sparse

        count = len(terms[0][0])
        rows, weights = (np.stack(part, axis=1).ravel() for part in zip(*terms, strict=True))
        ends = np.arange(0, len(rows) + 1, len(terms))
        self._matrix = sparse.csr_array((weights.astype(np.float32), rows, ends), shape=(count, length))

    def __call__(self, rows: Float32Array) -> Float32Array:
        """(length, ...) float32 -> (M, ...) float32."""
        sums: Float32Array = self._matrix @ rows.reshape(len(rows), -1)
        return sums.reshape(-1, *rows.shape[1:])
