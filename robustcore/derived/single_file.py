"""One derived value in a file of its own, as JSON: measurements that ship or that a command keeps."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Generic, TypeVar

from robustcore import paths
from robustcore.derived import atomic_files, codec
from robustcore.errors import InvalidArgumentError, StoreError

Value = TypeVar("Value")


class OutdatedError(StoreError):
    """What another version of robustcore has written, whose values have other fields today."""


def read(path: Path, remedy: str) -> Any:
    """The value of a file.

    Args:
        path: of a file that `write` made.
        remedy: what to do where it is damaged, without a full stop.

    Raises:
        OutdatedError: another version of robustcore has written it.
        StoreError: the file is damaged.
    """
    try:
        return codec.decode(json.loads(path.read_bytes()))
    except codec.OtherVersionError as error:
        raise OutdatedError(f"The measurements in {path} cannot be read ({error}); {remedy}.") from error
    except (OSError, ValueError, KeyError, TypeError, InvalidArgumentError) as error:
        raise StoreError(f"The measurements in {path} cannot be read ({error}); {remedy}.") from error


def write(path: Path, value: Any) -> None:
    """Write the file, whole or not at all; its folder has to be there."""
    atomic_files.write(path, json.dumps(codec.encode(value), indent=1) + "\n")


class Shipped(Generic[Value]):
    """A value that ships in a file of its own, and is read once.

    Args:
        folder: of the file, in the assets.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The file."""
        return paths.assets() / self._folder / "results.json"

    def read(self) -> Value | None:
        """What ships; None where nothing does.

        Raises:
            StoreError: the file is damaged.
        """
        path = self.path
        if not path.is_file():
            return None
        value: Value = _shipped(path)
        return value

    def write(self, value: Value) -> None:
        """Write the file whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write(self.path, value)
        _shipped.cache_clear()


@functools.lru_cache(maxsize=16)
def _shipped(path: Path) -> Any:
    return read(path, "install the package again")
