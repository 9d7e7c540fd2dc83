"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from robustcore.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

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


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return value


def radius(text: str) -> float:
    """How far an attack may change an image: a number with pixels in [0, 1], or N/255."""
    from robustcore.attacks import budgets
    from robustcore.errors import RobustcoreError

    try:
        return budgets.radius(text)
    except RobustcoreError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def output(text: str) -> Path:
    """A file that can be written, which is found out before anything is computed for it."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder, and a file is written")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} cannot be written: the folder {path.parent} is not there")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written: no permission")
    return path


def add_output(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The flag `--output` of commands that write their result into a file, or print it where there is no default."""
    parser.add_argument(
        "--output",
        type=output,
        default=default,
        metavar="FILE",
        help="write the result there" + (f" (default: {default})" if default else ""),
    )


def print_or_write(text: str, path: Path | None) -> None:
    """Print a result, or write it where `--output` asks for it."""
    if path is None:
        print(text, end="")
    else:
        write(path, text)
        print(f"{path}: written.")


def write_table(table: pd.DataFrame, path: Path, form: str) -> None:
    """Write a table as csv or parquet.

    Raises:
        InvalidArgumentError: the file cannot be written.
    """
    write(path, table.to_csv(index=False) if form == "csv" else table.to_parquet(None, index=False))


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
