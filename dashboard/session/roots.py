"""Which paths of the server may be named on a page.

With `--data-root DIR` (repeatable, or ROBUSTCORE_DATA_ROOTS with the system's path separator between them) those at or
below one of these folders, after every symbolic link is resolved. Without a data root any path, if the dashboard is one
person's own: it listens on this machine alone, has no proxy's name and no sign-in, and is not read-only.
Otherwise none.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import streamlit as st

from dashboard.session import permissions, sign_in
from robustcore import corruptions, datasets, models
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import suites
from robustcore.evaluation.request import EvaluationRequest
from robustcore.training.recipe import Recipe

VARIABLE = "ROBUSTCORE_DATA_ROOTS"
_LONGEST = 4096
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def configured() -> list[str]:
    """The data roots, resolved."""
    return [os.path.realpath(root) for root in os.environ.get(VARIABLE, "").split(os.pathsep) if root]


def any_path() -> bool:
    """Whether every path may be named: no data root is set, and whoever can type here has an account here anyway."""
    called = {st.get_option("server.address"), *st.get_option("server.allowedHosts")}
    alone = called <= set(LOOPBACK)  # a further name is that of a proxy, which lets others in
    return not configured() and alone and not permissions.read_only() and not sign_in.required()


def open_to_paths() -> bool:
    """Whether some path may be named on a page."""
    return any_path() or bool(configured())


def allows(path: str) -> bool:
    """Whether a path that is known already may be shown and used."""
    real = os.path.realpath(path)
    return any_path() or any(_within(real, root) for root in configured())


def dataset(name: str) -> str:
    """A dataset's name, or its folder as a resolved path; `check_links` looks into it.

    Raises:
        InvalidArgumentError: the folder is not within the data roots, or cannot be read.
    """
    return name if name in datasets.names() else _confined(name)


def folder_to_write(path: str) -> str:
    """The resolved path of a folder that a page writes to.

    Raises:
        InvalidArgumentError: as for `dataset`.
    """
    return _confined(path)


def model(name: str) -> str:
    """A model's name; a checkpoint's path is resolved and confined.

    Raises:
        InvalidArgumentError: as for `dataset`; or a model that is not on this machine, on a read-only dashboard, which
            fetches nothing.
    """
    if "\0" in name or len(name) > _LONGEST:
        raise InvalidArgumentError(f"A model's name has no NUL character in it, and at most {_LONGEST} others.")
    placed = models.relocated(name, _confined)
    if models.path_of(name) is not None:
        return placed
    if permissions.read_only() and name not in models.names(offline=True):
        raise InvalidArgumentError(
            f"{name[:80]!r} is no model of this machine; a read-only dashboard shows those that are here."
        )
    return placed


def request(typed: EvaluationRequest) -> EvaluationRequest:
    """An evaluation that a page asks for, its paths resolved and confined: models, surrogates, images, suites' files."""
    return dataclasses.replace(
        typed,
        models=tuple(model(name) for name in typed.model_names),
        surrogates=tuple(model(name) for name in typed.surrogate_names),
        dataset=dataset(typed.dataset_name),
        released=_confined(typed.released) if typed.released else "",
        conditions=tuple(_suite(c) if isinstance(c, str) else c for c in typed.conditions),
    )


def recipe(typed: Recipe) -> Recipe:
    """A training that a page asks for, the paths of its images and of the model that it starts from resolved and confined."""
    start = None if typed.start is None else model(typed.start)
    return dataclasses.replace(typed, dataset=dataset(typed.dataset), start=start)


def _suite(name: str) -> str:
    is_known = name == "clean" or name in suites.names() or name in corruptions.names()
    return name if is_known or not _like_a_path(name) else _confined(name)


def _like_a_path(name: str) -> bool:
    """Whether the library would take a suite's name for a file."""
    return name.endswith(".toml") or os.path.isfile(name)


def _confined(text: str) -> str:
    """The resolved path; the same refusal for what is outside whether it exists or not."""
    excerpt = repr(text if len(text) <= 80 else text[:77] + "...")
    if "\0" in text:
        raise InvalidArgumentError(f"A path has no NUL character in it; {excerpt} has one.")
    if len(text) > _LONGEST:  # resolving takes the square of it
        raise InvalidArgumentError(f"A path has at most {_LONGEST} characters; {excerpt} has {len(text):,}.")
    roots = configured()
    expanded = os.path.expanduser(text)
    if any_path():
        real = os.path.realpath(expanded)
    elif not roots:
        raise InvalidArgumentError(
            f"The path {excerpt} cannot be used: no folders are opened on this dashboard. "
            "Whoever starts it opens one with --data-root DIR."
        )
    else:
        # What is relative is meant within a root.
        places = [os.path.realpath(os.path.join(root, expanded)) for root in roots]
        inside = [place for place in places if any(_within(place, root) for root in roots)]
        if not inside:
            raise InvalidArgumentError(
                f"The path {excerpt} is outside the folders that are opened on this dashboard (--data-root)."
            )
        real = next((place for place in inside if os.path.exists(place)), inside[0])
    try:
        mode = os.stat(real).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return real  # the library says that it is missing
    except OSError as error:
        raise InvalidArgumentError(f"The path {excerpt} cannot be read ({error.strerror or error}).") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise InvalidArgumentError(f"{excerpt} is neither a file nor a folder.")  # a pipe would be waited for in vain
    return real


def _within(real: str, root: str) -> bool:
    return os.path.commonpath([real, root]) == root


def check_links(folder: str) -> None:
    """Refuse a folder with a link, at whatever depth, that leads out of the data roots; it is walked once.

    Raises:
        InvalidArgumentError: the message names the link.
    """
    if any_path() or folder in datasets.names():
        return
    # The images that a table lists are in its folder.
    roots, seen, ahead = configured(), set[str](), [os.path.dirname(folder) if os.path.isfile(folder) else folder]
    while ahead:
        here = os.path.realpath(ahead.pop())
        if here in seen:
            continue
        seen.add(here)
        try:
            entries = list(os.scandir(here))
        except OSError:
            continue  # missing or closed to us: the library says so when it reads the folder
        for entry in entries:
            if entry.is_symlink() and not any(_within(os.path.realpath(entry.path), root) for root in roots):
                raise InvalidArgumentError(
                    f"{Path(entry.path).name[:80]!r} in the folder {folder[-80:]} is a link that leads out of the folders "
                    "that are opened on this dashboard (--data-root)."
                )
            if entry.is_dir():
                ahead.append(entry.path)
