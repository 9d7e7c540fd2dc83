"""Checkpoints: safetensors files with weights, the model's card and a digest, written atomically.

safetensors contains only numbers and text, so reading an untrusted file runs no code. PyTorch files (`.pt`, `.pth`) are
read just as carefully: tensors are accepted, anything else is refused.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustcore.derived import atomic_files
from robustcore.errors import ModelError
from robustcore.models import class_names, pretrained, state_dicts
from robustcore.models.architectures import Architecture, check_classes
from robustcore.models.architectures import architecture as find_architecture
from robustcore.models.classifier import Card, Classifier
from robustcore.notes import RobustcoreWarning

SUFFIX = ".safetensors"
SUFFIXES = (SUFFIX, ".pt", ".pth", ".ckpt", ".bin", ".pkl")
_FORMAT = "robustcore checkpoint 1"
_COUNT = 1000  # classes of a network that is built to see what its tensors are called


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a file of weights without a card is read, where it does not say itself.

    Attributes:
        weights_from: the entry or the prefix of the weights, where several fit: see `state_dicts.weights`.
        by_order: take tensors by order and shape, whatever they are called.
        mean, std: of the network's normalisation, for pixels in [0, 1]; by default those in the file, else the architecture's.
        side: of the input in pixels; by default the architecture's.
    """

    weights_from: str | None = None
    by_order: bool = False
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    side: int | None = None


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
        with atomic_files.replacing(path) as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"The file {path} cannot be written ({reason}); no partial file was left. Free some space or choose another place."
        ) from error


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

    with state_dicts.reading(path):
        try:
            yield
        except SafetensorError as error:
            raise ModelError(
                f"The checkpoint {path} is damaged, incomplete or not a safetensors file "
                f"({state_dicts.first_sentence(error)}). Copy or train it again."
            ) from error


def load(
    path: Path | str,
    *,
    architecture: str | None = None,
    classes: int | str | None = None,
    name: str = "",
    reading: Reading = Reading(),
) -> Classifier:
    """Read a checkpoint into a classifier in evaluation mode, on the CPU, in float32.

    Args:
        path: a .safetensors with a card; or a .safetensors without one or a .pt, .pth file of a state dict, both of
            which need the architecture. Without a card 1,000 classes of a published architecture are ImageNet's, prepared as
            for the published weights; other classes are named "0", "1", ...
        architecture: e.g. "torchvision/resnet50"; it must match the card, if there is one.
        classes: the required number of classes, or where their names are: see `class_names.read`.
        name: the card's new name; by default the path.
        reading: of a file without a card.

    Raises:
        ModelError: the file is missing or damaged, does not fit the architecture, has a different number of classes, or
            contains more than tensors.
    """
    path = Path(os.path.expanduser(path))
    if path.suffix in ("", SUFFIX, ".state"):
        if reading.by_order:
            raise ModelError(
                f"A {SUFFIX} file keeps its tensors sorted by name, so {path} has no order to take them by; save it with torch.save."
            )
        metadata = read_metadata(path)
        tensors = read_verified(path)
        card = read_card(path) if architecture is None or "card" in metadata else None
    else:
        tensors, card = state_dicts.contents_of(path), None
    if card is None:
        if architecture is None:
            raise ModelError(_without_card(path, {}))
        model = _bare(path, tensors, architecture, reading)
    else:
        if architecture not in (None, card.architecture):
            raise ModelError(f"The checkpoint {path} is a {card.architecture}, not a {architecture}.")
        model = find_architecture(card.architecture).build(card, seed=0)
        _fill(model, tensors, path)
    count = len(model.card.classes)
    if isinstance(classes, str):
        names = class_names.read(classes)
        if len(names) != count:
            raise ModelError(f"The checkpoint {path} has {count} classes, and {classes} has names of {len(names)}.")
        model.card = dataclasses.replace(model.card, classes=names)
    elif classes not in (None, count):
        raise ModelError(f"The checkpoint {path} has {count} classes, not {classes}.")
    return model.rename(name or str(path)).eval()


def _bare(path: Path, contents: Any, name: str, reading: Reading) -> Classifier:
    """A classifier from weights without a card; the number of classes is read off the weights."""
    family = find_architecture(name)
    model = _untrained(family, str(path), _COUNT)
    weights = state_dicts.weights(
        contents,
        model.network.state_dict(),
        path=path,
        architecture=name,
        classes=_COUNT,
        weights_from=reading.weights_from,
        by_order=reading.by_order,
    )
    heads = {
        weights.state[key].shape[0]
        for key, value in model.network.state_dict().items()
        if key in weights.state and value.shape != weights.state[key].shape
    }
    if len(heads) == 1:
        model = _untrained(family, str(path), heads.pop())
    own = {key: value for key, value in model.state_dict().items() if key.endswith("num_batches_tracked")}
    stored = {f"network.{key}": value for key, value in weights.state.items()}
    mean, std = reading.mean or weights.mean, reading.std or weights.std
    scale = {
        "mean": model.mean if mean is None else torch.tensor(mean).view(1, 3, 1, 1),
        "std": model.std if std is None else torch.tensor(std).view(1, 3, 1, 1),
    }
    _fill(model, {**own, **scale, **stored}, path)
    recipe = {"weights_from": weights.source, "left_out": list(weights.left_out)}
    model.card = dataclasses.replace(
        _bare_card(model.card, reading), recipe={key: value for key, value in recipe.items() if value}
    )
    if weights.left_out:
        more = f" and {len(weights.left_out) - 3} more" if len(weights.left_out) > 3 else ""
        warnings.warn(
            f"{path} has tensors beside those of {name}, which are left out: {', '.join(weights.left_out[:3])}{more}.",
            RobustcoreWarning,
            stacklevel=2,
        )
    return model


def _bare_card(card: Card, reading: Reading) -> Card:
    """The card with what is known of a published architecture's 1,000 classes, and with the side that was named."""
    published = card.architecture.partition("/")[0] in ("torchvision", "timm") and len(card.classes) == _COUNT
    if published:
        card = dataclasses.replace(card, classes=class_names.read(class_names.IMAGENET), dataset="imagenet")
    if reading.side is not None:
        return dataclasses.replace(card, side=reading.side)
    return dataclasses.replace(card, preparation=pretrained.preparation(card.architecture)) if published else card


def _untrained(family: Architecture, name: str, count: int) -> Classifier:
    classes = tuple(str(i) for i in range(check_classes(count)))
    return family.build(Card(name, classes, family.side, "unknown", "unknown", family.name), seed=0)


def _fill(model: Classifier, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a classifier of the same shape, converted to its dtypes; an error says what does not fit."""
    expected = model.state_dict()
    stored = dict(tensors)
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


def _without_card(path: Path, metadata: Mapping[str, str]) -> str:
    if "training" in metadata:
        return f"{path} is the state of an interrupted training, not a finished model. Finish it with robustcore train --resume."
    return (
        f"The checkpoint {path} has no card that says which network it belongs to. "
        f"Name its architecture, for example '{path}?architecture=torchvision/resnet50'."
    )


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key, value in sorted(tensors.items()):
        digest.update(json.dumps([key, str(value.dtype), list(value.shape)]).encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
