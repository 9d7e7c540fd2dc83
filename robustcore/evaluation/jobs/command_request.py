"""A study that is queued as a job: a command of the command line, and what it is called."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from robustcore import plugins
from robustcore.errors import InvalidArgumentError

# Those that write their result to a file, and repeat nothing that they computed before they were stopped.
COMMANDS = (("severity", "calibrate"), ("overlap",))


@dataclasses.dataclass(frozen=True)
class CommandRequest:
    """What a study does.

    Attributes:
        arguments: what follows `robustcore` on the command line, one of `COMMANDS` first.
        title: one line for people.
        plugins: plug-ins that the process which runs it loads first, as `robustcore --plugin` names them.

    Raises:
        InvalidArgumentError: a command that is no study.
    """

    arguments: tuple[str, ...]
    title: str
    plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not any(self.arguments[: len(words)] == words for words in COMMANDS):
            known = ", ".join(" ".join(words) for words in COMMANDS)
            raise InvalidArgumentError(f"A study is one of the commands {known}, not {' '.join(self.arguments[:2])!r}.")

    @property
    def dataset_name(self) -> str:
        """The dataset's registered name, or its folder's path."""
        return self.option("--dataset") or "scenes"

    def option(self, flag: str) -> str:
        """What stands behind a flag; "" where it is not among the arguments."""
        place = self.arguments.index(flag) + 1 if flag in self.arguments else len(self.arguments)
        return self.arguments[place] if place < len(self.arguments) else ""

    def self_contained(self) -> CommandRequest:
        """The same for another process, with the plug-ins of this one."""
        return dataclasses.replace(self, plugins=plugins.names())

    def to_json(self) -> str:
        """One line, keys sorted."""
        return json.dumps({"study": self.arguments, "title": self.title, "plugins": self.plugins}, sort_keys=True)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> CommandRequest:
        """The inverse of `to_json`, from its parsed text."""
        return cls(tuple(fields["study"]), fields["title"], tuple(fields["plugins"]))
