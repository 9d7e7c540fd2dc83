"""Names for the classes of a model: ImageNet's, or those of a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from robustcore.datasets import imagenet_classes
from robustcore.errors import ModelError
from robustcore.models.architectures import MAX_CLASSES

IMAGENET = "imagenet"
_LARGEST = 16_000_000  # bytes of a file of names


def read(source: str) -> tuple[str, ...]:
    """The names of classes in the order of the logits.

    Args:
        source: "imagenet" for its 1,000 classes; else a text file with one name a line, or a .json file with a list of names
            or a table from index to name, in which [WordNet id, name] stands for the name.

    Raises:
        ModelError: the file cannot be read, or its names are not texts that differ.
    """
    if source == IMAGENET:
        return imagenet_classes.names()
    path = Path(os.path.expanduser(source))
    try:
        if path.stat().st_size > _LARGEST:
            raise ModelError(
                f"The file of class names {path} has more than {_LARGEST // 10**6} MB; it holds one name a line."
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(
            f"The file of class names {path} cannot be read ({reason}). Classes are 'imagenet', a number, or a file of names."
        ) from error
    names = (
        _from_json(text, path)
        if path.suffix == ".json"
        else [line.strip() for line in text.splitlines() if line.strip()]
    )
    if not 2 <= len(names) <= MAX_CLASSES:
        raise ModelError(
            f"The file of class names {path} has {len(names)} names; a classifier has 2 to {MAX_CLASSES} classes."
        )
    repeated = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if repeated is not None:
        raise ModelError(
            f"The file of class names {path} has {repeated!r} more than once; every class has a name of its own."
        )
    return tuple(names)


def _from_json(text: str, path: Path) -> list[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"The file of class names {path} is no JSON ({error}).") from error
    if isinstance(content, dict) and all(key.isdecimal() for key in content):
        if sorted(map(int, content)) != list(range(len(content))):
            raise ModelError(f"The file of class names {path} does not number its classes 0 to {len(content) - 1}.")
        content = [content[key] for key in sorted(content, key=int)]
    if not isinstance(content, list):
        raise ModelError(f"The file of class names {path} holds a list of names, or a table from index to name.")
    return [_name(each, path) for each in content]


def _name(value: Any, path: Path) -> str:
    if isinstance(value, list) and value:  # [WordNet id, name]
        value = value[-1]
    if not isinstance(value, str):
        raise ModelError(f"The file of class names {path} has {value!r}, which is no name.")
    return value
