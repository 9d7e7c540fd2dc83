"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from robustcore.errors import InvalidArgumentError

# NAME=FILE.py:FUNCTION?OPTIONS, of which only file and function have to be there.
_MADE = re.compile(r"^(?:[^=/?]+=)?(?P<file>[^?]+\.py):[A-Za-z_]\w*(?:\?|$)")


def model(text: str) -> str:
    """A model's name or path; NAME=PATH gives a file a short name for this run, which is what the command works with.

    Of FILE.py:FUNCTION the file is loaded as a plug-in: whoever writes a command line may name code.
    """
    made = _MADE.search(text)
    if made is not None:
        from robustcore import plugins

        for problem in plugins.load(os.path.abspath(os.path.expanduser(made["file"]))):
            raise argparse.ArgumentTypeError(problem)
    name, equals, path = text.partition("=")
    if not equals or {"/", "?", os.sep} & set(name) or os.path.isfile(text.partition("?")[0]):
        return text
    from robustcore import models
    from robustcore.errors import RobustcoreError
    from robustcore.models import added

    try:
        if models.path_of(path) is None and made is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH: {path!r} is no file of weights")
        added.name_for_this_process(name, models.relocated(path, os.path.abspath))
    except RobustcoreError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def add_models(parser: argparse.ArgumentParser) -> None:
    """The flag `--model` of commands that take one or more."""
    parser.add_argument(
        "--model",
        required=True,
        action="append",
        type=model,
        metavar="NAME|NAME=PATH",
        help="name or checkpoint, or a short name for a checkpoint in this run; may be repeated",
    )


def write(path: Path, content: str | bytes) -> None:
    """Write what `--output` asks for.

    Raises:
        InvalidArgumentError: the file cannot be written.
    """
    try:
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as error:
        raise InvalidArgumentError(
            f"{path} cannot be written ({error.strerror}); give --output a file in a folder that is there."
        ) from error
