"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import os


def model(text: str) -> str:
    """A model's name or path; NAME=PATH gives a file a short name for this run, which is what the command works with."""
    name, equals, path = text.partition("=")
    if not equals or {"/", "?", os.sep} & set(name) or os.path.isfile(text.partition("?")[0]):
        return text
    from robustcore import models
    from robustcore.errors import RobustcoreError
    from robustcore.models import added

    try:
        if models.path_of(path) is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH: {path!r} is no file of weights")
        added.name_for_this_process(name, models.relocated(path, os.path.abspath))
    except RobustcoreError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name
