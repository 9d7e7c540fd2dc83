"""What an evaluation costs, estimated before it is started."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence

import numpy as np
import torch

from robustcore import devices
from robustcore.datasets import left_out
from robustcore.datasets.released.alone import without_clean
from robustcore.evaluation import operations, plan
from robustcore.evaluation.api import Evaluation
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Cell, Group, Unit
from robustcore.evaluation.run import resources
from robustcore.evaluation.run.scorer import Scorer
from robustcore.evaluation.store.store import Result, Store

LONG_SECONDS = 15 * 60.0
# What one image adds to the results file, and one unit: measured with 12 and with 1,000 classes.
_BYTES_PER_IMAGE = 45
_BYTES_PER_UNIT = 600

# (device, model, operation, side) -> seconds for one image: a second estimate takes no second calibration.
_timed: dict[tuple[str, str, str, int], float] = {}
_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What an evaluation costs.

    Attributes:
        units: of the whole plan.
        cached: of them, those that are stored already.
        images: scored images that are still to be computed, one for each model and condition.
        seconds: about how long that takes on this device.
        bytes: about how much the results file grows.
        device: for people, a GPU with its free memory.
        advice: what to change where it takes long, else "".
        left_out: a sentence for whatever of the dataset's folder is not among its images, and where it has fewer than were asked for.
    """

    units: int
    cached: int
    images: int
    seconds: float
    bytes: int
    device: str
    advice: str
    left_out: tuple[str, ...] = ()


def estimate(evaluation: Evaluation, store: Store | None = None) -> Estimate:
    """Count what is pending, and time each model and each operation on a few images.

    Args:
        evaluation: what `api.prepare` returned; it would run on its request's device.
        store: default the one under the cache.
    """
    pending = evaluation.pending(store or Store())
    device = devices.pick(evaluation.request.device)
    seconds = 0.0
    if pending.units:
        threads, _ = resources.workers(device, len(pending.groups))
        seconds = _seconds(evaluation, pending.groups, device) / threads
    images = sum(unit.n for unit in pending.units)
    return Estimate(
        units=pending.total,
        cached=pending.total - len(pending.units),
        images=images,
        seconds=seconds,
        bytes=images * _BYTES_PER_IMAGE + len(pending.units) * _BYTES_PER_UNIT,
        device=resources.describe_now(device),
        advice=_advice(seconds, evaluation.cells, device),
        left_out=tuple(
            note.text
            for note in (
                *left_out(evaluation.dataset),
                *plan.beyond(evaluation.dataset, evaluation.request.limit),
            )
        ),
    )


def forget_timings() -> None:
    """Calibrate anew at the next estimate, as on a machine that has become faster or slower."""
    with _lock:
        _timed.clear()


def _seconds(evaluation: Evaluation, groups: Sequence[Group], device: torch.device) -> float:
    """Seconds of one thread for all of these groups."""
    clock = _Clock(evaluation, device)
    decoding = 0.0 if without_clean(evaluation.dataset) else clock.decoding()
    total = decoding * sum({group.shard: group.n for group in groups}.values())
    for group in groups:
        operation = operations.of(group.condition)
        plain = group.condition if without_clean(evaluation.dataset) else Condition.clean()
        scoring = [clock.seconds(unit.cell, plain) for unit in group.units]
        if operation.needs_model and not operation.is_shared(group.condition):
            total += group.n * sum(clock.seconds(unit.cell, group.condition) for unit in group.units)
        else:
            # Applied once for all models: what one model takes beyond its clean images.
            applying = max(0.0, clock.seconds(group.units[0].cell, group.condition) - scoring[0])
            total += group.n * (applying + sum(scoring) * operation.frames(group.condition, evaluation.dataset.side))
    return total


class _Clock:
    """Times units of a few images."""

    def __init__(self, evaluation: Evaluation, device: torch.device) -> None:
        self._evaluation, self._device = evaluation, device
        side = evaluation.dataset.side
        self._n = int(np.clip(32 * 64 * 64 // side**2, 4, 32))
        self._n = min(self._n, len(evaluation.dataset))
        self._scorer: Scorer | None = None

    def decoding(self) -> float:
        """Seconds to decode one image."""
        key = ("", self._evaluation.dataset.fingerprint, "decoding", self._evaluation.dataset.side)
        with _lock:
            if key not in _timed:
                began = time.perf_counter()
                for place in range(self._n):
                    self._evaluation.dataset[place]
                _timed[key] = (time.perf_counter() - began) / self._n
            return _timed[key]

    def seconds(self, cell: Cell, condition: Condition) -> float:
        """Seconds for one image of a model under a condition; NaN where it fails."""
        condition, times = operations.of(condition).sample(condition)
        # The radius changes what an attack takes too, but not by as much as another norm or version.
        settings = {name: value for name, value in condition.parameters.items() if name != "eps"}
        what = (
            f"{condition.kind} {condition.name} {settings}"
            if condition.kind == "attack"
            else f"{condition.kind} {condition.name}"
        )
        key = (str(self._device), cell.key.model, what, self._evaluation.dataset.side)
        with _lock:
            if key not in _timed:
                _timed[key] = self._measure(dataclasses.replace(cell, condition=condition))
            return times * _timed[key]

    def _measure(self, cell: Cell) -> float:
        if self._scorer is None:
            surrogates = {**self._evaluation.models, **self._evaluation.surrogates}
            self._scorer = Scorer(
                self._evaluation.models, self._evaluation.dataset, device=self._device, surrogates=surrogates
            )
        unit = Unit(cell, 0, self._n)
        before = torch.get_num_threads()
        torch.set_num_threads(resources.workers(self._device, 1 << 30)[1])
        try:
            spent = []
            for _ in range(3):  # the first one warms up
                (outcome,) = self._scorer.run(Group(cell.condition, 0, self._n, (unit,)))
                if not isinstance(outcome, Result):
                    return float("nan")
                spent.append(outcome.seconds)
            return min(spent[1:]) / self._n
        finally:
            torch.set_num_threads(before)


def _advice(seconds: float, cells: Sequence[Cell], device: torch.device) -> str:
    if not seconds > LONG_SECONDS:
        return ""
    size = max(cell.size for cell in cells)
    fitting = max(plan.SHARD, int(size * LONG_SECONDS / seconds) // plan.SHARD * plan.SHARD)
    ways = []
    if fitting < size:
        ways.append(f"{fitting} images instead of {size} take about a quarter of an hour")
    ways.append("fewer severities or models take proportionally less")
    if device.type == "cpu":
        ways.append("a CUDA device is many times faster")
    return "This takes long: " + "; ".join(ways) + "."
