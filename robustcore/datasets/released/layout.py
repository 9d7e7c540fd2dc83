"""How a released set lies on the disk: folders of corruptions, severities and classes, or arrays with their labels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from robustcore.datasets import class_folders
from robustcore.errors import DatasetError
from robustcore.paths import printable

LABELS = "labels.npy"
_SEVERITIES = ("1", "2", "3", "4", "5")


def is_released(path: Path) -> bool:
    """Whether a folder is laid out as a released set of corrupted images: every folder in it is a corruption with its
    severities, or a group of such, or there are arrays with their labels."""
    if (path / LABELS).is_file() and any(p.name != LABELS for p in path.glob("*.npy")):
        return True
    inside = folders(path)
    return bool(inside) and all(
        is_corruption(child) or all(map(is_corruption, folders(child) or [child])) for child in inside
    )


def is_corruption(folder: Path) -> bool:
    """Whether a folder has severities and nothing else, with class folders in them."""
    severities = folders(folder)
    if not severities or any(s.name not in _SEVERITIES for s in severities):
        return False
    return all(folders(severity) for severity in severities)


def folders(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith((".", "@", "__")))
    except OSError as error:
        raise DatasetError(
            f"The folder {printable(str(folder))} cannot be read ({error.strerror or error})."
        ) from error


def images_in(folder: Path) -> Iterator[str]:
    """The images in and below a folder, by their paths in it, with / between the parts."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from (f"{entry.name}/{path}" for path in images_in(Path(entry.path)))
            elif class_folders.is_image(entry):
                yield entry.name


def registered_name(folder: str) -> str:
    """A corruption's name as it is registered here."""
    return re.sub(r"[\s-]+", "_", folder.strip().casefold())
