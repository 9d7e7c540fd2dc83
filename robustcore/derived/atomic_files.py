"""Files that appear whole or not at all, whenever the process that writes them is stopped."""

from __future__ import annotations

import contextlib
import glob
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_OLD = 3600  # seconds after which a partial file counts as abandoned


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file next to `path` that replaces it once everything is on disk.

    Raises:
        OSError: the file cannot be written; what was there is still there.
    """
    for leftover in path.parent.glob(
        f".{glob.escape(path.name)}.*.part"
    ):  # from a process that was killed while writing
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _OLD:
                leftover.unlink()
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
