"""One derived value in a file of its own, as JSON: measurements that ship or that a command keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from robustcore.derived import atomic_files, codec
from robustcore.errors import InvalidArgumentError, StoreError


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
