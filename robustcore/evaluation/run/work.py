"""Work: models and a dataset on their way to where units are computed: a thread, a process, another machine."""

from __future__ import annotations

import dataclasses
import pickle
import threading
from collections.abc import Callable, Mapping

from robustcore import devices, plugins
from robustcore.datasets._base import Dataset
from robustcore.errors import JobError
from robustcore.evaluation import provenance
from robustcore.evaluation.plan import Group
from robustcore.evaluation.run import resources
from robustcore.evaluation.run.scorer import Failure, Scorer
from robustcore.evaluation.store.store import Result
from robustcore.models.classifier import Classifier
from robustcore.notes import Note


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """What computing a group gave.

    Attributes:
        outcomes: one or more for each unit of the group.
        device: where it was computed, for people.
        versions: package -> version of the process that computed it.
        events: what happened meanwhile that a person should know of.
    """

    outcomes: list[Result | Failure]
    device: str
    versions: Mapping[str, str]
    events: tuple[Note, ...] = ()


@dataclasses.dataclass(frozen=True)
class Work:
    """Models and a dataset, before they are on a device.

    Attributes:
        models: fingerprint -> model.
        surrogates: fingerprint -> model, for attacks that are crafted on another model than the one scored.
        dataset: the dataset of the plan.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps", as the computing process understands it.
    """

    models: Mapping[str, Classifier]
    surrogates: Mapping[str, Classifier]
    dataset: Dataset
    device: str = "auto"

    def scorer(self, cancelled: threading.Event | None = None) -> Scorer:
        """The work on its device, in this process."""
        chosen = devices.pick(self.device)
        return Scorer(self.models, self.dataset, device=chosen, surrogates=self.surrogates, cancelled=cancelled)

    def to_bytes(self, dumps: Callable[..., bytes] = pickle.dumps) -> bytes:
        """The work for another process of the same evaluation.

        Args:
            dumps: writes what `pickle.loads` reads.

        Raises:
            JobError: a model or dataset of a class that cannot be pickled.
        """
        try:
            return pickle.dumps((plugins.versions(), dumps(self, protocol=pickle.HIGHEST_PROTOCOL)))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise JobError(
                f"The models or the dataset cannot be sent to another process ({error}); "
                "define their classes in a module, or evaluate in this process."
            ) from error

    @staticmethod
    def from_bytes(payload: bytes) -> Work:
        """The inverse of `to_bytes`, with the plug-ins that the sender had loaded.

        Raises:
            JobError: a plug-in that cannot be loaded here, or that is another version here.
        """
        wanted, work = pickle.loads(payload)  # from the process that belongs to the same evaluation
        plugins.require(wanted)
        unpacked: Work = pickle.loads(work)
        return unpacked


def compute(scorer: Scorer, group: Group) -> GroupResult:
    """Compute a group's units in this process."""
    outcomes = scorer.run(group)
    return GroupResult(outcomes, resources.describe(scorer.device), provenance.versions(), scorer.take_events())
