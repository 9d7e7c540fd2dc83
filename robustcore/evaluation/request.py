"""A request: an evaluation as a value that can be written down, handed to another process and taken up again."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import plan, suites
from robustcore.evaluation.condition import Condition


@dataclasses.dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate; the fields mean what the arguments of `robustcore.evaluate` mean.

    Attributes:
        models: catalogue names or paths.
        dataset: a name or a folder.
        conditions: suites' names or files, corruptions' names, "clean", conditions.
        split, limit, seed, severities, storage, device, precision: as there.
        surrogates: names or paths of the models that attacks are crafted on.
        devices: one process for each of them, e.g. ("cuda:0", "cuda:1"); none for threads of one process on `device`.
        scheduler: the address of a Dask scheduler, or its scheduler file: its workers compute. "" for this machine.
        title: what people see; made from the rest where it is left empty.
        command: the line of a shell that asks for the same; kept with every result. Made from the rest where it is empty.
    """

    models: tuple[str, ...]
    dataset: str
    conditions: tuple[str | Condition, ...]
    split: str = "test"
    limit: int | None = None
    seed: int = 0
    severities: tuple[int, ...] | None = None
    storage: str = "memory"
    device: str = "auto"
    precision: str = "float32"
    surrogates: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    scheduler: str = ""
    title: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        for name in ("models", "surrogates", "severities", "conditions", "devices"):
            value = getattr(self, name)
            if isinstance(value, (str, Condition)):
                value = (value,)
            if value is not None:
                object.__setattr__(self, name, tuple(value))

    def settled(self) -> EvaluationRequest:
        """The request with everything checked that can be without loading anything, and nothing left that depends on
        the working folder or on a file that may change: paths are absolute, suites are their conditions.

        Raises:
            RobustcoreError: an unknown suite or condition, a value outside what is allowed.
        """
        if not self.models:
            raise InvalidArgumentError("There is no model to evaluate; name one or more.")
        plan.check_limit(self.limit)
        if self.precision not in plan.PRECISIONS:
            raise InvalidArgumentError(f"A precision is one of {', '.join(plan.PRECISIONS)}, not {self.precision!r}.")
        if self.scheduler and self.devices:
            raise InvalidArgumentError("Devices are chosen where Dask's workers are started; leave out one of the two.")
        resolved = suites.resolve(self.conditions, self.severities, storage=self.storage)
        return dataclasses.replace(
            self,
            models=tuple(_absolute(m) for m in self.models),
            surrogates=tuple(_absolute(m) for m in self.surrogates),
            dataset=_absolute(self.dataset),
            scheduler=_absolute(self.scheduler) if self.scheduler else "",
            conditions=tuple(resolved),
            severities=None,
            title=self.title or self.describe(),
            command=self.command or self.line(),
        )

    def describe(self) -> str:
        """One line for people: which models, on what, under what."""
        named = [str(c) if isinstance(c, str) else c.name for c in self.conditions]
        conditions = ", ".join(list(dict.fromkeys(named))[:3]) + (" ..." if len(set(named)) > 3 else "")
        models = self.models[0] if len(self.models) == 1 else f"{len(self.models)} models"
        images = f", {self.limit} images" if self.limit else ""
        return f"{models} on {self.dataset} under {conditions}{images}"

    def line(self) -> str:
        """The line of a shell that asks for the same; single conditions appear by their names."""
        suites_ = list(dict.fromkeys(c if isinstance(c, str) else c.name for c in self.conditions))
        words = ["robustcore", "evaluate"]
        for model in self.models:
            words += ["--model", model]
        words += ["--dataset", self.dataset, "--split", self.split, "--suite", *suites_]
        if self.severities:
            words += ["--severity", *map(str, self.severities)]
        if self.limit is not None:
            words += ["--limit", str(self.limit)]
        for surrogate in self.surrogates:
            words += ["--surrogate", surrogate]
        words += ["--seed", str(self.seed), "--storage", self.storage, "--precision", self.precision]
        return shlex.join(words)

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of `evaluations.prepare`."""
        names = ("dataset", "split", "limit", "seed", "severities", "storage", "precision", "surrogates")
        return {
            "models": list(self.models),
            "conditions": list(self.conditions),
            **{name: getattr(self, name) for name in names},
        }

    def to_json(self) -> str:
        """One line, keys sorted."""
        fields = dataclasses.asdict(self)
        fields["conditions"] = [c if isinstance(c, str) else c.to_dict() for c in self.conditions]
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> EvaluationRequest:
        """The inverse of `to_json`."""
        fields: Mapping[str, Any] = json.loads(text)
        conditions = tuple(c if isinstance(c, str) else Condition.from_dict(c) for c in fields["conditions"])
        return cls(**{**fields, "conditions": conditions})


def _absolute(name: str) -> str:
    """A path of something that is there, absolute; anything else as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.exists() else name
