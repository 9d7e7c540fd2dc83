"""What a file is right now, so that a cache can tell when it has been written again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class FileVersion(NamedTuple):
    """A file as it is now; one that is written or replaced has another version.

    Attributes:
        path: where it is.
        size: bytes.
        written: time of the last write, nanoseconds; a copy may keep that of its original.
        changed: time of the last change of the file's entry, nanoseconds; no copy keeps it.
    """

    path: str
    size: int
    written: int
    changed: int


def version(path: Path | str) -> FileVersion:
    """The version of a file.

    Raises:
        OSError: there is no such file, or it may not be read.
    """
    stat = os.stat(path)
    return FileVersion(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
