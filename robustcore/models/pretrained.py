"""Published weights of torchvision and timm, downloaded at first use and then kept."""

from __future__ import annotations

import math
import re
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustcore import paths
from robustcore.datasets import imagenet_classes
from robustcore.errors import ModelError, UnknownNameError
from robustcore.images.preparation import INTERPOLATIONS, Preparation
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card, Classifier

_TIMEOUT = 15  # seconds before an unresponsive network counts as unavailable
_TIMM_FILES = ("model.safetensors", "pytorch_model.bin")  # names of the weights in a timm repository


def torchvision_card(name: str, weights: str | None = None) -> Card:
    """The card of torchvision/NAME with its published weights; downloads nothing.

    Its preparation is the one that was published with the weights. The dataset does that; the classifier only resizes its
    input to the crop's side.
    """
    entry = _entry(name, weights)
    transforms = entry.transforms()
    side, resize = transforms.crop_size[0], transforms.resize_size[0]
    interpolation = transforms.interpolation.value
    recipe = {
        "weights": entry.name,
        "url": entry.url,
        "resize": resize,
        "crop": side,
        "interpolation": interpolation,
    }
    preparation = Preparation(side, resize, interpolation) if interpolation in INTERPOLATIONS else None
    classes = tuple(_unique(entry.meta["categories"]))
    return Card(name, classes, side, "imagenet", "standard", name, recipe, preparation)


def load_torchvision(name: str, weights: str | None = None) -> Classifier:
    """torchvision/NAME with its published weights: from torch's own download folder, from the cache, or the network."""
    entry = _entry(name, weights)
    downloaded = downloaded_file(name, weights)
    folder = downloaded.parent if downloaded else _folder()
    try:
        if downloaded is None:
            _check_network(entry.url)
        state = torch.hub.load_state_dict_from_url(
            entry.url, str(folder), map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:  # URLError is an OSError; RuntimeError: the digest differs
        raise ModelError(_unreachable(name, str(folder), error)) from error
    card, family = torchvision_card(name, weights), architecture(name)
    transforms = entry.transforms()
    network = family.build(card, seed=0).network
    # GoogLeNet and Inception were trained with a different normalisation, which they compute from the usual one.
    if hasattr(network, "transform_input"):
        setattr(network, "transform_input", True)  # noqa: B010 - mypy takes every attribute of a module for a module
    network.load_state_dict(_current_keys(state))
    return Classifier(network, card, mean=transforms.mean, std=transforms.std).eval()


def downloaded_file(name: str, weights: str | None = None) -> Path | None:
    """The downloaded weights of torchvision/NAME, in torch's folder or the cache; None if there are none."""
    file = Path(_entry(name, weights).url).name
    return next((folder / file for folder in _folders() if (folder / file).is_file()), None)


def any_downloaded() -> bool:
    """Whether any published weights are on this machine; avoids importing torchvision, which takes a second."""
    return any(folder.is_dir() for folder in _folders())


def timm_card(name: str) -> Card:
    """The card of timm/NAME; downloads nothing."""
    family = architecture(name)
    import timm

    config = timm.get_pretrained_cfg(name.removeprefix("timm/"))
    classes = tuple(str(i) for i in range(config.num_classes))
    if config.num_classes == 1000:
        classes = imagenet_classes.names()
    dataset = "imagenet" if len(classes) == 1000 else config.tag or "unknown"
    preparation = None
    if config.crop_mode == "center" and config.crop_pct and config.interpolation in INTERPOLATIONS:
        resize = max(family.side, math.floor(family.side / config.crop_pct))  # as timm's own transforms round it
        preparation = Preparation(family.side, resize, config.interpolation)
    recipe = {"weights": config.tag, "crop": config.crop_pct}
    return Card(name, classes, family.side, dataset, "standard", name, recipe, preparation)


def preparation(name: str) -> Preparation | None:
    """How images are prepared for an architecture's first published weights; None where that is not known."""
    if name.startswith("timm/"):
        return timm_card(name).preparation
    import torchvision

    entries = torchvision.models.get_model_weights(name.removeprefix("torchvision/"))
    return torchvision_card(name, next(iter(entries)).name).preparation


def load_timm(name: str) -> Classifier:
    """timm/NAME with its published weights, from the Hugging Face cache or the network."""
    card, family = timm_card(name), architecture(name)
    import timm
    from huggingface_hub import constants, try_to_load_from_cache

    short = name.removeprefix("timm/")
    repository = timm.get_pretrained_cfg(short).hf_hub_id or ""
    files = [try_to_load_from_cache(repository, file) for file in _TIMM_FILES] if "/" in repository else []
    downloaded = next((file for file in files if isinstance(file, str)), None)
    try:
        if downloaded is None:
            _check_network(constants.ENDPOINT)
        network = timm.create_model(
            short, pretrained=True, pretrained_cfg_overlay={"file": downloaded} if downloaded else None
        )
    except Exception as error:  # several libraries take part in the download, each with its own exceptions
        raise ModelError(_unreachable(name, constants.HF_HUB_CACHE, error)) from error
    return Classifier(network, card, mean=family.mean, std=family.std).eval()


def _folder() -> Path:
    return paths.cache() / "weights" / "torchvision"


def _folders() -> tuple[Path, Path]:
    """The folders searched for published weights: torch's own, which other programs fill too, and ours."""
    return Path(torch.hub.get_dir()) / "checkpoints", _folder()


def _check_network(url: str) -> None:
    """Raise if the network is unavailable; the download libraries would wait forever, or retry for a minute."""
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_TIMEOUT):
        pass


def _entry(name: str, weights: str | None) -> Any:
    import torchvision

    architecture(name)  # raises for an unknown name and suggests the nearest
    entries = torchvision.models.get_model_weights(name.removeprefix("torchvision/"))
    if weights is None:
        return entries.DEFAULT
    if weights not in entries.__members__:
        raise UnknownNameError(f"set of weights of {name}", weights, entries.__members__)
    return entries[weights]


def _unreachable(name: str, place: str, error: Exception) -> str:
    reason = (str(getattr(error, "reason", "")) or str(error)).strip().splitlines() or [type(error).__name__]
    return (
        f"The published weights of {name} are not available ({reason[0][:200]}): they are downloaded once and "
        f"then kept in {place}. Without a network, give a checkpoint's path, or '{name}?weights=none' for random weights."
    )


def _unique(labels: list[str]) -> list[str]:
    """Labels made unique: ImageNet has two classes "crane" and two "maillot"; the second gets its index."""
    seen: set[str] = set()
    result = []
    for index, label in enumerate(labels):
        result.append(f"{label} ({index})" if label in seen else label)
        seen.add(label)
    return result


def _current_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state dict with current key names (DenseNet's predate a renaming), without training heads."""
    renamed = {re.sub(r"((?:norm|relu|conv))\.([12])\.", r"\1\2.", key): value for key, value in state.items()}
    heads = ("AuxLogits.", "aux1.", "aux2.")
    return {key: value for key, value in renamed.items() if not key.startswith(heads)}
