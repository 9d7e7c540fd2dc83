"""Checkpoints: safetensors files with weights, the model's card and a digest, written atomically.

safetensors contains only numbers and text, so reading an untrusted file runs no code. PyTorch files (`.pt`, `.pth`) are
read just as carefully: tensors are accepted, anything else is refused.
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
from torch import Tensor

from robustcore.errors import ModelError
from robustcore.models.architectures import Architecture, check_classes
from robustcore.models.architectures import architecture as find_architecture
from robustcore.models.classifier import Card, Classifier

SUFFIX = ".safetensors"
SUFFIXES = (SUFFIX, ".pt", ".pth", ".ckpt", ".bin", ".pkl")
_FORMAT = "robustcore checkpoint 1"
_OLD = 3600  # seconds after which a partial file counts as abandoned


def save(model: Classifier, path: Path | str, *, half: bool = False) -> Path:
    """Write a classifier's weights and card atomically.

    Args:
        model: on any device.
        path: its name ends in .safetensors; missing folders are created.
        half: weights (tensors of two axes or more) as float16, for files that ship; they load as float32.

    Raises:
        ModelError: the file cannot be written, because of missing space or permission.
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
    """Round a classifier's weights in place, exactly as saving with `half` and loading would."""
    for key, value in model.state_dict().items():
        if _halved(key, value):
            value.copy_(value.half())


def _halved(key: str, value: Tensor) -> bool:
    """Whether a tensor is stored as float16. Normalisation and vectors (biases, batch norm) are small and stay exact."""
    return value.ndim > 1 and key not in ("mean", "std") and value.is_floating_point()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file atomically, with a digest of the tensors in its metadata."""
    from safetensors.torch import save as to_bytes

    data = to_bytes(dict(tensors), {**metadata, "sha256": _digest(tensors)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(path) as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"The file {path} cannot be written ({reason}); no partial file was left. Free some space or choose another place."
        ) from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file next to `path` that replaces it once everything is on disk."""
    for leftover in path.parent.glob(
        f".{glob.escape(path.name)}.*.part"
    ):  # from a process that was killed while writing
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _OLD:
                leftover.unlink()
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
    """The card of a checkpoint; reads a few kilobytes, not the weights."""
    path = Path(path)
    metadata = read_metadata(path)
    if "card" not in metadata:
        raise ModelError(_without_card(path, metadata))
    try:
        return Card.from_json(metadata["card"])
    except ModelError as error:
        raise ModelError(f"The checkpoint {path} cannot be used. {error}") from error


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file."""
    from safetensors import safe_open

    with _reading(path), safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def read_verified(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, checked against its digest if it has one."""
    from safetensors.torch import load as read_tensors

    wanted = read_metadata(path).get("sha256")
    with _reading(path):
        tensors: dict[str, Tensor] = read_tensors(path.read_bytes())
    if wanted is not None and _digest(tensors) != wanted:
        raise ModelError(f"The checkpoint {path} is damaged: its contents do not match its digest. Copy it again.")
    return tensors


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn errors while reading a file into one-sentence `ModelError`s."""
    from safetensors import SafetensorError

    if os.path.isdir(path):  # also handles invalid paths
        raise ModelError(f"{path} is a folder; a checkpoint is a file.")
    try:
        yield
    except FileNotFoundError as error:
        raise ModelError(f"There is no checkpoint at {path}.") from error
    except OSError as error:
        raise ModelError(f"The checkpoint {path} cannot be read ({error.strerror or error}).") from error
    except SafetensorError as error:
        raise ModelError(
            f"The checkpoint {path} is damaged, incomplete or not a safetensors file ({_first_sentence(error)}). Copy or train it again."
        ) from error


def load(
    path: Path | str, *, architecture: str | None = None, classes: int | None = None, name: str = ""
) -> Classifier:
    """Read a checkpoint into a classifier in evaluation mode, on the CPU, in float32.

    Args:
        path: a .safetensors with a card; or a .safetensors without one or a .pt, .pth file of a state dict, both of
            which need the architecture. Without a card the classes are named "0", "1", ..., and images are prepared as
            for the architecture's published weights.
        architecture: e.g. "torchvision/resnet50"; it must match the card, if there is one.
        classes: the required number of classes.
        name: the card's new name; by default the path.

    Raises:
        ModelError: the file is missing or damaged, does not fit the architecture, has a different number of classes, or
            contains more than tensors.
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
        raise ModelError(f"The checkpoint {path} has {len(model.card.classes)} classes, not {classes}.")
    return model.rename(name or str(path)).eval()


def _bare(path: Path, tensors: Mapping[str, Tensor], name: str) -> Classifier:
    """A classifier from weights without a card; the number of classes is read off the weights."""
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
    """Copy tensors into a classifier of the same shape, converted to its dtypes; an error says what does not fit."""
    expected = model.state_dict()
    # Auxiliary training heads of GoogLeNet and Inception, which the architecture leaves out.
    stored = {
        k: v for k, v in tensors.items() if not k.startswith(("network.AuxLogits.", "network.aux1.", "network.aux2."))
    }
    count = len(model.card.classes)
    missing, unexpected = sorted(set(expected) - set(stored)), sorted(set(stored) - set(expected))
    reshaped = [key for key, value in expected.items() if key in stored and stored[key].shape != value.shape]
    if missing or unexpected or reshaped:
        if (
            not missing
            and not unexpected
            and all(expected[k].shape[0] == count != stored[k].shape[0] for k in reshaped)
        ):
            raise ModelError(
                f"The checkpoint {path} names {count} classes, but its weights have {stored[reshaped[0]].shape[0]}."
            )
        example = (missing or unexpected or reshaped)[0].removeprefix("network.")
        problem = "lacks" if missing else "has an unexpected" if unexpected else "has a different shape of"
        raise ModelError(
            f"The checkpoint {path} does not fit the architecture {model.card.architecture}: "
            f"it {problem} {example!r}. Name the architecture that it was trained with."
        )
    model.load_state_dict({key: stored[key].to(value.dtype) for key, value in expected.items()})


def strip_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict keys without the common prefix of a wrapped network ("module.", "model.", ...)."""
    for prefix in ("module.", "model.", "network.", "_orig_mod."):
        if tensors and all(key.startswith(prefix) for key in tensors):
            return strip_prefix({key.removeprefix(prefix): value for key, value in tensors.items()})
    return dict(tensors)


def _read_torch(path: Path) -> dict[str, Tensor]:
    """The state dict in a `torch.save` file; only tensors and plain values are unpickled."""
    with _reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about old file formats; the errors below are clearer
        try:
            contents = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ModelError(
                f"The file {path} is damaged or contains Python objects besides the weights, which could run code when read, "
                "so it is not opened. In the program that wrote it, save torch.save(model.state_dict(), FILE), or a "
                ".safetensors file, and load that with its architecture."
            ) from error
        except (RuntimeError, EOFError, ValueError, KeyError) as error:
            raise ModelError(
                f"The checkpoint {path} is damaged, incomplete or not a PyTorch file ({_first_sentence(error)})."
            ) from error
    # Training scripts often save the state dict together with the optimiser's.
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(contents, Mapping) and isinstance(contents.get(key), Mapping):
            contents = contents[key]
    if not isinstance(contents, Mapping) or not contents or not all(isinstance(v, Tensor) for v in contents.values()):
        raise ModelError(f"The file {path} contains no state dict (a mapping from names to tensors).")
    return {str(key): value for key, value in contents.items()}


def _without_card(path: Path, metadata: Mapping[str, str]) -> str:
    if "training" in metadata:
        return f"{path} is the state of an interrupted training, not a finished model. Finish it with robustcore train --resume."
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
