"""Where results come from: the device, the versions and the command of the run that computed them."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("robustcore", "torch", "torchvision", "numpy", "opencv-python-headless", "albumentations", "pillow")


@dataclasses.dataclass(frozen=True)
class Run:
    """One evaluation, as every unit that it computed refers to it.

    Attributes:
        date: when it began, ISO 8601 in UTC.
        device: e.g. "cpu" or "cuda (NVIDIA H200)".
        versions: package -> version.
        command: what was called, for people.
    """

    date: str
    device: str
    versions: Mapping[str, str]
    command: str

    @property
    def identity(self) -> str:
        """Equal runs have equal identities."""
        return json.dumps([self.date, self.device, sorted(self.versions.items()), self.command])


def current(command: str | None = None) -> Run:
    """The run that begins now, without the device, which each result adds; the command is this process's own unless one is
    named."""
    if command is None:
        command = " ".join([sys.argv[0].rsplit("/", 1)[-1] or "python", *sys.argv[1:]])
    return Run(now(), "", versions(), command)


def now() -> str:
    """The time in UTC, ISO 8601 to the second. Shown to people; nothing is decided by it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def seconds(date: str) -> int:
    """A date of `now` as whole seconds since 1970."""
    return int(datetime.datetime.fromisoformat(date).timestamp())


def date(seconds: int) -> str:
    """The inverse of `seconds`."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


@functools.lru_cache(maxsize=1)
def versions() -> Mapping[str, str]:
    """The versions of Python and of the packages that results depend on."""
    versions_ = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions_[package] = version(package)
        except PackageNotFoundError:  # a build of OpenCV under another name, say
            continue
    return versions_
