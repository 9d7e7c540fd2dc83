"""Folders of Hugging Face: config.json, model.safetensors and preprocessor_config.json of an image classifier.

Only files of the folder are read, and none of its code runs. How images are prepared is read from the preprocessor: which side,
crop and interpolation it names, and, by giving it plain colours, what it makes of pixels.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore.errors import MissingExtraError, ModelError
from robustcore.images import fit
from robustcore.images.preparation import INTERPOLATIONS, Preparation
from robustcore.models import state_dicts
from robustcore.models.checkpoints import Reading
from robustcore.models.classifier import SIDES, Classifier
from robustcore.models.formats import _whole
from robustcore.notes import RobustcoreWarning, note

CONFIG, WEIGHTS, PREPROCESSOR = "config.json", "model.safetensors", "preprocessor_config.json"
_EXTRA = "huggingface"
_FROM_PILLOW = {int(resampling): name for name, resampling in INTERPOLATIONS.items()}
_OBLONG = (120, 160)  # of the image on which the preparation is compared with the preprocessor's
_APART = 0.02  # of the range of pixels, on average over that image
_LARGEST = 16_000_000  # bytes of config.json


class ReversedChannels(nn.Module):
    """A network that was trained on BGR images.

    Args:
        network: (N, 3, side, side) BGR -> its answer.
    """

    revision = 1

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> object:
        """(N, 3, side, side) RGB -> the network's answer."""
        return self.network(x.flip(1))


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """What a preprocessor does.

    Attributes:
        preparation: of an image's side; None where it is in no way that is known here.
        side: of the input in pixels.
        mean, std: of the normalisation, for pixels in [0, 1].
        is_reversed: whether channels are in BGR order.
    """

    preparation: Preparation | None
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    is_reversed: bool


def is_one(path: Path) -> bool:
    """Whether a path is such a folder."""
    return path.is_dir() and (path / CONFIG).is_file() and (any(path.glob("*.safetensors*")) or _is_config(path))


def file(path: Path) -> Path:
    """The file that decides the answers."""
    return path / WEIGHTS if (path / WEIGHTS).is_file() else path / CONFIG


def load(path: Path, *, architecture: str | None, classes: int | str | None, name: str, reading: Reading) -> Classifier:
    """Read a folder into a classifier, on the CPU, in float32.

    Raises:
        ModelError: files that are missing or damaged, or a model that classifies no images.
        MissingExtraError: transformers is not installed.
    """
    _whole.check_reading(path, "a folder of Hugging Face", architecture, reading)
    config = _config(path)
    if "model_type" not in config:
        family = config.get("architecture")
        hint = f": '{path / WEIGHTS}?architecture=timm/{family}'" if isinstance(family, str) else "."
        raise ModelError(
            f"{path / CONFIG} names no model_type, so transformers does not know it. A model of timm is read by its weights{hint}"
        )
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", _EXTRA, f"The folder {path}") from error
    with _quiet(transformers), _explained(path):
        network = transformers.AutoModelForImageClassification.from_pretrained(
            str(path), local_files_only=True, use_safetensors=True, dtype=torch.float32, trust_remote_code=False
        ).eval()
        preprocessing = _preprocessing(transformers, path)
    if preprocessing is not None and preprocessing.is_reversed:
        network = ReversedChannels(network)
    labels = _labels(config)
    own_side = reading.side is None and preprocessing is not None
    side = preprocessing.side if own_side and preprocessing else reading.side or _config_side(config)
    chosen = dataclasses.replace(
        reading,
        side=side,
        mean=reading.mean or (preprocessing.mean if preprocessing else None),
        std=reading.std or (preprocessing.std if preprocessing else None),
    )
    model = _whole.classifier(
        network,
        path,
        kind="a folder of Hugging Face",
        architecture=f"transformers/{config['model_type']}",
        reading=chosen,
        classes=classes if classes is not None or labels is None else len(labels),
        name=name,
    )
    names = labels if labels is not None and not isinstance(classes, str) else model.card.classes
    preparation = preprocessing.preparation if own_side and preprocessing else None
    model.card = dataclasses.replace(model.card, classes=names, preparation=preparation)
    if own_side and preparation is None:
        warnings.warn(prepared_otherwise(str(path)).text, RobustcoreWarning, stacklevel=2)
    return model


@note
def prepared_otherwise(path: str) -> str:
    return (
        f"The preprocessor of {path} prepares images in a way that is not known here, so that they are resized to the input's "
        "side: choose --side, --resize and --interpolation yourself."
    )


def _config(path: Path) -> dict[str, Any]:
    with state_dicts.reading(path / CONFIG):
        file = path / CONFIG
        if file.stat().st_size > _LARGEST:
            raise ModelError(f"{file} has more than {_LARGEST // 10**6} MB; it is no configuration.")
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{file} is no JSON ({error}).") from error
    if not isinstance(config, dict):
        raise ModelError(f"{file} is no configuration of a model.")
    return config


def _is_config(path: Path) -> bool:
    """Whether config.json is that of a model, so that missing weights can be named."""
    try:
        return "model_type" in _config(path)
    except ModelError:
        return False


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without the library's own messages and progress bars; its warnings about releases are not the reader's."""
    verbosity = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers.logging.set_verbosity(verbosity)
        if bars:
            transformers.logging.enable_progress_bar()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the library has an exception for every kind of damage
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(
            f"The folder {path} cannot be read as an image classifier of Hugging Face ({why}). It has {CONFIG}, {WEIGHTS} and "
            f"{PREPROCESSOR}, as save_pretrained writes them."
        ) from error


def _labels(config: dict[str, Any]) -> tuple[str, ...] | None:
    """The classes' names in the order of the logits; None where they are only numbered."""
    table = config.get("id2label")
    if not isinstance(table, dict) or sorted(table) != sorted(map(str, range(len(table)))):
        return None
    names = tuple(str(table[str(place)]) for place in range(len(table)))
    is_default = all(name == f"LABEL_{place}" for place, name in enumerate(names))
    if is_default or len(set(names)) < len(names):
        return None
    return _first_synonyms(names)


def _first_synonyms(names: tuple[str, ...]) -> tuple[str, ...]:
    """ImageNet's own names in the place of "tench, Tinca tinca" and so on; other names as they are."""
    from robustcore.datasets import imagenet_classes

    imagenet = imagenet_classes.classes()
    if len(names) != len(imagenet):
        return names
    same = sum(
        bool(
            {part.strip().lower() for part in name.split(",")} & {word.lower() for word in (each.name, *each.synonyms)}
        )
        for name, each in zip(names, imagenet, strict=True)
    )
    return imagenet_classes.names() if same >= 0.95 * len(imagenet) else names


def _config_side(config: dict[str, Any]) -> int | None:
    side = config.get("image_size")
    return side if isinstance(side, int) and side in SIDES else None


def _preprocessing(transformers: Any, path: Path) -> Preprocessing | None:
    """What the preprocessor does; None where the folder has none."""
    if not (path / PREPROCESSOR).is_file():
        return None
    processor = transformers.AutoImageProcessor.from_pretrained(
        str(path), local_files_only=True, trust_remote_code=False
    )

    def tensor(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        pixels = processor(image, return_tensors="pt")["pixel_values"][0]
        return np.asarray(pixels, dtype=np.float64)

    def colour(*levels: int) -> npt.NDArray[np.float64]:
        values = tensor(np.full((*_OBLONG, 3), levels, dtype=np.uint8))
        return np.asarray(values[:, values.shape[1] // 2, values.shape[2] // 2])

    black, white, red = colour(0, 0, 0), colour(255, 255, 255), colour(255, 0, 0)
    scale = white - black
    if black.shape != (3,) or not (scale > 0).all():
        raise ModelError(f"The preprocessor of {path} does not make three channels that grow with the pixels.")
    mean, std = -black / scale, 1 / scale
    is_reversed = red[2] - black[2] > 0.5 * scale[2]
    if is_reversed:
        mean, std = mean[::-1], std[::-1]
    shape = tensor(np.zeros((*_OBLONG, 3), dtype=np.uint8)).shape
    side = min(shape[1:])
    preparation = _preparation(processor, side)
    if preparation is not None:
        theirs = tensor(_probe())[::-1] if is_reversed else tensor(_probe())
        pixels = theirs * std[:, None, None] + mean[:, None, None]
        ours = fit(_probe(), side, preparation).transpose(2, 0, 1) / 255
        if pixels.shape != ours.shape or float(np.abs(pixels - ours).mean()) > _APART:
            preparation = None
    return Preprocessing(preparation, side, _three(mean), _three(std), bool(is_reversed))


def _three(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _probe() -> npt.NDArray[np.uint8]:
    """uint8 (H, W, 3): a smooth oblong image."""
    y, x = np.mgrid[0 : _OBLONG[0], 0 : _OBLONG[1]] / min(_OBLONG)
    waves = [np.sin(5 * x + 2 * y), np.cos(4 * y - 3 * x), np.sin(6 * x * y)]
    return (127.5 * (1 + np.stack(waves, axis=-1))).astype(np.uint8)


def _preparation(processor: Any, side: int) -> Preparation | None:
    """The preparation that a preprocessor's settings name; None where they name one that is not known here."""
    resample = getattr(processor, "resample", None)
    interpolation = _FROM_PILLOW.get(int(INTERPOLATIONS["bilinear"] if resample is None else resample))
    if not getattr(processor, "do_resize", True) or interpolation is None or side not in SIDES:
        return None
    size = getattr(processor, "size", None)
    edge, height, width = (_of(size, name) for name in ("shortest_edge", "height", "width"))
    if edge is not None:
        share = getattr(processor, "crop_pct", None)
        if share and edge >= 384:  # ConvNeXt's rule: large images are stretched, not cut
            return Preparation(side, side, interpolation, is_stretched=True)
        return Preparation(side, max(side, int(edge / share) if share else edge), interpolation)
    if height is not None and height == width:
        return Preparation(side, max(side, height), interpolation, is_stretched=True)
    return None


def _of(size: Any, name: str) -> int | None:
    """One side of a table or object of sides, in pixels."""
    value = size.get(name) if isinstance(size, dict) else getattr(size, name, None)
    return int(value) if value else None
