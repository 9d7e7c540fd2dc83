"""Finds and loads the frost textures: the shipped procedural ones, or the originals if they are on this machine.

The original textures of ImageNet-C are third-party photographs and do not ship. `make.py` makes replacements with the same
sizes, colours and spectra. To use the originals, put frost1.png, frost2.png, frost3.png, frost4.jpg and
frost5.jpg of the `hendrycks/robustness` repository into the folder `frost` of the cache, or into the folder that the
environment variable ROBUSTCORE_FROST names. All five are required. Results with them have a different fingerprint.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import torch
from torch import Tensor

from robustcore import paths
from robustcore.errors import ImageError
from robustcore.images import decode, to_tensor

ORIGINALS = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")
# Among the originals, frost2 and frost3 are the same picture, and frost6 is never drawn.
SHIPPED = ("frost1.jpg", "frost2.jpg", "frost2.jpg", "frost4.jpg", "frost5.jpg")


def files() -> tuple[Path, ...]:
    """The five files, in the order of the draw."""
    for folder in (os.environ.get("ROBUSTCORE_FROST"), paths.cache() / "frost"):
        originals = tuple(Path(folder) / name for name in ORIGINALS) if folder else ()
        present = [path.is_file() for path in originals]
        if originals and all(present):
            return originals
        if any(present):
            missing = ", ".join(p.name for p, there in zip(originals, present, strict=True) if not there)
            raise ImageError(f"The folder {folder} has frost textures but not {missing}; all five are needed, or none.")
    return tuple(paths.assets() / "frost" / name for name in SHIPPED)


def content() -> str:
    """A hash of the five files."""
    return _content(*_states(files()))


def textures(device: torch.device) -> Callable[[float], tuple[Tensor, ...]]:
    """A function of a scale: the five textures, (3, H, W) uint8 each, shrunk by it (OpenCV bilinear, without antialiasing). The files
    are looked at once, by this call."""
    states = _states(files())
    return lambda scale: _textures(scale, device, *states)


State = tuple[Path, int, int]  # path, size and modification time, so that a replaced file is noticed


def _states(chosen: tuple[Path, ...]) -> tuple[State, ...]:
    return tuple((path, (s := path.stat()).st_size, s.st_mtime_ns) for path in chosen)


@functools.lru_cache(maxsize=4)
def _content(*states: State) -> str:
    digest = hashlib.sha256()
    for path, _, _ in states:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=16)
def _textures(scale: float, device: torch.device, *states: State) -> tuple[Tensor, ...]:
    return tuple(_texture(path, scale).to(device) for path, _, _ in states)


@functools.lru_cache(maxsize=16)
def _texture(path: Path, scale: float) -> Tensor:
    pixels = decode(path)
    if scale != 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return to_tensor(pixels)
