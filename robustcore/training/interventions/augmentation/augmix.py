"""AugMix: mixtures of short augmentation chains, and a loss that asks for the same answer to all of them."""

from __future__ import annotations

import dataclasses
import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.randomness import Draws
from robustcore.training.interventions._base import Intervention, Outcome, Step, intervention, setting
from robustcore.training.interventions.augmentation import crop_flip

VIEWS = 2  # augmented ones, beside the clean image
LONGEST = 3  # operations of a chain whose length is drawn
LEAST_LEVEL = 0.1
# The greatest values, at level 10: degrees, shares of a side, bits taken from four, and levels below white.
DEGREES, SHEAR, SHIFT, BITS, SOLARIZED = 30.0, 0.3, 1 / 3, 4, 256

POINTWISE = ("autocontrast", "equalize", "posterize", "solarize")
AFFINE = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
OPERATIONS = (*POINTWISE, *AFFINE)


@intervention(
    "augmix",
    title="AugMix",
    family="augmentation",
    summary="Mixes short chains of augmentations into two more views of each image and asks for consistent answers.",
    source="RobustNet, section 2; Basart, thesis, section 5.5 (after Hendrycks et al. 2020)",
)
class AugMix(Intervention):
    """Each view is (1 - m) * x + m * sum_k w_k chain_k(x), with w ~ Dirichlet(alpha) and m ~ Beta(alpha, alpha).

    A chain applies one to three operations, each with a level uniform in 0.1 .. severity: autocontrast, equalize, posterize,
    solarize, rotate, shear and translate along either axis. Brightness, contrast, colour and sharpness are left out, because
    they mimic corruptions of ImageNet-C (RobustNet does the same). Rotation, shear and translation, though much weaker, are
    among Laugros' corruptions, and posterize, solarize and equalize among his 40 candidates.

    The loss is the cross-entropy of the clean view plus consistency * JS(p, p_1, p_2), where JS is the mean
    Kullback-Leibler divergence of the three predicted distributions from their mean. Constants are those of the published
    AugMix; the network sees three images for each one, and takes three times as long.

    RobustNet's AugMix (table 1) works on random crops, mirrored or not: with `crop` the clean image and all views are made of
    one crop of the image, the one that the intervention crop_flip draws.
    """

    severity: float = setting(3.0, low=0.2, high=10, help="greatest level of an operation, of 10")
    width: int = setting(3, low=1, high=10, help="chains in a mixture")
    depth: int = setting(0, low=0, high=10, help="operations in a chain; 0 draws 1 to 3 for each")
    alpha: float = setting(1.0, above=0, high=100, help="of the Dirichlet and the Beta distribution")
    consistency: float = setting(12.0, low=0, high=100, help="weight of the Jensen-Shannon divergence")
    crop: float = setting(0.0, low=0, high=1, help="least area of a random crop that is mixed; 0 mixes the whole image")

    def loss(self, step: Step) -> Outcome:
        if self.crop:
            with step.exact():
                step = dataclasses.replace(step, images=crop_flip.crop(step, self.crop))
        with step.exact():
            images = torch.cat([step.pixels, *(self.mixture(step, view) for view in range(1, VIEWS + 1))])
        logits = step.model(images)  # together, so that batch normalisation sees one population
        clean = logits[: len(step.images)]
        gap = divergence(logits.chunk(VIEWS + 1))
        return Outcome(F.cross_entropy(clean, step.labels) + self.consistency * gap, clean, step.labels)

    def mixture(self, step: Step, view: int) -> Tensor:
        """float32 (N, 3, S, S) in [0, 1]: one augmented view of every image."""
        n, width, deepest = len(step.images), self.width, self.depth or LONGEST
        draws = step.draws("augmix", view)
        length = draws.integers(1, LONGEST + 1, width).flatten() if not self.depth else None  # (n * width,)
        operation = draws.integers(0, len(OPERATIONS), width, deepest).flatten(0, 1)  # (n * width, deepest)
        level = draws.uniform(width, deepest, low=LEAST_LEVEL, high=self.severity).flatten(0, 1)
        sign = (draws.integers(0, 2, width, deepest) * 2 - 1).flatten(0, 1)
        weights = _dirichlet(draws, self.alpha, width)  # (n, width)
        share = draws.beta(self.alpha, self.alpha).view(n, 1, 1, 1)

        chains = step.images.repeat_interleave(width, 0)  # (n * width, 3, S, S)
        for place in range(deepest):
            now = operation[:, place] if length is None else operation[:, place].where(place < length, -1)
            _apply(chains, now, level[:, place], sign[:, place])
        chains = chains.view(n, width, *step.images.shape[1:]).to(torch.float32).div_(255)
        mixture = torch.einsum("nk,nkchw->nchw", weights, chains)
        return step.pixels + share * (mixture - step.pixels)


def divergence(logits: tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """Jensen-Shannon divergence of the predictions, in nats: 0 where all agree; the mean over the batch.

    Args:
        logits: of V views of the same images, each (N, K).
    """
    logs = torch.stack([view_logits.log_softmax(1) for view_logits in logits])  # (V, N, K)
    mean = logs.logsumexp(0) - math.log(len(logs))
    return (logs.exp() * (logs - mean)).sum(2).mean()


def _dirichlet(draws: Draws, alpha: float, width: int) -> Tensor:
    """(N, width) weights that sum to 1, by breaking a stick: each piece is a Beta share of what is left."""
    rest = torch.ones(len(draws), device=draws.device)
    pieces = []
    for after in range(width - 1, 0, -1):
        pieces.append(rest * draws.beta(alpha, after * alpha))
        rest = rest - pieces[-1]
    return torch.stack([*pieces, rest], dim=1)


def _apply(images: Tensor, operation: Tensor, level: Tensor, sign: Tensor) -> None:
    """Apply to each image, in place, its own operation at its own level.

    Args:
        images: uint8 (M, 3, S, S).
        operation: int64 (M,) places in `OPERATIONS`, or -1 for none.
        level: float32 (M,) 0 .. 10.
        sign: int64 (M,), -1 or 1: the direction of an affine operation.
    """
    for index, name in enumerate(POINTWISE):
        rows = (operation == index).nonzero().flatten()
        if len(rows):
            images[rows] = _pointwise(name, images[rows], level[rows])
    rows = (operation >= len(POINTWISE)).nonzero().flatten()
    if len(rows):
        matrices = _matrices(operation[rows] - len(POINTWISE), level[rows] / 10 * sign[rows])
        images[rows] = _affine(images[rows], matrices)


def _pointwise(name: str, images: Tensor, level: Tensor) -> Tensor:
    """uint8 (M, 3, S, S) under one of the operations on values."""
    from torchvision.transforms.v2 import functional as transforms  # seconds, which a process that only trains spares

    if name == "autocontrast":
        return cast(Tensor, transforms.autocontrast_image(images))
    if name == "equalize":
        return cast(Tensor, transforms.equalize_image(images))
    steps = {"posterize": BITS, "solarize": SOLARIZED}[name]
    amount = (level * (steps / 10)).to(torch.int64).view(-1, 1, 1, 1)
    if name == "solarize":  # as torchvision's, with a threshold for each image
        return torch.where(images >= SOLARIZED - amount, 255 - images, images)
    return images & (255 << (8 - (BITS - amount).clamp_(min=1))).to(torch.uint8)  # as torchvision's, likewise


def _matrices(kind: Tensor, amount: Tensor) -> Tensor:
    """float32 (M, 2, 3): where a pixel comes from, in units of half a side; `kind` are places in `AFFINE`."""
    matrices = torch.eye(2, 3, device=amount.device).repeat(len(kind), 1, 1)
    angle = amount * (DEGREES * torch.pi / 180) * (kind == 0)
    matrices[:, 0, 0] = matrices[:, 1, 1] = angle.cos()
    matrices[:, 0, 1] = torch.where(kind == 1, SHEAR * amount, -angle.sin())
    matrices[:, 1, 0] = torch.where(kind == 2, SHEAR * amount, angle.sin())
    matrices[:, 0, 2] = 2 * SHIFT * amount * (kind == 3)
    matrices[:, 1, 2] = 2 * SHIFT * amount * (kind == 4)
    return matrices


def _affine(images: Tensor, matrices: Tensor) -> Tensor:
    """uint8 (M, 3, S, S), each image moved by its own matrix; bilinear, black outside."""
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    moved = F.grid_sample(images.to(torch.float32), grid, "bilinear", "zeros", align_corners=False)
    return moved.round_().to(torch.uint8)
