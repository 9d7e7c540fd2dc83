"""The trace of an attack, query by query, for display."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from robustcore.attacks.goals import Goal

TOP = 5
# Longer attacks are thinned evenly to keep traces small: to this many queries, fewer for large images.
MAX_ENTRIES, MIN_ENTRIES = 200, 20
MAX_BYTES = 16 << 20


@dataclasses.dataclass(frozen=True)
class Trace:
    """T queries on N images, on the CPU. An image that was finished earlier keeps its last entry.

    Attributes:
        queries: (T,) int64, the number of each query, from 1.
        images: (T, N, 3, H, W) float32 in [0, 1], as queried.
        loss: (T, N) float32 cross-entropy of the label, or of the target where there is one.
        margin: (T, N) float32, below 0 where the goal is reached.
        classes: (T, N, k) int64, the k <= 5 most likely classes, best first.
        probabilities: (T, N, k) float32, of these classes.
    """

    queries: Tensor
    images: Tensor
    loss: Tensor
    margin: Tensor
    classes: Tensor
    probabilities: Tensor

    @classmethod
    def join(cls, parts: list[Trace]) -> Trace:
        """Traces of several groups of images, side by side; a shorter one keeps its last entry."""
        longest = max(parts, key=lambda p: len(p.queries))
        T = len(longest.queries)
        fields = {}
        for field in dataclasses.fields(cls):
            if field.name != "queries":
                whole = [
                    torch.cat([v, v[-1:].expand(T - len(v), *v.shape[1:])])
                    for p in parts
                    for v in [getattr(p, field.name)]
                ]
                fields[field.name] = torch.cat(whole, dim=1)
        return cls(longest.queries, **fields)


class Recorder:
    """Collects a trace over at most about `MAX_ENTRIES` queries, and at most about `MAX_BYTES` of images."""

    def __init__(self, planned: int) -> None:
        self._planned, self._every, self._seen = planned, 1, 0
        self._entries: list[tuple[Tensor, ...]] = []
        self._queries: list[int] = []
        self._left_out: tuple[Tensor, Tensor, Tensor, Goal] | None = None

    def record(self, rows: Tensor, x: Tensor, logits: Tensor, goal: Goal) -> None:
        """Record one query: the images `rows` of the n were queried as `x`, with the output `logits`."""
        if not self._seen:  # the first query asks for all images
            entries = max(MIN_ENTRIES, min(MAX_ENTRIES, MAX_BYTES // x.nbytes))
            self._every = -(-self._planned // entries)
        self._seen += 1
        if (self._seen - 1) % self._every:
            self._left_out = rows, x.clone(), logits, goal
        else:
            self._left_out = None
            self._keep(rows, x, logits, goal)

    def _keep(self, rows: Tensor, x: Tensor, logits: Tensor, goal: Goal) -> None:
        best, classes = logits.softmax(dim=1).topk(min(TOP, logits.shape[1]), dim=1)
        new = [v.detach().to("cpu", copy=True) for v in (x, goal.loss(logits), goal.margin(logits), classes, best)]
        if self._entries:
            rows, parts = rows.cpu(), new
            new = [old.clone() for old in self._entries[-1]]
            for whole, part in zip(new, parts, strict=True):
                whole[rows] = part
        self._entries.append(tuple(new))
        self._queries.append(self._seen)

    def trace(self) -> Trace | None:
        """The collected trace, always with the last query; None without any query."""
        if self._left_out is not None:
            self._keep(*self._left_out)
            self._left_out = None
        if not self._entries:
            return None
        return Trace(torch.tensor(self._queries), *(torch.stack(v) for v in zip(*self._entries, strict=True)))
