"""The runner: carries a plan out. Pending units go to an executor group by group; each finished one lands at once.

Killed by whatever means at whatever point, a run continues where it stopped when the same plan is run again: what is
stored is not pending. A unit that fails is kept as a note with its reason, and the rest goes on.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait

from robustcore import processes
from robustcore.evaluation import plan
from robustcore.evaluation.plan import Group, Pending, Unit
from robustcore.evaluation.provenance import Run
from robustcore.evaluation.run import leases
from robustcore.evaluation.run.executors.base import Pool
from robustcore.evaluation.run.scorer import Cancelled, Failure, reason
from robustcore.evaluation.run.work import GroupResult
from robustcore.evaluation.store.store import Result, Store
from robustcore.notes import Note

_POLL_SECONDS = 0.2
_RENEW_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        total: units of the plan.
        done: finished units, those that were stored before among them.
        cached: units that were stored before, or that another run finished meanwhile.
        failed: units that failed.
        images_per_second: scored images (one for each model and condition) a second, in this run.
        seconds_left: at this run's pace; None before the first unit.
        finished: the units that finished since the last report.
        events: what happened since then that a person should know of, such as a device that ran out of memory.
    """

    total: int
    done: int
    cached: int
    failed: int
    images_per_second: float
    seconds_left: float | None
    finished: tuple[Unit, ...] = ()
    events: tuple[Note, ...] = ()


@dataclasses.dataclass
class Summary:
    """What a run did: numbers of units, and the notes of those that failed."""

    total: int = 0
    cached: int = 0
    computed: int = 0
    failed: int = 0
    repeated: int = 0
    cancelled: bool = False
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)
    events: list[Note] = dataclasses.field(default_factory=list)


def run(
    pending: Pending,
    store: Store,
    pool: Pool,
    provenance: Run,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Summary:
    """Compute what is pending of a plan.

    Args:
        pending: what to compute.
        store: where finished units go; this thread is the only one of the run that writes.
        pool: where groups are computed.
        provenance: kept with every unit, except the device and the versions, which come with each result.
        progress: called after every group, in this thread.
        cancelled: set to stop; groups that are in flight end between two batches.
    """
    stop = cancelled or threading.Event()
    this = _Run(pending, store, pool, provenance, progress, stop, processes.new_owner())
    try:
        return this.run()
    except BaseException:
        stop.set()  # what is in flight ends between two batches
        raise
    finally:
        if this.has_leases:  # a run without anything to do writes nothing, so that a read-only cache answers it
            leases.release(store, this.owner)


class _Run:
    """The state of one run."""

    def __init__(
        self,
        pending: Pending,
        store: Store,
        pool: Pool,
        provenance: Run,
        progress: Callable[[Progress], None] | None,
        cancelled: threading.Event,
        owner: str,
    ) -> None:
        self.store, self.pool, self.provenance, self.owner = store, pool, provenance, owner
        self.progress, self.cancelled = progress, cancelled
        self.summary = Summary(total=pending.total, cached=pending.total - len(pending.units))
        self.queue = deque(pending.groups)
        self.busy: list[Unit] = []  # leased by other runs
        self.flying: dict[Future[GroupResult], Group] = {}
        self.has_leases = False
        self.images = 0
        self.began = self.renewed = time.monotonic()

    def run(self) -> Summary:
        self._report(())
        while self.queue or self.flying or self.busy:
            if self.cancelled.is_set():
                break
            self._fill()
            if self.flying:
                done, _ = wait(self.flying, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._land(future)
            elif self.busy:
                self.cancelled.wait(_POLL_SECONDS)
            if time.monotonic() - self.renewed > _RENEW_SECONDS:
                leases.renew(self.store, self.owner)
                self.renewed = time.monotonic()
            if not self.queue and self.busy:
                self.queue.extend(plan.groups(self.busy))
                self.busy = []
        if self.cancelled.is_set():
            self._stop()
        return self.summary

    def _fill(self) -> None:
        """Lease and start groups until every slot has one and as many more are queued. They are leased together, since
        every lease is a transaction, and not before half of them are being computed."""
        slots = self.pool.slots()
        while self.queue and len(self.flying) <= slots:
            groups = [self.queue.popleft() for _ in range(min(len(self.queue), 2 * slots - len(self.flying)))]
            self.has_leases = True
            granted = leases.acquire(self.store, [unit for group in groups for unit in group.units], self.owner)
            self.busy += granted.busy
            if granted.finished:
                self.summary.cached += len(granted.finished)
                self._report(tuple(granted.finished))
            for group in plan.groups(granted.granted):
                self.flying[self.pool.submit(group)] = group

    def _land(self, future: Future[GroupResult]) -> None:
        """Write what a group's future brought."""
        group = self.flying.pop(future)
        try:
            result = future.result()
        except Cancelled:
            self.cancelled.set()
            return
        except Exception as error:  # the worker itself went down: its units are tried again by the next evaluation
            result = GroupResult([Failure(group.units, reason(error))], "", {})
        results = [o for o in result.outcomes if isinstance(o, Result)]
        failures = [o for o in result.outcomes if isinstance(o, Failure)]
        provenance = dataclasses.replace(self.provenance, device=result.device, versions=result.versions)
        written = self.store.save(results, provenance) if results else 0
        self.summary.computed += written
        self.summary.repeated += len(results) - written
        self.images += sum(r.unit.n for r in results)
        for failure in failures:
            self.store.fail(failure.units, failure.reason)
            self.summary.failed += len(failure.units)
            self.summary.reasons[failure.reason] = self.summary.reasons.get(failure.reason, 0) + len(failure.units)
            leases.release(self.store, self.owner, failure.units)
        self.summary.events += result.events
        self._report(tuple(r.unit for r in results), result.events)

    def _stop(self) -> None:
        """Drop what has not begun, and let what has end between two batches."""
        self.summary.cancelled = True
        for future in self.flying:
            future.cancel()
        wait(self.flying)
        for future in list(self.flying):
            if not future.cancelled() and future.exception() is None:
                self._land(future)

    def _report(self, finished: tuple[Unit, ...], events: tuple[Note, ...] = ()) -> None:
        if self.progress is None:
            return
        summary = self.summary
        here = summary.computed + summary.repeated
        spent = time.monotonic() - self.began
        left = summary.total - summary.cached - here - summary.failed
        self.progress(
            Progress(
                total=summary.total,
                done=summary.cached + here,
                cached=summary.cached,
                failed=summary.failed,
                images_per_second=self.images / spent if spent > 0 else 0.0,
                seconds_left=left * spent / here if here else None,
                finished=finished,
                events=events,
            )
        )
