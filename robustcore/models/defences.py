"""Input-side defences: image processing at test time in front of any classifier.

These are the three of Hendrycks & Dietterich (section 5.2 and appendix F): contrast-limited adaptive histogram
equalisation, non-local-means denoising with an estimated noise level, and 10-crop classification. Their CLAHE models were
fine-tuned; here all defences use the weights of the model behind them, which the intervention clahe trains on equalised images.
"""

from __future__ import annotations

import abc
import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.images import UInt8Array
from robustcore.models.classifier import _READ_WHOLE, Card, Classifier
from robustcore.registry import Registry

_MAD_OF_NORMAL = 0.6745  # the median of |z| for a standard normal z


class Defence(abc.ABC):
    """A defence and its settings; immutable.

    Attributes:
        name: registry key.
        summary: what it does, in one sentence.
        source: document and section.
        revision: raised whenever its outputs change; part of the defended model's fingerprint.
        has_gradient: whether gradients pass through it to the image.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    revision: ClassVar[int] = 1
    has_gradient: ClassVar[bool] = False

    @abc.abstractmethod
    def views(self, images: Tensor, side: int) -> Sequence[Tensor]:
        """float32 (N, 3, H, W) in [0, 1] -> the inputs for a classifier of that input side: one batch or several."""

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings by name."""
        return dataclasses.asdict(self)  # type: ignore[call-overload,no-any-return]


registry: Registry[type[Defence]] = Registry("defence")


def names() -> list[str]:
    """The names of all defences, sorted."""
    return registry.names()


def _registered(cls: type[Defence]) -> type[Defence]:
    registry.add(cls.name, cls)
    return cls


@_registered
@dataclasses.dataclass(frozen=True)
class Clahe(Defence):
    """CLAHE of the lightness in CIELAB, on 8-bit levels.

    The document gives no constants. An image of 224 pixels a side is divided into about 8 x 8 tiles, a smaller one into
    fewer, so that each tile's histogram has enough pixels.

    Attributes:
        clip: OpenCV's clip limit: the largest count of a histogram bin, as a multiple of the mean.
        tile: approximate side of a tile in pixels.
    """

    name: ClassVar[str] = "clahe"
    summary: ClassVar[str] = "Equalises the contrast within each neighbourhood, up to a limit."
    source: ClassVar[str] = "Hendrycks & Dietterich, section 5.2; Pizer et al. 1987"

    clip: float = 2.0
    tile: int = 28

    def __post_init__(self) -> None:
        _check("clip of clahe", self.clip, 0, 1000)
        _check("tile of clahe", self.tile, 4, 4096)

    def views(self, images: Tensor, side: int) -> Sequence[Tensor]:
        rows, columns = (max(2, round(length / self.tile)) for length in images.shape[-2:])
        equaliser = cv2.createCLAHE(clipLimit=self.clip, tileGridSize=(columns, rows))

        def equalise(image: UInt8Array) -> UInt8Array:
            lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
            lab[..., 0] = equaliser.apply(np.ascontiguousarray(lab[..., 0]))
            return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)

        return [_map_images(images, equalise)]


@_registered
@dataclasses.dataclass(frozen=True)
class NonLocalMeans(Defence):
    """Non-local means in CIELAB, on 8-bit levels, with a strength proportional to the image's `noise_level`.

    Patches of 7 x 7 pixels are compared within 21 x 21, OpenCV's defaults. An image without noise is unchanged.

    Attributes:
        strength: the filter's decay h in units of the estimated standard deviation. The document gives none; among 0.5, 0.8,
            1 and 1.3, 0.8 had the smallest error for Gaussian noise of 10 and 30 levels on scenes.
    """

    name: ClassVar[str] = "nlm"
    summary: ClassVar[str] = "Denoises by non-local means, in proportion to the estimated noise."
    source: ClassVar[str] = "Hendrycks & Dietterich, appendix F; Buades et al. 2005; Donoho & Johnstone 1993"

    strength: float = 0.8

    def __post_init__(self) -> None:
        _check("strength of nlm", self.strength, 0, 100)

    def views(self, images: Tensor, side: int) -> Sequence[Tensor]:
        def denoise(image: UInt8Array) -> UInt8Array:
            h = self.strength * noise_level(image)
            if h == 0:
                return image
            # OpenCV expects and returns BGR; the order affects what it treats as lightness.
            bgr = np.ascontiguousarray(image[..., ::-1])
            cleaned = cv2.fastNlMeansDenoisingColored(bgr, None, h, h, 7, 21)
            return np.asarray(cleaned[..., ::-1], dtype=np.uint8)

        return [_map_images(images, denoise)]


@_registered
@dataclasses.dataclass(frozen=True)
class TenCrop(Defence):
    """The mean of the class distributions over the four corner crops, the centre crop and their mirror images.

    The image is resized to side * 256 / 224 pixels (224-pixel crops are customarily taken from 256 pixels), and each crop has
    the classifier's side. As in the document, probabilities are averaged, not logits; the result is their logarithm.
    """

    name: ClassVar[str] = "tencrop"
    summary: ClassVar[str] = "Averages the class probabilities over five crops and their mirror images."
    source: ClassVar[str] = "Hendrycks & Dietterich, appendix F"
    has_gradient: ClassVar[bool] = True

    def views(self, images: Tensor, side: int) -> Sequence[Tensor]:
        large = round(side * 256 / 224)
        if images.shape[-2:] != (large, large):
            images = F.interpolate(images, (large, large), mode="bilinear", antialias=True, align_corners=False)
        end = large - side
        corners = [(0, 0), (0, end), (end, 0), (end, end), (end // 2, end // 2)]
        crops = [images[..., top : top + side, left : left + side] for top, left in corners]
        return [*crops, *(crop.flip(-1) for crop in crops)]


def noise_level(image: UInt8Array) -> float:
    """The standard deviation of white noise in an image, in 8-bit levels (Donoho & Johnstone 1993).

    median(|d|) / 0.6745 over the finest diagonal Haar coefficients d = (a - b - c + e) / 2 of all 2 x 2 blocks [[a, b], [c, e]]
    and channels: smooth image content nearly vanishes in d, while white noise keeps its deviation.

    Args:
        image: uint8 (H, W, C), at least 2 x 2.
    """
    rows, columns = (length // 2 * 2 for length in image.shape[:2])
    x = image[:rows, :columns].astype(np.int16)
    detail = x[::2, ::2] - x[::2, 1::2] - x[1::2, ::2] + x[1::2, 1::2]
    return float(np.median(np.abs(detail))) / 2 / _MAD_OF_NORMAL


def create(name: str, **settings: Any) -> Defence:
    """A defence with its settings, checked.

    Raises:
        UnknownNameError: no such defence, or it has no such setting.
        InvalidArgumentError: a setting is outside its limits.
    """
    kind = registry[name]
    field_names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in settings:
        if key not in field_names:
            raise UnknownNameError(f"setting of {name}", key, field_names)
    return kind(**settings)


def defended(card: Card, defence: Defence) -> Card:
    """The card of a defended model: its name includes the defence, and its recipe the defence's settings."""
    return dataclasses.replace(
        card,
        name=f"{card.name}{'&' if '?' in card.name else '?'}defence={defence.name}",
        intervention=f"{card.intervention}, {defence.name}",
        recipe={
            **card.recipe,
            "defence": {"name": defence.name, "revision": defence.revision, "settings": defence.settings},
        },
    )


class Defended(Classifier):
    """A classifier behind a defence: the same weights, another fingerprint and another card.

    Args:
        model: the undefended classifier; the weights are shared.
        defence: applied to the images first.
    """

    def __init__(self, model: Classifier, defence: Defence) -> None:
        mean, std = model.mean.flatten().tolist(), model.std.flatten().tolist()
        super().__init__(model.network, defended(model.card, defence), mean=mean, std=std)
        self.to(model.device)
        self.defence = defence
        self.plugin = model.plugin
        self.train(model.training)

    def forward(self, x: Tensor) -> Tensor:
        """Like the classifier's; the class probabilities of several views are averaged, and their logarithm is returned.

        Raises:
            ModelError: a gradient with respect to the image is required, and the defence has none.
        """
        if x.ndim != 4 or x.shape[1] != 3:
            raise InvalidArgumentError(f"A classifier takes images of shape (N, 3, H, W), not {tuple(x.shape)}.")
        if x.requires_grad and torch.is_grad_enabled() and not self.defence.has_gradient:
            raise ModelError(
                f"The defence {self.defence.name} has no gradient: craft the attack on the undefended model "
                "(surrogate=), or use one that needs no gradient, such as square or hopskipjump."
            )
        if x.dtype == torch.uint8:
            x = x.to(torch.float32).div_(255)
        answers = [super(Defended, self).forward(view) for view in self.defence.views(x, self.card.side)]
        if len(answers) == 1:
            return answers[0]
        return torch.stack([logits.log_softmax(1) for logits in answers]).logsumexp(0) - math.log(len(answers))

    def _hash(self, state: list[tuple[str, Tensor]]) -> str:
        defence = json.dumps(self.card.recipe["defence"], sort_keys=True)
        return hashlib.sha256(f"{super()._hash(state)} {defence}".encode()).hexdigest()


_READ_WHOLE.add(Defended)


def _map_images(images: Tensor, change: Callable[[UInt8Array], UInt8Array]) -> Tensor:
    """float32 (N, 3, H, W) in [0, 1], rounded to 8-bit levels and processed one by one as (H, W, 3) arrays on the CPU."""
    levels = images.detach().mul(255).round_().clamp_(0, 255).to("cpu", torch.uint8)
    arrays = levels.permute(0, 2, 3, 1).contiguous().numpy()
    if not len(arrays):
        return images
    changed = torch.from_numpy(np.stack([change(array) for array in arrays]))
    return changed.permute(0, 3, 1, 2).to(images.device, torch.float32).div_(255)


def _check(setting: str, value: object, low: float, high: float) -> None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and low < value <= high
    if not fits:
        raise InvalidArgumentError(
            f"The setting {setting} is a number of more than {low:g} and at most {high:g}, not {value!r}."
        )
