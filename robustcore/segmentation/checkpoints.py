"""Files of segmentation networks: safetensors with a card, written atomically, as of classifiers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from torch import nn

from robustcore import paths
from robustcore.errors import ModelError
from robustcore.models import checkpoints
from robustcore.segmentation import networks
from robustcore.segmentation.networks import Card

_FORMAT = "robustcore segmentation 1"
SHIPPED = ("scenes/street-encoder-decoder", "scenes/street-autoencoder")


def save(network: nn.Module, card: Card, path: Path) -> Path:
    """Write weights (float16 where they have two axes or more) and card."""
    tensors = {
        key: (value.half() if value.ndim > 1 and value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in network.state_dict().items()
    }
    text = json.dumps(dataclasses.asdict(card), sort_keys=True)
    checkpoints.write_tensors(path, tensors, {"format": _FORMAT, "card": text})
    return path


def read_card(path: Path) -> Card:
    """The card in a file.

    Raises:
        ModelError: the file holds no segmentation network.
    """
    metadata = checkpoints.read_metadata(path)
    if metadata.get("format") != _FORMAT:
        raise ModelError(f"{path} holds no segmentation network; robustcore train --task segmentation writes one.")
    try:
        fields = json.loads(metadata["card"])
        return Card(**{**fields, "classes": tuple(fields["classes"])})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The card in {path} cannot be read ({error}); train the network again.") from error


def load(name: str, device: torch.device | str = "cpu") -> tuple[nn.Module, Card]:
    """A network in evaluation mode, and its card.

    Args:
        name: one of `SHIPPED`, a file, or "torchvision/" and one of its segmentation models.

    Raises:
        UnknownNameError, ModelError: there is none.
    """
    if name.startswith("torchvision/"):
        network, card = networks.published(name)
        return network.to(device), card
    path = path_of(name)
    if not path.is_file():
        raise ModelError(f"There is no segmentation network {name}: it is one of {', '.join(SHIPPED)}, or a file.")
    card = read_card(path)
    network = networks.build(card.architecture, len(card.classes))
    network.load_state_dict(
        {
            key: value.float() if value.is_floating_point() else value
            for key, value in checkpoints.read_verified(path).items()
        }
    )
    return network.to(device).eval(), card


def path_of(name: str) -> Path:
    """The file of a network: one that ships, or the path itself."""
    return (
        paths.assets() / "segmentation" / f"{name.rpartition('/')[2]}{checkpoints.SUFFIX}"
        if name in SHIPPED
        else Path(name)
    )


def fingerprint(name: str) -> str:
    """What tells a network's weights from others': the digest in its file, or the name for published ones."""
    if name.startswith("torchvision/"):
        return name
    return checkpoints.read_metadata(path_of(name)).get("sha256", "")
