"""Models that a function of a .py file makes: "net.py:make".

Loading one runs the file's code, so only the person who starts the program can name the file: as a plug-in, or on the command
line, which makes it one. A name alone, on a page or in a file of results, loads no code.
"""

from __future__ import annotations

import inspect
import os
import re

from torch import nn

from robustcore import plugins
from robustcore.errors import ModelError

_NAME = re.compile(r"(?P<file>.+\.py):(?P<function>[A-Za-z_]\w*)")


def parts(name: str) -> tuple[str, str] | None:
    """The file and the function of such a name; None for any other name."""
    match = _NAME.fullmatch(name)
    return None if match is None else (match["file"], match["function"])


def make(name: str) -> nn.Module:
    """What the function makes: a network or a classifier, in evaluation mode.

    Raises:
        ModelError: the file is no plug-in of this program, or has no such function; the function fails, or makes no network.
    """
    file, function = parts(name) or ("", "")
    path = os.path.abspath(os.path.expanduser(file))
    module = plugins.module_of(path)
    if module is None:
        raise ModelError(
            f"{name} is made by code, which only runs if whoever starts the program names the file: robustcore --plugin {file} ..."
        )
    factory = getattr(module, function, None)
    if not (inspect.isfunction(factory) or inspect.isclass(factory)) or factory.__module__ != module.__name__:
        raise ModelError(f"The file {file} has no function {function!r} of its own that makes a network.")
    try:
        network = factory()
    except Exception as error:  # whatever somebody's code does
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise ModelError(f"{name} failed: {type(error).__name__}: {first}".rstrip(": ") + ".") from error
    if not isinstance(network, nn.Module):
        raise ModelError(f"{name} made a {type(network).__name__}; a factory makes a torch.nn.Module.")
    return network.eval()


def digest(name: str) -> str:
    """SHA-256 of the plug-in's files that such a name's function comes from; part of the model's fingerprint."""
    file, _ = parts(name) or ("", "")
    path = os.path.abspath(os.path.expanduser(file))
    return next((plugin.digest for plugin in plugins.loaded() if plugin.name == path), "")
