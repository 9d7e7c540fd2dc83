"""Memory for training images, or a memory-mapped file if they do not fit into memory."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from robustcore import paths
from robustcore.errors import StoreError, TrainingError

_SHARE = 0.8  # of the available memory that images may take


def images(n: int, side: int, name: str) -> Tensor:
    """uint8 (n, 3, side, side), uninitialised; `name` is the dataset, for the error message.

    If memory is too small, the tensor is backed by a memory-mapped file in the cache, which is deleted when the process
    ends, however it ends.

    Raises:
        TrainingError: neither memory nor disk space suffices.
    """
    shape = (n, 3, side, side)
    needed, free = n * 3 * side * side, available()
    if needed <= _SHARE * free:
        return torch.empty(shape, dtype=torch.uint8)
    try:
        folder = paths.writable_cache("training")
        with tempfile.TemporaryFile(dir=folder) as file:
            if needed > shutil.disk_usage(folder).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if hasattr(os, "posix_fallocate"):  # fails now if the disk fills up, instead of a signal later
                os.posix_fallocate(file.fileno(), 0, needed)
            return torch.from_numpy(np.memmap(file, np.uint8, "r+", shape=shape))
    except (OSError, StoreError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise TrainingError(
            f"The {n} training images of {name} take {needed / 2**30:.1f} GiB at {side} pixels a side; {free / 2**30:.1f} GiB of "
            f"memory are free, and a file in the cache cannot be that large ({reason}). "
            "Train on fewer (--limit) or smaller ones (--side), or choose a cache on a larger disk (--cache)."
        ) from error


def available() -> int:
    """Bytes of memory that can be used without swapping, and within the limit of a container."""
    free = _free()
    limit = left_in_container()
    return free if limit is None else min(free, limit)


def _free() -> int:
    """What the machine has left."""
    try:
        import psutil
    except ImportError:  # a machine that is lent for a training may lack it
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    available: int = psutil.virtual_memory().available
    return available


def left_in_container(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a container may still use, where it has a limit of its own: psutil knows the machine's memory alone."""
    with contextlib.suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text())
        kept = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return limit - int((group / "memory.current").read_text()) + int(kept.get("inactive_file", 0))
    return None
