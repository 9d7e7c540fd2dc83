"""The folders for shipped files and for what this machine computes."""

from __future__ import annotations

import os
from pathlib import Path

from robustcore.errors import StoreError

RESULTS = "ROBUSTCORE_RESULTS"  # names a results file that is read and never written
_PACKAGE = Path(__file__).resolve().parent


def assets() -> Path:
    """The folder of shipped files: inside an installed package, next to the package in a checkout."""
    inside = _PACKAGE / "assets"
    return inside if inside.is_dir() else _PACKAGE.parent / "assets"


def cache() -> Path:
    """The folder for everything that this machine computes; not created here.

    `ROBUSTCORE_CACHE` if set; else `cache/` of the checkout; else, for an installed wheel, the user's cache folder.
    """
    chosen = os.environ.get("ROBUSTCORE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file():
        return checkout / "cache"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "robustcore"


def opened_results() -> Path | None:
    """The results file that is read instead of the cache's own, where `ROBUSTCORE_RESULTS` names one."""
    chosen = os.environ.get(RESULTS)
    return Path(chosen).expanduser().absolute() if chosen else None


def writable_cache(*parts: str) -> Path:
    """Create a folder under the cache and return it; raises a `StoreError` that says what to do."""
    folder = cache().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not os.access(folder, os.W_OK):
        raise _unwritable(folder, PermissionError("no permission to write"))
    return folder


def printable(text: str) -> str:
    """A path as text that can be printed and stored: of a name that is not UTF-8 the other bytes are written as \\xe9."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of signs that come from no file
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _unwritable(folder: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"The cache folder {folder} cannot be written ({reason}). "
        "Choose another one with --cache DIR or the environment variable ROBUSTCORE_CACHE."
    )
