"""Files that hold a whole network, and not its weights alone: TorchScript, ONNX, and folders of Hugging Face.

Each module of this package reads one format, without running Python code from the file. `format_of` tells which one a path is.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from robustcore.models.formats import hugging_face, onnx_graphs, torchscript

_FORMATS = (torchscript, onnx_graphs, hugging_face)
SUFFIXES = (*torchscript.SUFFIXES, *onnx_graphs.SUFFIXES)


def format_of(path: Path | str) -> ModuleType | None:
    """The module that reads a path, with `is_one`, `load` and `file`; None for a file of weights and for what is not there."""
    place = Path(os.path.expanduser(path))
    if not os.path.exists(place):  # pathlib would raise for what is too long to be a path
        return None
    return next((module for module in _FORMATS if module.is_one(place)), None)
