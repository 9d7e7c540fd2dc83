"""A scorer in another process: the work arrives as bytes and is loaded by the first group."""

from __future__ import annotations

import dataclasses
import threading
import weakref

import cv2
import torch

from robustcore.errors import JobError
from robustcore.evaluation import operations, provenance
from robustcore.evaluation.plan import Group
from robustcore.evaluation.run.scorer import Failure, Scorer, reason
from robustcore.evaluation.run.work import GroupResult, Work, compute


class RemoteScorer:
    """Work in a process of its own; it is loaded and moved to the device by the first group.

    Threads may share it. Pickled, it takes the bytes along, not what was loaded from them.

    Args:
        payload: `Work.to_bytes()`.
        device: overrides the work's own.
        threads: of one operation; None leaves the process's own setting.
        run: name of the evaluation; `stop` and `clear` find the scorer by it.
    """

    def __init__(self, payload: bytes, device: str, threads: int | None = None, run: str = "") -> None:
        self._payload, self._device, self._threads, self._run = payload, device, threads, run
        self._scorer: Scorer | None = None
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        _instances.add(self)

    def __reduce__(self) -> tuple[type[RemoteScorer], tuple[bytes, str, int | None, str]]:
        return RemoteScorer, (self._payload, self._device, self._threads, self._run)

    def run(self, group: Group) -> GroupResult:
        """Compute a group's units; only `Cancelled` is raised."""
        if self._threads is not None:  # torch keeps this for each thread
            torch.set_num_threads(self._threads)
            cv2.setNumThreads(self._threads)
        try:
            scorer = self._load()
            if operations.fingerprint(group.condition) != group.units[0].cell.key.condition:
                raise JobError(
                    f"The process that computes has another version of {group.condition.kind} {group.condition.name} than "
                    "the one that asks; install the same release of robustcore on every machine."
                )
        except Exception as error:
            return GroupResult([Failure(group.units, reason(error))], self._device, provenance.versions())
        return compute(scorer, group)

    def stop(self) -> None:
        """Let what is computed end between two batches."""
        self._cancelled.set()

    def clear(self) -> None:
        """Free the device's memory."""
        with self._lock:
            self._scorer = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def belongs_to(self, run: str) -> bool:
        """Whether it was created for that evaluation."""
        return self._run == run

    def _load(self) -> Scorer:
        with self._lock:
            if self._scorer is None:
                work = Work.from_bytes(self._payload)
                self._scorer = dataclasses.replace(work, device=self._device).scorer(self._cancelled)
            return self._scorer


_instances: weakref.WeakSet[RemoteScorer] = weakref.WeakSet()


def stop(run: str) -> None:
    """Stop what this process computes for an evaluation."""
    for scorer in [s for s in _instances if s.belongs_to(run)]:
        scorer.stop()


def clear(run: str) -> None:
    """Free the memory that this process holds for an evaluation."""
    for scorer in [s for s in _instances if s.belongs_to(run)]:
        scorer.clear()
