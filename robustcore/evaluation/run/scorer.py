"""The scorer: models and a dataset on a device, ready to compute units.

A shard is decoded once and moved to the device once; a condition is applied to it once and scored by every pending model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustcore import devices
from robustcore.datasets._base import UNLABELLED, Dataset, right_classes
from robustcore.errors import DatasetError, ModelError, RobustcoreError
from robustcore.evaluation import classes, operations, plan
from robustcore.evaluation.operations import Applied, Operation, Part
from robustcore.evaluation.plan import Group, Subject, Unit
from robustcore.evaluation.run.preparation import prepare
from robustcore.evaluation.store.predictions import LABELLED, Predictions
from robustcore.evaluation.store.store import Result
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note
from robustcore.paths import printable

# Images of one batch times their side, to begin with. On the CPU a batch is small enough for its activations to be
# reused from freed memory: with 256 images of 64 pixels a small network takes 1.6 times as long as with 64.
_BATCH_TIMES_SIDE = {"cpu": 64 * 64, "cuda": 256 * 224, "mps": 64 * 224}
_SHARDS_KEPT = 3
_DECODED_AT_ONCE = 64


@note
def out_of_memory(device: str, images: int, smaller: int) -> str:
    return (
        f"{device} was out of memory with {images} image{'s' if images != 1 else ''} at once: batches have {smaller} from now on. "
        "Nothing is lost."
    )


@note
def shard_kept_on_host(device: str, images: int) -> str:
    return f"{device} has no room for {images} images besides the models: they stay in the machine's memory and are moved in batches."


class Cancelled(Exception):  # noqa: N818 - no error: it was asked for
    """The evaluation was asked to stop. Never leaves this package."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """Units that could not be computed, and why."""

    units: tuple[Unit, ...]
    reason: str


class Scorer:
    """Models and a dataset on a device of this process. Threads may share it.

    Args:
        models: fingerprint -> model. They are copied to the device; the originals stay as they are.
        dataset: the dataset of the plan.
        device: where images are corrupted and scored.
        surrogates: fingerprint -> model, for attacks that are crafted on another model than the one scored.
        batch_size: images in one batch; default by their size. Out of memory halves it.
        cancelled: set to stop between two batches.

    Raises:
        ModelError: a model cannot be copied, or the device has no memory for it.
    """

    def __init__(
        self,
        models: Mapping[str, Classifier],
        dataset: Dataset,
        *,
        device: torch.device,
        surrogates: Mapping[str, Classifier] | None = None,
        batch_size: int | None = None,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.device = device
        if device.type == "cuda":
            # PyTorch lets convolutions of float32 round their inputs to ten bits; results that are called float32 are float32.
            torch.backends.cudnn.allow_tf32 = False
        self.cancelled = cancelled or threading.Event()
        self._dataset = dataset
        self._models = {fingerprint: _on_device(model, device) for fingerprint, model in models.items()}
        extra = {f: _on_device(m, device) for f, m in (surrogates or {}).items() if f not in self._models}
        self._surrogates = {**self._models, **extra}
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._shards: OrderedDict[tuple[str, int, int], Future[Part]] = OrderedDict()
        self._events: list[Note] = []
        self._matching: dict[tuple[str, tuple[str, ...]], Tensor] = {}

    def run(self, group: Group) -> list[Result | Failure]:
        """Compute a group's units. What fails is answered as a `Failure`; only `Cancelled` is raised."""
        operation = operations.of(group.condition)
        refused = self._refused(operation, group)
        if refused:
            units = tuple(unit for unit in group.units if unit not in refused)
            failures: list[Result | Failure] = [Failure((unit,), why) for unit, why in refused.items()]
            return failures + (self.run(dataclasses.replace(group, units=units)) if units else [])
        try:
            part = self._shard(operation, group)
        except Cancelled:
            raise
        except Exception as error:
            return [Failure(group.units, reason(error))]
        return [r for units in self._together(operation, group) for r in self._score(operation, part, units)]

    def _refused(self, operation: Operation, group: Group) -> dict[Unit, str]:
        """The units whose models' classes are not those of the dataset, and why."""
        refused = {}
        if not operation.unlabelled(group.condition):
            dataset = operation.dataset(group.condition, group.images(self._dataset))
            for unit in group.units:
                try:
                    self._match(unit.cell.model, dataset)
                except DatasetError as error:
                    refused[unit] = reason(error)
                if operation.needs_model and (np.asarray(dataset.labels) < 0).any():
                    refused[unit] = (
                        f"an attack leads away from the right class, and images of {dataset.name} have no label: choose a "
                        "dataset with labels"
                    )
        return refused

    @staticmethod
    def _together(operation: Operation, group: Group) -> list[list[Unit]]:
        """The group's units, those together that the same images serve."""
        if not operation.needs_model:
            return [list(group.units)]
        if not operation.is_shared(group.condition):
            return [[unit] for unit in group.units]
        alike: dict[tuple[str, ...], list[Unit]] = {}
        for unit in group.units:
            alike.setdefault(unit.cell.model.classes, []).append(unit)
        return list(alike.values())

    def _shard(self, operation: Operation, group: Group) -> Part:
        """The group's images, decoded once for all conditions; on the device, or on the host if the device is full."""
        dataset = operation.dataset(group.condition, group.images(self._dataset))
        key = (dataset.fingerprint, group.shard, group.n)
        with self._lock:
            future = self._shards.get(key)
            mine = future is None
            if future is None:
                future = self._shards[key] = Future()
                while len(self._shards) > _SHARDS_KEPT:
                    self._shards.popitem(last=False)
            else:
                self._shards.move_to_end(key)
        if mine:
            try:
                future.set_result(self._decode(dataset, group.shard, group.n))
            except BaseException as error:
                with self._lock:
                    self._shards.pop(key, None)
                future.set_exception(error)
        return future.result()

    def _decode(self, dataset: Dataset, shard: int, n: int) -> Part:
        start = shard * plan.SHARD
        blocks = []
        for at in range(start, start + n, _DECODED_AT_ONCE):
            self._check()
            blocks.append(dataset.images(at, min(at + _DECODED_AT_ONCE, start + n)))
        batch = self._moved(torch.cat(blocks))
        places = np.arange(start, start + n, dtype=np.int64)
        labels = torch.as_tensor(np.asarray(dataset.labels)[places], device=self.device)
        return Part(dataset, places, torch.as_tensor(np.asarray(dataset.ids)[places]), labels, batch)

    def _moved(self, batch: Tensor) -> Tensor:
        """The shard on the device if there is room for it, else as it is: its slices are moved one by one."""
        if self.device.type == "cpu":
            return batch
        try:
            source = batch.pin_memory() if self.device.type == "cuda" else batch
            return source.to(self.device, non_blocking=self.device.type == "cuda")
        except RuntimeError as error:
            if not devices.is_out_of_memory(error):
                raise
        devices.forget_freed_memory(self.device)
        self._say(shard_kept_on_host(str(self.device), len(batch)))
        return batch

    def take_events(self) -> tuple[Note, ...]:
        """What happened since the last call that a person should know of: each time that it ran out of memory."""
        with self._lock:
            events, self._events = tuple(self._events), []
        return events

    def _say(self, event: Note) -> None:
        with self._lock:
            self._events.append(event)

    def _score(self, operation: Operation, part: Part, units: Sequence[Unit]) -> list[Result | Failure]:
        """Apply the condition slice by slice, and score each slice by every unit's model."""
        condition, seed = units[0].cell.condition, units[0].cell.key.seed
        answers: dict[Unit, list[Predictions]] = {unit: [] for unit in units}
        seconds = dict.fromkeys(units, 0.0)
        failures: dict[Unit, Failure] = {}
        place = 0
        while place < len(part) and len(failures) < len(units):
            self._check()
            size = self._size(operation, part, units)
            crowded = False
            open_ = [unit for unit in units if unit not in failures]
            try:
                began = time.perf_counter()
                piece = part[place : place + size]
                piece = dataclasses.replace(piece, images=piece.images.to(self.device))
                if operation.needs_model:
                    piece = dataclasses.replace(piece, labels=self._labels(units[0], piece))
                applied = self._apply(operation, piece, units[0], seed)
                shared = (time.perf_counter() - began) / len(open_)
                pieces: dict[Unit, tuple[Predictions, float]] = {}
                for unit in open_:
                    self._check()
                    began = time.perf_counter()
                    try:
                        predictions = self._predict(applied, piece, unit, matched=operation.needs_model)
                    except Exception as error:
                        if devices.is_out_of_memory(error) and size > 1:
                            raise
                        failures[unit] = Failure((unit,), reason(error))
                        continue
                    pieces[unit] = (predictions, shared + time.perf_counter() - began)
            except Cancelled:
                raise
            except Exception as error:
                if not devices.is_out_of_memory(error) or size == 1:
                    return [Failure(tuple(units), reason(error))]
                crowded = True
            if crowded:  # only now is nothing of the failed pass held by the error any more
                self._halve(size * self._frames(operation, part, units))
                continue
            for unit, (predictions, spent) in pieces.items():
                answers[unit].append(predictions)
                seconds[unit] += spent
            place += len(piece)
        results: list[Result | Failure] = list(failures.values())
        for unit in units:
            if unit not in failures:
                predictions = Predictions.concatenate(answers[unit])
                further = operation.values(condition, predictions)
                if further:
                    values = {**predictions.values, **{k: np.asarray(v, np.float32) for k, v in further.items()}}
                    predictions = dataclasses.replace(predictions, values=values)
                results.append(Result(unit, predictions, seconds[unit]))
        return results

    def _apply(self, operation: Operation, piece: Part, unit: Unit, seed: int) -> Applied:
        condition = unit.cell.condition
        if operation.needs_model:
            model = self._models[unit.cell.key.model]
            return operation.apply(condition, piece, seed, model, self._surrogates)
        with torch.inference_mode():
            return operation.apply(condition, piece, seed)

    def _predict(self, applied: Applied, piece: Part, unit: Unit, *, matched: bool) -> Predictions:
        """A model's answers to n images: images may have a frame axis."""
        model = self._models[unit.cell.key.model]
        with torch.no_grad():  # a model may ask for gradients of its own; in inference mode it could not
            logits = applied.logits
            if logits is None:
                images = applied.images
                flat = images.reshape(-1, *images.shape[-3:])
                with self._autocast(unit.cell.key.precision):
                    logits = model(flat.contiguous(memory_format=torch.channels_last)).float()
                logits = logits.reshape(*images.shape[:-3], -1)
            bad = int((~logits.isfinite()).flatten(1).any(dim=1).sum())
            if bad:
                raise ModelError(f"The logits of {model.card.name} are not finite on {bad} of {len(piece)} images.")
            labels = piece.labels if matched else self._labels(unit, piece)
            among = self._among(unit, piece)
            values = applied.values if applied.judged is None else {**applied.values, **applied.judged(logits)}
            if (piece.labels < 0).any():
                values = {**values, LABELLED: (piece.labels >= 0).float()}
            predictions = Predictions.of(logits, labels, piece.ids, values, among)
            right = right_classes(piece.dataset)
            if not right:
                return predictions
            match = self._match(unit.cell.model, piece.dataset).tolist()
            return predictions.judged_by({match[k]: tuple(match[c] for c in classes) for k, classes in right.items()})

    def _labels(self, unit: Unit, piece: Part) -> Tensor:
        """(n,) the piece's labels in the model's classes; -1 where no class is right, or none is known to be."""
        if operations.of(unit.cell.condition).unlabelled(unit.cell.condition):
            return torch.full_like(piece.labels, UNLABELLED)
        match = self._match(unit.cell.model, piece.dataset)
        labelled = piece.labels >= 0
        labels = torch.full_like(piece.labels, UNLABELLED)
        labels[labelled] = match[piece.labels[labelled]]
        return labels

    def _among(self, unit: Unit, piece: Part) -> tuple[Tensor, Tensor] | None:
        """Of the model's classes those that it may answer with, and those that they count as."""
        among = operations.of(unit.cell.condition).among(unit.cell.condition, piece.dataset)
        if among is None:
            return None
        match = self._match(unit.cell.model, piece.dataset)
        return match[torch.as_tensor(among[0], device=self.device)], match[
            torch.as_tensor(among[1], device=self.device)
        ]

    def _match(self, subject: Subject, dataset: Dataset) -> Tensor:
        """(dataset classes,) each class of a dataset as one of the model's."""
        key = (subject.fingerprint, tuple(dataset.classes))
        if key not in self._matching:
            match = classes.matching(subject.name, subject.classes, dataset.name, dataset.classes)
            self._matching[key] = torch.as_tensor(match, device=self.device)
        return self._matching[key]

    def _autocast(self, precision: str) -> contextlib.AbstractContextManager[Any]:
        if precision == "bf16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()

    def _size(self, operation: Operation, part: Part, units: Sequence[Unit]) -> int:
        """The number of images in the next batch."""
        frames = self._frames(operation, part, units)
        if self._batch_size is not None:
            return max(1, self._batch_size // frames)
        side = max([part.images.shape[-1], *(self._models[u.cell.key.model].card.side for u in units)])
        return max(1, min(plan.SHARD, _BATCH_TIMES_SIDE[self.device.type] // (side * frames)))

    @staticmethod
    def _frames(operation: Operation, part: Part, units: Sequence[Unit]) -> int:
        return operation.frames(units[0].cell.condition, part.images.shape[-1])

    def _halve(self, size: int) -> None:
        """Batches of half as many images (or frames) from now on."""
        with self._lock:
            self._batch_size = max(1, size // 2)
        self._say(out_of_memory(str(self.device), size, max(1, size // 2)))
        devices.forget_freed_memory(self.device)

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled


def _on_device(model: Classifier, device: torch.device) -> Classifier:
    """The model, ready to be scored."""
    try:
        return prepare(model, device)
    except RuntimeError as error:
        if not devices.is_out_of_memory(error):
            raise
        raise ModelError(
            f"The device {device} has no memory left for the weights of {model.card.name}. End what else uses it, or evaluate "
            "fewer models at once or on another device (--device)."
        ) from error


def reason(error: BaseException) -> str:
    """An error as one short line for the notes."""
    if isinstance(error, RobustcoreError):
        return printable(str(error))
    first = (str(error).strip().splitlines() or [""])[0]
    return printable(f"{type(error).__name__}: {first[:300]}")
