"""What a person rejected of a shortlist, kept in the cache: an image stays rejected when the rules' numbers change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.errors import StoreError

_FOLDER = "filtrations"


def rejected(key: str) -> frozenset[int]:
    """Ids of the images that were rejected; none where nothing was reviewed.

    Args:
        key: of `scores.key_of`.

    Raises:
        StoreError: a file that cannot be read.
    """
    path = _path(key)
    try:
        return frozenset(int(each) for each in json.loads(path.read_text(encoding="utf-8"))["rejected"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"The review in {path} cannot be read ({error}). Remove the file to begin again.") from error


def reject(key: str, ids: Iterable[int]) -> None:
    """Keep that these images are rejected, and no others.

    Raises:
        StoreError: a cache that cannot be written.
    """
    paths.writable_cache(_FOLDER)
    path = _path(key)
    try:
        atomic_files.write(path, json.dumps({"rejected": sorted(ids)}) + "\n")
    except OSError as error:
        raise StoreError(f"The review cannot be kept in {path} ({error.strerror or error}).") from error


def _path(key: str) -> Path:
    return paths.cache() / _FOLDER / f"{key}.json"
