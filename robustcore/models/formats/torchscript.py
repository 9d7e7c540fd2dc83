"""TorchScript: files of `torch.jit.save`.

A scripted network is code in a language of its own, without Python's reach; it can read and write files only with three
operations, and a file that names one of these is refused before it is opened.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustcore.errors import ModelError
from robustcore.models import state_dicts
from robustcore.models.checkpoints import Reading
from robustcore.models.classifier import Classifier
from robustcore.models.formats import _whole

SUFFIXES = (".pt", ".ts", ".pth", ".torchscript")
_REACHES_FILES = re.compile(rb"\b(?:torch|ops\.\w+)\.(?:from_file|save|load)\s*\(")
_MOST_CODE = 64_000_000  # bytes of one file of code


class ScriptedNetwork(nn.Module):
    """A network in TorchScript; its parameters are part of the module's, unless it is frozen.

    Args:
        script: in evaluation mode, on the CPU.
        name: for errors.
    """

    revision = 1

    def __init__(self, script: torch.jit.ScriptModule, name: str) -> None:
        super().__init__()
        self._name = name
        # A frozen one has its weights in its graph, where no device move reaches them; torch's own walk over it would fail.
        self.is_frozen = not hasattr(script, "training")
        self.frozen: tuple[torch.jit.ScriptModule, ...] = (script,) if self.is_frozen else ()
        if not self.is_frozen:
            self.script = script

    def forward(self, x: Tensor) -> object:
        """(N, 3, side, side) -> what the script answers."""
        if not self.is_frozen:
            return self.script(x)
        if x.device.type != "cpu":
            raise ModelError(
                f"{self._name} is frozen TorchScript, whose weights stay on the CPU: evaluate it with the device cpu, or save "
                "the network without torch.jit.freeze."
            )
        return self.frozen[0](x)


# What a damaged archive raises, from its directory, whose names may be no text, to the content of its files.
_DAMAGED = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError)


def is_one(path: Path) -> bool:
    """Whether a path is a TorchScript file; reads the names in it."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except _DAMAGED:
        return False  # the reader of state dicts says what is wrong with it
    return any(re.fullmatch(r"[^/]+/constants\.pkl", name) for name in names)


def file(path: Path) -> Path:
    """The file that decides the answers."""
    return path


def load(path: Path, *, architecture: str | None, classes: int | str | None, name: str, reading: Reading) -> Classifier:
    """Read a TorchScript file into a classifier, on the CPU.

    A `Card` may stand in it: `torch.jit.save(network, FILE, _extra_files={"card.json": card.to_json()})`.

    Raises:
        ModelError: the file is damaged, reaches for other files, or holds no classifier.
    """
    _whole.check_reading(path, "a TorchScript file", architecture, reading)
    _check_code(path)
    extra = {_whole.CARD: ""}
    jit: Any = torch.jit
    with state_dicts.reading(path), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # torch would rather have torch.export; files of both kinds exist
        try:
            script = jit.load(str(path), map_location="cpu", _extra_files=extra)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"The TorchScript file {path} cannot be read ({state_dicts.first_sentence(error)}). Save it again, or use the "
                "release of torch that wrote it."
            ) from error
    if hasattr(script, "training"):
        script.eval()
        for weight in script.parameters():
            weight.requires_grad_(False)  # copies of weights with a gradient would be no leaves
    return _whole.classifier(
        ScriptedNetwork(script, name or str(path)),
        path,
        kind="a TorchScript file",
        architecture="torchscript",
        reading=reading,
        classes=classes,
        name=name,
        card=_whole.card_in(extra[_whole.CARD], path),
    )


def _check_code(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if "/code/" not in entry.filename or not entry.filename.endswith(".py"):
                    continue
                if entry.file_size > _MOST_CODE:
                    raise ModelError(f"The TorchScript file {path} has {entry.file_size / 1e6:.0f} MB of code.")
                if _REACHES_FILES.search(archive.read(entry)):
                    raise ModelError(
                        f"The TorchScript file {path} reads or writes other files when it runs, so it is not opened. A network "
                        "needs none: save it without such operations."
                    )
    except _DAMAGED as error:
        raise ModelError(f"The TorchScript file {path} is damaged ({state_dicts.first_sentence(error)}).") from error
