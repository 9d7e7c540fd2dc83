"""Folders and lists of images that a person added: every picker of data offers them, before anything was evaluated on them.

`folders.toml` in the cache keeps where they are; the images stay there.
"""

from __future__ import annotations

import json
import os
import tomllib

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.errors import DatasetError, UnknownNameError

FILE = "folders.toml"


def folders() -> list[str]:
    """The absolute paths, sorted.

    Raises:
        DatasetError: the list cannot be read.
    """
    path = paths.cache() / FILE
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8")).get("folders")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise DatasetError(f"The list of folders {path} cannot be read ({error}). Mend it, or remove it.") from error
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise DatasetError(f'The list of folders {path} has no line folders = ["/a/path", ...]. Mend it, or remove it.')
    return sorted(set(listed))


def add(folder: str) -> str:
    """Keep a folder, or a file that lists images, and return its absolute path.

    Raises:
        DatasetError: there is nothing at that path, or the list cannot be written.
    """
    path = os.path.abspath(os.path.expanduser(folder))
    if not os.path.exists(path):
        raise DatasetError(f"There is no folder or file {paths.printable(path)} that could be added.")
    _write([*folders(), path])
    return path


def remove(folder: str) -> str:
    """Take a folder off the list; its images and their results stay. Returns its path.

    Raises:
        UnknownNameError: it is not on the list.
    """
    path = os.path.abspath(os.path.expanduser(folder))
    listed = folders()
    if path not in listed:
        raise UnknownNameError("added folder", folder, listed)
    _write([each for each in listed if each != path])
    return path


def _write(listed: list[str]) -> None:
    path = paths.writable_cache() / FILE
    try:
        atomic_files.write(path, f"folders = {json.dumps(sorted(set(listed)), ensure_ascii=False)}\n")
    except OSError as error:
        raise DatasetError(f"The list of folders {path} cannot be written ({error.strerror or error}).") from error
