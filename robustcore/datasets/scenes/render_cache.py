"""Rendered scenes in the cache, in blocks of consecutive images, one file per block.

With blocks a small limit renders little, a larger split extends a smaller one, and a damaged file costs one block. A file
is an ordinary .npy array followed by the CRC-32 of its data. It is written under a temporary name and renamed, so it is
never incomplete.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from robustcore import paths
from robustcore.errors import StoreError
from robustcore.images import UInt8Array

BLOCK = 600  # images: under a second to render, 7 MB at 64 pixels

_log = logging.getLogger(__name__)
_CHECKSUM = struct.Struct("<I")


def block(name: str, side: int, render: Callable[[], UInt8Array]) -> UInt8Array:
    """The block of this name, memory-mapped from the cache; it is rendered first if it is missing or damaged.

    If the cache is not writable, the block is rendered in memory and a warning is logged.

    Returns:
        uint8 (BLOCK, 3, side, side), read-only.
    """
    shape = (BLOCK, 3, side, side)
    path = paths.cache() / "scenes" / f"{name}.npy"
    kept = _open(path, shape)
    if kept is not None:
        return kept
    images = render()
    images.flags.writeable = False
    try:
        paths.writable_cache("scenes")
        _write(path, images)
    except (OSError, StoreError) as error:
        _log.warning("Rendered scenes cannot be cached: %s", error)
    return images


def is_kept(name: str) -> bool:
    """Whether the cache has a file for this block, damaged or not."""
    return (paths.cache() / "scenes" / f"{name}.npy").is_file()


def _open(path: Path, shape: tuple[int, ...]) -> UInt8Array | None:
    try:
        images: UInt8Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, EOFError) as error:
        _log.warning("The rendered scenes in %s cannot be read (%s) and are rendered again.", path, error)
        return None
    if images.shape == shape and images.dtype == np.uint8 and _trailer(path) == zlib.crc32(images.data):
        return images
    _log.warning("The rendered scenes in %s are damaged and are rendered again.", path)
    return None


def _trailer(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(-_CHECKSUM.size, os.SEEK_END)
        value: int = _CHECKSUM.unpack(file.read())[0]
    return value


def _write(path: Path, images: UInt8Array) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            np.save(file, images, allow_pickle=False)
            file.write(_CHECKSUM.pack(zlib.crc32(images.data)))
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
