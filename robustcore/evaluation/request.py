"""A request: an evaluation as one value, which can be written down, handed to another process and resumed."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustcore import arguments, corruptions, models, plugins
from robustcore.datasets import check_dataset
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import plan, suites
from robustcore.evaluation.attack_budget import Budget
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Subject
from robustcore.models import added, catalogue
from robustcore.models.classifier import Classifier
from robustcore.paths import printable

Name = str | os.PathLike[str]
Models = Name | Classifier | Subject | Sequence[Name | Classifier | Subject]
Surrogates = Name | Classifier | Sequence[Name | Classifier]
Conditions = Name | Condition | Sequence[Name | Condition]
Data = Name | Dataset
Radii = float | str | Sequence[float | str]
_FEW = 3  # conditions that a title names


@dataclasses.dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate; the fields mean what the arguments of `robustcore.evaluate` mean.

    Only a request whose models, surrogates and dataset are names can be written down.

    Attributes:
        models: catalogue names, paths or classifiers; for a look-up also subjects.
        dataset: a name, a folder or a loaded dataset.
        conditions: suites' names or files, corruptions' names, "clean", conditions.
        split, limit, seed, severities, storage, device, precision: as there.
        surrogates: the models that attacks are crafted on.
        only_surrogate: whether attacks are crafted on the surrogates alone, and not on the model itself too.
        norm, eps: the budget of all attacks, in the place of their own: see `Budget`.
        answers: "all", or "folder" where models may answer with the dataset's classes alone.
        devices: one process for each of them, e.g. ("cuda:0", "cuda:1"); none for threads of one process on `device`.
        scheduler: the address of a Dask scheduler, or its scheduler file: its workers compute. "" for this machine.
        plugins: plug-ins that the process which evaluates loads first, as `robustcore --plugin` names them.
        released: the folder of a released set of corrupted images, which are scored too; "" for none.
        title: what people see; made from the rest where it is empty.
        command: the line of a shell that asks for the same; kept with every result. Made from the rest where it is empty.
    """

    models: tuple[str | Classifier | Subject, ...]
    dataset: str | Dataset
    conditions: tuple[str | Condition, ...]
    split: str = "test"
    limit: int | None = None
    seed: int = 0
    severities: tuple[int, ...] | None = None
    storage: str = "memory"
    device: str = "auto"
    precision: str = "float32"
    surrogates: tuple[str | Classifier, ...] = ()
    only_surrogate: bool = False
    norm: str = ""
    eps: tuple[float, ...] = ()
    answers: str = "all"
    devices: tuple[str, ...] = ()
    scheduler: str = ""
    plugins: tuple[str, ...] = ()
    released: str = ""
    title: str = ""
    command: str = ""
    # Set by `resolved`; any change, and the way through JSON, takes it off again.
    _is_resolved: bool = dataclasses.field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rule = (
            "Conditions are a suite's name or file, 'clean', corruptions' names, Condition values, or a list of these"
        )
        settled: dict[str, Any] = {
            "models": _models(self.models, "model", (Classifier, Subject)),
            "dataset": check_dataset(self.dataset),
            "conditions": tuple(
                condition if isinstance(condition, Condition) else arguments.name(condition, rule)
                for condition in arguments.several(self.conditions, rule, one=Condition)
            ),
            "limit": arguments.limit(self.limit),
            "seed": arguments.seed(self.seed),
            "precision": plan.check_precision(self.precision),
            "surrogates": _models(self.surrogates, "surrogate", (Classifier,)),
            "only_surrogate": bool(self.only_surrogate),
            "answers": arguments.one_of(self.answers, catalogue.ANSWERS, "What models may answer with"),
            "devices": tuple(arguments.names(self.devices, "Devices are names such as cpu and cuda:0")),
            "plugins": tuple(self.plugins),
            "released": arguments.name(self.released or "", "A released set is the path of its folder"),
        }
        budget = Budget.of(self.norm, self.eps)
        settled |= {"norm": budget.norm, "eps": budget.eps}
        if self.severities is not None:
            severities = arguments.several(self.severities, "Severities are some of 1, 2, 3, 4, 5")
            settled["severities"] = tuple(corruptions.check_severity(severity) for severity in severities)
        for field, value in settled.items():
            object.__setattr__(self, field, value)

    @classmethod
    def of(cls, models: Models, dataset: Data, conditions: Conditions, **more: Any) -> EvaluationRequest:
        """The request for arguments as `robustcore.evaluate` takes them: one value or several of each."""
        return cls(models, dataset, conditions, **more)  # type: ignore[arg-type]

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models by name, where all of them are."""
        return tuple(_name("model", model) for model in self.models)

    @property
    def surrogate_names(self) -> tuple[str, ...]:
        """The surrogates by name, where all of them are."""
        return tuple(_name("surrogate", model) for model in self.surrogates)

    @property
    def budget(self) -> Budget:
        """The norm and the radii of all attacks."""
        return Budget(self.norm, self.eps)

    @property
    def dataset_name(self) -> str:
        """The dataset by name or folder, where it is one."""
        return _name("dataset", self.dataset)

    def resolved(self) -> EvaluationRequest:
        """The request with all values checked that can be without loading anything, and suites replaced by their conditions.

        Raises:
            RobustcoreError: an unknown suite or condition, a value outside what is allowed.
        """
        if self._is_resolved:
            return self
        if not self.models:
            raise InvalidArgumentError("There is no model to evaluate; name one or more.")
        if self.scheduler and self.devices:
            raise InvalidArgumentError("Devices are chosen where Dask's workers are started; leave out one of the two.")
        if self.only_surrogate and not self.surrogates:
            raise InvalidArgumentError("Attacks on surrogates alone need one: name a model that they are crafted on.")
        conditions = suites.resolve(self.conditions, self.severities, storage=self.storage, budget=self.budget)
        request = dataclasses.replace(self, conditions=tuple(conditions), severities=None, norm="", eps=())
        object.__setattr__(request, "_is_resolved", True)
        return request

    def self_contained(self) -> EvaluationRequest:
        """The resolved request with nothing left that depends on the working folder: paths are absolute.

        Raises:
            RobustcoreError: as `resolved`; or a model, surrogate or dataset that is no name.
        """
        request = dataclasses.replace(self, plugins=plugins.names())  # this process's own: no page names any
        return dataclasses.replace(
            request,
            models=tuple(models.relocated(name, _absolute) for name in self.model_names),
            surrogates=tuple(models.relocated(name, _absolute) for name in self.surrogate_names),
            dataset=_absolute(self.dataset_name),
            scheduler=_absolute(self.scheduler) if self.scheduler else "",
            released=_absolute(self.released) if self.released else "",
            title=request.title or request.describe(),
            command=request.command or request.line(),
        ).resolved()

    def describe(self) -> str:
        """One line for people: which models, on what, under what, with which seed."""
        names = list(dict.fromkeys(self._condition_names()))
        conditions = ", ".join(names[:_FEW]) + (" ..." if len(names) > _FEW else "")
        models = self.model_names[0] if len(self.models) == 1 else f"{len(self.models)} models"
        images = f", {self.limit} images" if self.limit else ""
        budget = f" within {self.budget}" if self.budget else ""
        return printable(f"{models} on {self.dataset_name} under {conditions}{budget}{images}, seed {self.seed}")

    def line(self) -> str:
        """The line of a shell that asks for the same; single conditions appear by their names."""
        words = ["robustcore", *(word for plugin in self.plugins for word in ("--plugin", plugin)), "evaluate"]
        for model in self.model_names:
            words += ["--model", _written_out(model)]
        words += ["--dataset", self.dataset_name, "--split", self.split]
        words += ["--suite", *dict.fromkeys(self._condition_names())]
        if self.severities:
            words += ["--severity", *map(str, self.severities)]
        if self.limit is not None:
            words += ["--limit", str(self.limit)]
        if self.released:
            words += ["--released", self.released]
        for surrogate in self.surrogate_names:
            words += ["--surrogate", _written_out(surrogate)]
        if self.only_surrogate:
            words += ["--only-surrogate"]
        if self.norm:
            words += ["--norm", self.norm]
        if self.eps:
            words += ["--eps", *self.budget.radii]
        if self.answers != "all":
            words += ["--answers", self.answers]
        words += ["--seed", str(self.seed), "--storage", self.storage, "--precision", self.precision]
        return printable(shlex.join(words))

    def _condition_names(self) -> list[str]:
        return [c if isinstance(c, str) else c.name for c in self.conditions]

    def to_json(self) -> str:
        """One line, keys sorted."""
        fields: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.init
        }
        fields["models"], fields["surrogates"] = self.model_names, self.surrogate_names
        fields["dataset"] = self.dataset_name
        fields["conditions"] = [c if isinstance(c, str) else c.to_dict() for c in self.conditions]
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> EvaluationRequest:
        """The inverse of `to_json`."""
        fields: Mapping[str, Any] = json.loads(text)
        conditions = tuple(c if isinstance(c, str) else Condition.from_dict(c) for c in fields["conditions"])
        return cls.of(**{**fields, "conditions": conditions})


def _models(models: Any, what: str, types: tuple[type, ...]) -> tuple[Any, ...]:
    """Models as a tuple, each a name or one of the types."""
    rule = f"A {what} is a catalogue's name, a path, a Classifier, or a list of these"
    if not isinstance(models, types):
        arguments.no_plain_module(models)
    several = arguments.several(models, rule, one=types)
    for model in several:
        if not isinstance(model, types):
            arguments.no_plain_module(model)
    return tuple(model if isinstance(model, types) else arguments.name(model, rule) for model in several)


def _name(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(
            f"Only an evaluation of names can be queued, and its {what} is a {type(value).__name__}; "
            "give a name or a path, or evaluate in this process."
        )
    return value


def _written_out(model: str) -> str:
    """A model as a command line names it: NAME=PATH where the name holds in this process alone."""
    here = added.named_here().get(model)
    return model if here is None else f"{model}={here.model}"


def _absolute(name: str) -> str:
    """A path of something that exists, absolute; anything else as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.exists() else name
