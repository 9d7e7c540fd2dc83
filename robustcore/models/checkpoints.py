"""Checkpoints: weights as safetensors, with the card and a digest beside them, whole or not at all.

safetensors holds numbers and text only, so that reading a stranger's file runs none of its code. A file of torch
(`.pt`, `.pth`) is read the same careful way: tensors come in, anything else is refused.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import pickle
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as read_tensors
from safetensors.torch import save as to_bytes
from torch import Tensor

from robustcore.errors import ModelError
from robustcore.models.architectures import Architecture, check_classes
from robustcore.models.architectures import architecture as find_architecture
from robustcore.models.classifier import Card, Classifier

SUFFIX = ".safetensors"
SUFFIXES = (SUFFIX, ".pt", ".pth", ".ckpt", ".bin", ".pkl")
_FORMAT = "robustcore checkpoint 1"
_OLD = 3600  # seconds after which a half-written file is nobody's any more


def save(model: Classifier, path: Path | str, *, half: bool = False) -> Path:
    """Write a classifier's weights and card; the file appears whole or not at all.

    Args:
        model: on any device.
        path: its name ends in .safetensors; missing folders are made.
        half: weights (tensors of two axes or more) as float16, for files that ship; they load as float32.

    Raises:
        ModelError: the file cannot be written, for want of room or of permission.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ModelError(f"A checkpoint's file name ends in {SUFFIX}; {path.name!r} does not.")
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    if half:
        tensors = {key: value.half() if _halved(key, value) else value for key, value in tensors.items()}
    write_tensors(path, tensors, {"format": _FORMAT, "card": model.card.to_json()})
    return path


def round_to_half(model: Classifier) -> None:
    """Round a classifier's weights in place to what a file written with `half` gives back."""
    for key, value in model.state_dict().items():
        if _halved(key, value):
            value.copy_(value.half())


def _halved(key: str, value: Tensor) -> bool:
    """The normalisation and the vectors (biases, batch norm) weigh next to nothing and keep their bits."""
    return value.ndim > 1 and key not in ("mean", "std") and value.is_floating_point()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file atomically, with a digest of the tensors in its metadata."""
    data = to_bytes(dict(tensors), {**metadata, "sha256": _digest(tensors)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(path) as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"The file {path} cannot be written ({reason}); nothing was left behind. Make room or choose another place."
        ) from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place once everything is on the disk."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):  # by a process that was killed while it wrote
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _OLD:
                left.unlink()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_card(path: Path | str) -> Card:
    """The card of a checkpoint, without its weights: a few kilobytes are read."""
    path = Path(path)
    metadata = read_metadata(path)
    if "card" not in metadata:
        raise ModelError(_without_card(path, metadata))
    try:
        return Card.from_json(metadata["card"])
    except ModelError as error:
        raise ModelError(f"The checkpoint {path} cannot be used. {error}") from error


def read_metadata(path: Path) -> dict[str, str]:
    """The texts in a safetensors file."""
    with _reading(path), safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def read_verified(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, held against the digest if the file has one."""
    wanted = read_metadata(path).get("sha256")
    with _reading(path):
        tensors: dict[str, Tensor] = read_tensors(path.read_bytes())
    if wanted is not None and _digest(tensors) != wanted:
        raise ModelError(f"The checkpoint {path} is damaged: its contents do not match its digest. Copy it again.")
    return tensors


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What can go wrong with a file, as one sentence each."""
    if os.path.isdir(path):  # answers for impossible paths too
        raise ModelError(f"{path} is a folder; a checkpoint is a file.")
    try:
        yield
    except FileNotFoundError as error:
        raise ModelError(f"There is no checkpoint at {path}.") from error
    except OSError as error:
        raise ModelError(f"The checkpoint {path} cannot be read ({error.strerror or error}).") from error
    except SafetensorError as error:
        raise ModelError(
            f"The checkpoint {path} is damaged, incomplete or no safetensors file ({_first_sentence(error)}). Copy or train it again."
        ) from error


def load(
    path: Path | str, *, architecture: str | None = None, classes: int | None = None, name: str = ""
) -> Classifier:
    """Read a checkpoint into a classifier in evaluation mode, on the CPU, in float32.

    Args:
        path: a .safetensors with a card; or a .safetensors without one or a .pt, .pth file of a state dict, both of
            which need the architecture. Without a card the classes are named "0", "1", ..., and images are prepared as
            the architecture's published weights have them.
        architecture: e.g. "torchvision/resnet50"; where there is a card it must be the card's.
        classes: the number of classes that the caller needs.
        name: the card's new name; that of the path by default.

    Raises:
        ModelError: the file is missing, damaged, unfit for the architecture or has another number of classes, or
            holds more than tensors.
    """
    path = Path(os.path.expanduser(path))
    if path.suffix in ("", SUFFIX, ".state"):
        metadata = read_metadata(path)
        tensors = read_verified(path)
        card = read_card(path) if architecture is None or "card" in metadata else None
    else:
        tensors, card = _read_torch(path), None
    if card is None:
        if architecture is None:
            raise ModelError(_without_card(path, {}))
        model = _bare(path, tensors, architecture)
    else:
        if architecture not in (None, card.architecture):
            raise ModelError(f"The checkpoint {path} is a {card.architecture}, not a {architecture}.")
        model = find_architecture(card.architecture).build(card, seed=0)
        _fill(model, tensors, path)
    if classes is not None and classes != len(model.card.classes):
        raise ModelError(
            f"The checkpoint {path} tells {len(model.card.classes)} classes apart; {classes} are asked for."
        )
    return model.rename(name or str(path)).eval()


def _bare(path: Path, tensors: Mapping[str, Tensor], name: str) -> Classifier:
    """A classifier from weights without a card; the weights themselves say how many classes there are."""
    family = find_architecture(name)
    weights = {f"network.{key}": value for key, value in strip_prefix(tensors).items()}
    model = _untrained(family, str(path), 1000)
    heads = {
        weights[key].shape[0]
        for key, value in model.state_dict().items()
        if key in weights and value.shape[:1] == (1000,) and value.shape != weights[key].shape
        if value.shape[1:] == weights[key].shape[1:]
    }
    if len(heads) == 1:
        model = _untrained(family, str(path), heads.pop())
    _fill(model, {"mean": model.mean, "std": model.std, **weights}, path)
    return model


def _untrained(family: Architecture, name: str, count: int) -> Classifier:
    classes = tuple(str(i) for i in range(check_classes(count)))
    return family.build(Card(name, classes, family.side, "unknown", "unknown", family.name), seed=0)


def _fill(model: Classifier, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put tensors into a classifier of the same shape, as its own number types, or say what does not fit."""
    expected = model.state_dict()
    # Heads that only helped the training of GoogLeNet and Inception, which the architecture leaves out.
    given = {
        k: v for k, v in tensors.items() if not k.startswith(("network.AuxLogits.", "network.aux1.", "network.aux2."))
    }
    count = len(model.card.classes)
    missing, foreign = sorted(set(expected) - set(given)), sorted(set(given) - set(expected))
    other = [key for key, value in expected.items() if key in given and given[key].shape != value.shape]
    if missing or foreign or other:
        if not missing and not foreign and all(expected[k].shape[0] == count != given[k].shape[0] for k in other):
            raise ModelError(
                f"The checkpoint {path} names {count} classes, but its weights tell {given[other[0]].shape[0]} apart."
            )
        example = (missing or foreign or other)[0].removeprefix("network.")
        what = "lacks" if missing else "has besides" if foreign else "has in another shape"
        raise ModelError(
            f"The checkpoint {path} does not fit the architecture {model.card.architecture}: "
            f"it {what} {example!r}. Name the architecture that it was trained with."
        )
    model.load_state_dict({key: given[key].to(value.dtype) for key, value in expected.items()})


def strip_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict keys without the prefix that all of them share when a network was wrapped ("module.", "model.", ...)."""
    for prefix in ("module.", "model.", "network.", "_orig_mod."):
        if tensors and all(key.startswith(prefix) for key in tensors):
            return strip_prefix({key.removeprefix(prefix): value for key, value in tensors.items()})
    return dict(tensors)


def _read_torch(path: Path) -> dict[str, Tensor]:
    """The state dict in a file of `torch.save`; nothing but tensors and plain values is ever unpickled."""
    with _reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the age of a file's format, which the refusals below say better
        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ModelError(
                f"The file {path} is damaged or holds Python objects beside the weights, which could run code when read, "
                "and is not opened. In the program that made it, save torch.save(model.state_dict(), FILE), or a "
                ".safetensors file, and load that with its architecture."
            ) from error
        except (RuntimeError, EOFError, ValueError, KeyError) as error:
            raise ModelError(
                f"The checkpoint {path} is damaged, incomplete or no file of torch ({_first_sentence(error)})."
            ) from error
    # Training scripts keep the state dict beside the optimiser's.
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise ModelError(f"The file {path} holds no state dict: a table of names and tensors is needed.")
    return {str(key): value for key, value in found.items()}


def _without_card(path: Path, metadata: Mapping[str, str]) -> str:
    if "training" in metadata:
        return (
            f"{path} is the state of an interrupted training, no model yet. Finish it with robustcore train --resume."
        )
    return (
        f"The checkpoint {path} has no card that says which network it belongs to. "
        f"Name its architecture, for example '{path}?architecture=torchvision/resnet50'."
    )


def _first_sentence(error: Exception) -> str:
    return str(error).strip().split(". ")[0].split("\n")[0] or type(error).__name__


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key, value in sorted(tensors.items()):
        digest.update(json.dumps([key, str(value.dtype), list(value.shape)]).encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
