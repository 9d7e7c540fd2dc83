"""Work: what units are computed with, on its way to where they are computed: a thread, a process, another machine."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping

import cv2
import torch

from robustcore import devices
from robustcore.datasets._base import Dataset
from robustcore.errors import JobError
from robustcore.evaluation import operations, provenance
from robustcore.evaluation.plan import Group
from robustcore.evaluation.run import resources
from robustcore.evaluation.run.scorer import Failure, Session, reason
from robustcore.evaluation.store.store import Result
from robustcore.models.classifier import Classifier

Outcome = Result | Failure


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of a group.

    Attributes:
        outcomes: one or more for each unit of the group.
        device: where it was computed, for people.
        versions: package -> version of the process that computed it.
    """

    outcomes: list[Outcome]
    device: str
    versions: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Work:
    """Models and a dataset, before they are on a device.

    Attributes:
        models: fingerprint -> model.
        surrogates: fingerprint -> model, for attacks that are crafted on another model than the one scored.
        dataset: the dataset of the plan.
        device: "auto", "cpu", "cuda" or "cuda:N", as the computing process understands it.
    """

    models: Mapping[str, Classifier]
    surrogates: Mapping[str, Classifier]
    dataset: Dataset
    device: str = "auto"

    def session(self, cancelled: threading.Event | None = None) -> Session:
        """The work on its device, in this process."""
        chosen = devices.pick(self.device)
        return Session(self.models, self.dataset, device=chosen, surrogates=self.surrogates, cancelled=cancelled)

    def packed(self, dumps: Callable[..., bytes] = pickle.dumps) -> bytes:
        """The work as bytes, for another process that belongs to the same evaluation.

        Args:
            dumps: writes what `pickle.loads` reads.

        Raises:
            JobError: a model or dataset of a class that cannot leave this process.
        """
        try:
            return dumps(self, protocol=pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise JobError(
                f"The models or the dataset cannot be sent to another process ({error}); "
                "define their classes in a module, or evaluate in this process."
            ) from error


def answer(session: Session, group: Group) -> Answer:
    """Compute a group's units in this process."""
    return Answer(session.run(group), resources.describe(session.device), provenance.versions())


class Station:
    """Work in a process of its own: it is unpacked and moved to the device by the first group that comes.

    Threads may share it. Sent on to another process it arrives packed there.

    Args:
        payload: `Work.packed()`.
        device: overrides the work's own.
        threads: of one operation; None leaves what the process has.
        run: a name for the evaluation that it belongs to; `stop` and `clear` find it by that.
    """

    def __init__(self, payload: bytes, device: str, threads: int | None = None, run: str = "") -> None:
        self._given = (payload, device, threads, run)
        self._session: Session | None = None
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        _stations.add(self)

    def __reduce__(self) -> tuple[type[Station], tuple[bytes, str, int | None, str]]:
        return Station, self._given

    def run(self, group: Group) -> Answer:
        """Compute a group's units; only `Cancelled` is raised."""
        threads = self._given[2]
        if threads is not None:  # torch keeps this for each thread
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
        try:
            session = self._open()
            if operations.fingerprint(group.condition) != group.units[0].cell.key.condition:
                raise JobError(
                    f"The process that computes has another version of {group.condition.kind} {group.condition.name} than "
                    "the one that asks; install the same release of robustcore on every machine."
                )
        except Exception as error:
            return Answer([Failure(group.units, reason(error))], self._given[1], provenance.versions())
        return answer(session, group)

    def stop(self) -> None:
        """Let what is computed end between two batches."""
        self._cancelled.set()

    def clear(self) -> None:
        """Give the device's memory back."""
        with self._lock:
            self._session = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def belongs_to(self, run: str) -> bool:
        """Whether it was made for that evaluation."""
        return self._given[3] == run

    def _open(self) -> Session:
        with self._lock:
            if self._session is None:
                work: Work = pickle.loads(self._given[0])  # from the process that started or was given this one
                self._session = dataclasses.replace(work, device=self._given[1]).session(self._cancelled)
            return self._session


_stations: weakref.WeakSet[Station] = weakref.WeakSet()


def stop(run: str) -> None:
    """Stop what this process computes for an evaluation."""
    for station in [s for s in _stations if s.belongs_to(run)]:
        station.stop()


def clear(run: str) -> None:
    """Give back the memory that this process holds for an evaluation."""
    for station in [s for s in _stations if s.belongs_to(run)]:
        station.clear()


@contextlib.contextmanager
def when_set(event: threading.Event, act: Callable[[], None]) -> Iterator[None]:
    """Inside, `act` is called in a thread as soon as the event is set."""
    over = threading.Event()

    def watch() -> None:
        ended = False
        while not ended:
            ended = over.wait(0.05)
            if event.is_set():
                act()
                return

    thread = threading.Thread(target=watch, name="cancelling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=2.0)  # a machine that does not answer keeps nobody
