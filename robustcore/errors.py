"""The exceptions that robustcore raises on purpose.

    RobustcoreError
    ├── UnknownNameError      a name that is in no registry, catalogue or suite
    ├── InvalidArgumentError  a value outside what is allowed (also a ValueError)
    ├── ImageError            an image that cannot be read or used
    ├── DatasetError          a dataset that cannot be found, read or used
    ├── ModelError            a model or checkpoint that cannot be loaded or used
    ├── TrainingError         a training that cannot start or had to stop
    ├── StoreError            a results file or cache folder that cannot be used
    ├── JobError              an evaluation job that cannot be started or controlled
    └── MissingExtraError     an optional dependency that is not installed

Each message says what was wrong, with which input, what is allowed and what to do. Catching `RobustcoreError` catches
all of them, and no programming mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Plug-ins that could not be loaded: name -> the reason, one sentence. A name that is missing may be one of theirs.
missing_plugins: dict[str, str] = {}


class RobustcoreError(Exception):
    """The base class: catch it to catch everything that robustcore raises on purpose."""


class InvalidArgumentError(RobustcoreError, ValueError):
    """A value outside what is allowed."""


class UnknownNameError(RobustcoreError, KeyError):
    """A name that is not registered; the message suggests the nearest registered ones, else lists those that matter most."""

    def __init__(self, kind: str, name: object, registered: Iterable[str], foremost: Iterable[str] = ()) -> None:
        self.kind, self.name, self.registered = kind, name, sorted(registered)
        near = difflib.get_close_matches(str(name), self.registered, n=3, cutoff=0.5)
        if near:
            hint = "Did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif len(self.registered) <= 12:
            hint = "Known: " + ", ".join(self.registered) + "."
        elif first := list(foremost):
            hint = f"Known: {', '.join(first)}, and {len(set(self.registered) - set(first))} others."
        else:
            hint = f"{len(self.registered)} are known, for example " + ", ".join(self.registered[:6]) + "."
        self.message = " ".join([f"There is no {kind} named {str(name)[:80]!r}. {hint}", *missing_plugins.values()])
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return self.message


class ImageError(RobustcoreError):
    """An image that cannot be read or used."""


class DatasetError(RobustcoreError):
    """A dataset that cannot be found, read or used."""


class ModelError(RobustcoreError):
    """A model or checkpoint that cannot be loaded or used."""


class TrainingError(RobustcoreError):
    """A training that cannot start or had to stop."""


class StoreError(RobustcoreError):
    """A results file or cache folder that cannot be used."""


class JobError(RobustcoreError):
    """An evaluation job that cannot be started or controlled."""


class MissingExtraError(RobustcoreError, ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'robustcore[{extra}]'"
        )
