"""Models that a person added under a short name: `robustcore models add PATH --name lite0` makes "own/lite0".

`models.toml` in the cache keeps where each file is and what has to be said of it. The file itself stays where it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError

FILE = "models.toml"
_NAME = re.compile(r"[\w.+-]+(/[\w.+-]+)*")
_named_here: dict[str, AddedModel] = {}
_cached: dict[Path, tuple[tuple[int, int], dict[str, AddedModel]]] = {}


@dataclasses.dataclass(frozen=True)
class AddedModel:
    """A model that was added.

    Attributes:
        model: the name that `load_model` reads it by: its absolute path, with options behind a question mark.
    """

    model: str

    @property
    def path(self) -> str:
        """The file, without what is said of it."""
        return self.model.partition("?")[0]

    @property
    def is_here(self) -> bool:
        """Whether its file is where it was; a name of the catalogue has none."""
        return not os.path.isabs(self.path) or os.path.exists(self.path)


def models() -> dict[str, AddedModel]:
    """Name -> model, sorted by name.

    Raises:
        ModelError: `models.toml` cannot be read.
    """
    path = paths.cache() / FILE
    try:
        state = path.stat()
        version = (state.st_mtime_ns, state.st_size)
        if path not in _cached or _cached[path][0] != version:
            _cached[path] = version, _parsed(path)
        return dict(_cached[path][1])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ModelError(f"The list of models {path} cannot be read ({error.strerror or error}).") from error


def _parsed(path: Path) -> dict[str, AddedModel]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"The list of models {path} is damaged ({error}); mend it, or remove the file.") from error
    for name, model in content.items():
        if not isinstance(model, str) or not _NAME.fullmatch(name):
            raise ModelError(
                f"The list of models {path} has a line for {name!r} that is no name and path; mend or remove it."
            )
    return {name: AddedModel(model) for name, model in sorted(content.items())}


def name_for_this_process(name: str, model: str) -> None:
    """Give a model a short name in this process alone, as `--model lite0=PATH` does.

    Raises:
        InvalidArgumentError: the name is no name, or another model has it in this process.
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgumentError(
            f"A model's name has letters, digits, and . + - _ with / between its parts, not {name!r}."
        )
    if _named_here.setdefault(name, AddedModel(model)).model != model:
        raise InvalidArgumentError(f"Two models are named {name!r}; give one another name.")


def named_here() -> dict[str, AddedModel]:
    """The models that have a short name in this process alone."""
    return dict(_named_here)


def check_name(name: str) -> str:
    """The name without "own/", if a model can have it.

    Raises:
        InvalidArgumentError: other signs than letters, digits, and . + - _ with / between parts.
    """
    short = name.removeprefix("own/")
    if not _NAME.fullmatch(short) or {"", ".", ".."} & set(short.split("/")):
        raise InvalidArgumentError(
            f"A model's name has letters, digits, and . + - _ with / between its parts, not {name!r}."
        )
    return short


def put(name: str, model: str) -> None:
    """Add a model, or replace one."""
    _write({**models(), name: AddedModel(model)})


def remove(name: str) -> AddedModel:
    """Take a model off the list; its file stays.

    Raises:
        UnknownNameError: no model of that name was added.
    """
    by_name = models()
    if name not in by_name:
        raise UnknownNameError("added model", name, by_name)
    removed = by_name.pop(name)
    _write(by_name)
    return removed


def _write(known: Mapping[str, AddedModel]) -> None:
    path = paths.writable_cache() / FILE
    lines = [f"{json.dumps(name)} = {json.dumps(known[name].model)}\n" for name in sorted(known)]
    try:
        atomic_files.write(path, "".join(lines))
    except OSError as error:
        raise ModelError(f"The list of models {path} cannot be written ({error.strerror or error}).") from error
