"""How alike two networks compute: linear CKA between their layers (Kornblith et al. 2019), in batches (Nguyen et al. 2021).

Of the features X (n, p) and Y (n, q) of n images with K = X X^T and L = Y Y^T, both with a diagonal of zeros,

    HSIC(K, L) = (tr(K L) + 1^T K 1 1^T L 1 / ((n - 1) (n - 2)) - 2 / (n - 2) 1^T K L 1) / (n (n - 3))

is unbiased. Sums over batches are divided last: CKA = sum HSIC(K, L) / sqrt(sum HSIC(K, K) sum HSIC(L, L)).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.detection.outputs import evaluating
from robustcore.errors import InvalidArgumentError
from robustcore.inside import layers as layers_
from robustcore.inside.layers import Layer
from robustcore.models.classifier import Card, Classifier

Doubles = npt.NDArray[np.float64]
IMAGES = 256
LAYERS = 40
_BATCH, _BATCH_PIXELS = 32, 16 * 224 * 224  # images, and their pixels, that a network is given at once at most
FEWEST = 4  # images of a batch that the unbiased estimate is defined for
_ROUNDING = 1e-12  # of a sum of squares: what double precision leaves of a difference of 0
_COLUMNS = 1 << 16  # features that are copied at once


@dataclasses.dataclass(frozen=True)
class Sums:
    """What batches add up to.

    Attributes:
        first, second: the names of the layers of the two networks.
        cross: (a, b) sums of HSIC between them.
        own_first, own_second: (a,) and (b,) those of each layer with itself.
        images: how many there were.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    cross: Doubles
    own_first: Doubles
    own_second: Doubles
    images: int

    def __add__(self, other: Sums) -> Sums:
        if (self.first, self.second) != (other.first, other.second):
            raise InvalidArgumentError("Batches of the same layers of the same two networks are added.")
        return Sums(
            self.first,
            self.second,
            self.cross + other.cross,
            self.own_first + other.own_first,
            self.own_second + other.own_second,
            self.images + other.images,
        )


@dataclasses.dataclass(frozen=True)
class Similarity:
    """Linear CKA of the layers of two networks.

    Attributes:
        first, second: the layers' names, from the image to the logits.
        values: (a, b) 1 for the same features up to a rotation, a scale and a shift, about 0 for unrelated ones.
        constant: layers, of both, that are left out because no image differs in them from the others.
        images: how many the estimate is from.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    values: Doubles
    constant: tuple[str, ...]
    images: int


def compared_layers(model: Classifier, most: int = LAYERS) -> list[Layer]:
    """The layers that are compared: at most so many, evenly chosen from all that compute something, the last among them."""
    met = [each for each in layers_.layers(model) if not each.type.startswith(("Dropout", "Identity", "Flatten"))]
    return layers_.evenly(met, most)


def batch(first: Classifier, second: Classifier, images: Tensor, *, most: int = LAYERS) -> Sums:
    """The sums of one batch.

    Args:
        images: uint8 (n, 3, H, W), at least four.
        most: layers of each network.

    Raises:
        InvalidArgumentError: fewer images.
    """
    if len(images) < FEWEST:
        raise InvalidArgumentError(f"CKA is defined for {FEWEST} images or more, not {len(images)}.")
    grams_first = _grams(first, images, compared_layers(first, most))
    same = first is second
    grams_second = grams_first if same else _grams(second, images, compared_layers(second, most))
    names = [tuple(grams) for grams in (grams_first, grams_second)]
    k, m = torch.stack(list(grams_first.values())), torch.stack(list(grams_second.values()))
    return Sums(
        first=names[0],
        second=names[1],
        cross=_hsic(k, m).numpy(),
        own_first=_own(k).numpy(),
        own_second=_own(m).numpy(),
        images=len(images),
    )


def total(parts: Sequence[Sums]) -> Similarity:
    """CKA from the sums of all batches."""
    if not parts:
        raise InvalidArgumentError("CKA is computed from one batch or more.")
    sums = parts[0]
    for part in parts[1:]:
        sums = sums + part
    rows, columns = sums.own_first > 0, sums.own_second > 0
    scale = np.sqrt(np.outer(sums.own_first[rows], sums.own_second[columns]))
    names, others = np.array(sums.first), np.array(sums.second)
    constant = dict.fromkeys([*names[~rows].tolist(), *others[~columns].tolist()])
    return Similarity(
        first=tuple(names[rows].tolist()),
        second=tuple(others[columns].tolist()),
        values=sums.cross[np.ix_(rows, columns)] / scale,
        constant=tuple(constant),
        images=sums.images,
    )


def cka(first: Classifier, second: Classifier, images: Tensor, *, most: int = LAYERS) -> Similarity:
    """Linear CKA of two networks' layers on some images, uint8 (n, 3, H, W), in batches; a rest of fewer than four is left out."""
    parts = batches(first.card, second.card, len(images))
    return total([batch(first, second, images[part.start : part.stop], most=most) for part in parts])


def batches(first: Card, second: Card, count: int) -> list[range]:
    """The places of each batch's images: as many as fit into memory with the larger of the networks' inputs.

    A rest of fewer than four is left out; where there are fewer in all, they are one batch, which `batch` refuses.
    """
    size = max(FEWEST, min(_BATCH, _BATCH_PIXELS // max(first.side, second.side) ** 2))
    parts = [range(start, min(start + size, count)) for start in range(0, count, size)]
    return [part for part in parts if len(part) >= FEWEST] or parts[:1]


def gram(features: Tensor) -> Tensor:
    """float64 (n, n): the inner products of n images' features about their mean, the diagonal 0.

    The unbiased estimate is the same about any point; about the mean it loses no digits.
    """
    flat = features.flatten(1)
    products = torch.zeros(len(flat), len(flat), dtype=torch.float64)
    size = 0.0
    for start in range(0, flat.shape[1], _COLUMNS):
        part = flat[:, start : start + _COLUMNS]
        part = part if part.dtype == torch.float64 else part.float()
        size += float(torch.linalg.vector_norm(part)) ** 2
        part = part - part.mean(0, keepdim=True)
        products += (part @ part.T).to("cpu", torch.float64)
    if float(products.trace()) <= _ROUNDING * size:  # the same for every image
        products.zero_()
    return products.fill_diagonal_(0)


def _grams(model: Classifier, images: Tensor, chosen: Sequence[Layer]) -> dict[str, Tensor]:
    """The Gram matrix of each layer; its features are let go of as soon as that is computed."""
    grams: dict[str, Tensor] = {}

    def add(name: str, output: Tensor) -> None:
        if name not in grams:
            grams[name] = gram(output)

    watched = layers_.modules(model)
    with evaluating(model), torch.no_grad(), layers_.hooked([(each.name, watched[each.name]) for each in chosen], add):
        logits = model(images.to(model.device))
    if not chosen:  # a network that hides its layers still has its answer
        grams["logits"] = gram(logits)
    return {each.name: grams[each.name] for each in chosen} or grams


def _hsic(k: Tensor, m: Tensor) -> Tensor:
    """(a, b) the unbiased HSIC of (a, n, n) and (b, n, n) Gram matrices with diagonals of 0."""
    n = k.shape[-1]
    rows, columns = k.sum(2), m.sum(2)
    trace = k.flatten(1) @ m.flatten(1).T
    sums = torch.outer(rows.sum(1), columns.sum(1)) / ((n - 1) * (n - 2))
    return (trace + sums - 2 / (n - 2) * (rows @ columns.T)) / (n * (n - 3))


def _own(k: Tensor) -> Tensor:
    """(a,) the HSIC of each Gram matrix with itself; 0 where it is nothing but rounding."""
    n = k.shape[-1]
    own = torch.diagonal(_hsic(k, k)).clone()
    own[own <= _ROUNDING * k.square().sum((1, 2)) / (n * (n - 3))] = 0
    return own
