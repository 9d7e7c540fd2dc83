"""DeepAugment: images sent through an image-to-image network whose weights and signals are distorted at random."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.randomness import Draws
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting

CHANNELS = 27  # nine filters of 3 x 3 for each colour
BORDER = 3  # pixels, which the three spatial layers take away
LAYERS = ("analysis", "mix", "filter", "unmix", "synthesis")
WEIGHT_DISTORTIONS = ("zero", "negate", "flip", "transpose", "jitter", "permute")
FURTHER_DISTORTIONS = ("convolve", "activate")  # of weights, which the document names too
SIGNAL_DISTORTIONS = ("dropout", "negate", "flip", "gelu", "gain")
_FACTORS = {"dropout": 0.0, "negate": -1.0, "gain": 2.0}
PART = 0.15  # of a layer's filters or channels that a distortion takes


@intervention(
    "deepaugment",
    title="DeepAugment",
    family="augmentation",
    summary="Sends a part of each batch through a small image-to-image network with randomly distorted weights and signals.",
    source="Basart, thesis, section 5.4 and appendix A.7",
    changes_images=True,
)
class DeepAugment(Intervention):
    """Each group of images draws a distorted network, and in it each image draws which channels' signals are distorted.

    The document uses trained networks (EDSR and an autoencoder), whose output is the input as long as nothing is distorted.
    Here the network has that property by construction: orthonormal 3 x 3 filters, an orthogonal mixture of their 27
    channels, a 3 x 3 filter for each channel, and the transposes of the first two. A random subset of distortions is applied
    to the weights (zero, negate, flip, transpose, jitter, permute) and of others to the signal after each layer (dropout,
    negate, flip, GELU, gain), each to about 15 % of the filters or channels. The result gets the mean and the deviation of
    the image that went in.

    With `further` weights are also convolved with random 3 x 3 filters and sent through an activation function, as the document
    lists; without it a training is the same as before there was this setting.

    The document draws new weights for every twentieth image on average and saves the augmented set once; here the draws
    are new in each epoch.
    """

    share: float = setting(0.5, above=0, high=1, help="of a batch that goes through a distorted network")
    group: int = setting(8, low=1, high=1024, help="images that share a network")
    further: int = setting(0, low=0, high=1, help="1 to convolve weights and to apply activation functions to them too")

    def views(self, step: Step) -> Sequence[View]:
        n = max(1, round(self.share * len(step.ids)))
        draws = step.draws("deepaugment")
        images = step.images.clone()
        with step.exact():
            for number, start in enumerate(range(0, n, self.group)):
                rows = torch.arange(start, min(start + self.group, n), device=images.device)
                # Keyed by the step, because a network belongs to no image.
                network_draws = Draws(step.seed, "deepaugment:network", [number], epoch=step.epoch, view=step.index)
                distorted = _forward(
                    step.pixels[rows], self._weights(network_draws, images.device), network_draws, draws.take(rows)
                )
                images[rows] = distorted.mul_(255).round_().to(torch.uint8)
        return [View(images, step.labels)]

    def _weights(self, draws: Draws, device: torch.device) -> list[Tensor]:
        return _weights(draws, device, (*WEIGHT_DISTORTIONS, *(FURTHER_DISTORTIONS if self.further else ())))


@functools.cache
def clean_weights() -> tuple[Tensor, ...]:
    """The weights of the five layers, on the CPU; together they are the identity on an image padded by `BORDER`."""
    cosines = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
    cosines = cosines / cosines.norm(dim=1, keepdim=True)
    filters = torch.einsum("ai,bj->abij", cosines, cosines).reshape(9, 3, 3)  # orthonormal
    analysis = torch.einsum("cd,fij->cfdij", torch.eye(3), filters).reshape(CHANNELS, 3, 3, 3)
    square = Draws(0, "deepaugment:mixture", [0]).normal(CHANNELS, CHANNELS)[0].to(torch.float64)
    mixture = torch.linalg.qr(square)[0].to(torch.float32)[..., None, None]
    point = torch.zeros(CHANNELS, 1, 3, 3)
    point[:, :, 1, 1] = 1
    synthesis = analysis.transpose(0, 1).flip(2, 3) / 9  # every pixel is put together from nine windows
    return analysis, mixture, point, mixture.transpose(0, 1).contiguous(), synthesis.contiguous()


def _weights(draws: Draws, device: torch.device, distortions: Sequence[str] = WEIGHT_DISTORTIONS) -> list[Tensor]:
    """The clean weights under a random subset of distortions, each on a layer of its own choice."""
    weights = [weight.clone() for weight in clean_weights()]
    used = draws.uniform(len(distortions))[0] < 0.5
    layers = draws.integers(0, len(LAYERS), len(distortions))[0].tolist()
    for index, name in enumerate(distortions):
        chosen = draws.uniform(CHANNELS)[0] < PART
        noise = draws.normal(CHANNELS, CHANNELS * 9)[0]
        if used[index]:
            weights[layers[index]] = _distort_weights(name, weights[layers[index]], chosen, noise)
    return [weight.to(device) for weight in weights]


def _distort_weights(name: str, weight: Tensor, chosen: Tensor, noise: Tensor) -> Tensor:
    """A layer's weights, (filters, inputs, h, w), with some filters changed; the last layer has its inputs changed."""
    last = len(weight) != CHANNELS
    by_filter = weight.transpose(0, 1) if last else weight
    shape = by_filter.shape
    if name == "zero":
        changed = torch.zeros_like(by_filter)
    elif name == "negate":
        changed = -by_filter
    elif name == "flip":
        changed = by_filter.flip(-1)
    elif name == "transpose":
        changed = by_filter.transpose(-1, -2)
    elif name == "permute":
        changed = by_filter.roll(1, 0)
    elif name == "activate":
        changed = F.gelu(by_filter)
    elif name == "convolve":
        kernels = F.normalize(noise[:, :9], dim=1).reshape(shape[0], 1, 3, 3)
        changed = F.conv2d(by_filter.transpose(0, 1), kernels, padding=1, groups=shape[0]).transpose(0, 1)
    else:
        chosen = torch.ones_like(chosen)
        changed = by_filter + 0.15 * by_filter.norm() / shape[0] ** 0.5 * F.normalize(
            noise[:, : shape[1:].numel()], dim=1
        ).reshape(shape)
    result = torch.where(chosen[:, None, None, None], changed, by_filter)
    return (result.transpose(0, 1) if last else result).contiguous()


def _forward(x: Tensor, weights: Sequence[Tensor], network: Draws, images: Draws) -> Tensor:
    """float32 (n, 3, S, S) in [0, 1] through the network, distorting the signal after each layer but the last.

    Args:
        network: one draw, of which distortion comes after which layer.
        images: of the n images, for the channels that are distorted.
    """
    kinds = network.integers(0, 2 * len(SIGNAL_DISTORTIONS), len(LAYERS) - 1)[0].tolist()  # half of them are none
    y = F.pad(x, (BORDER,) * 4, mode="reflect")
    for layer, weight in enumerate(weights):
        y = F.conv2d(y, weight, groups=CHANNELS if LAYERS[layer] == "filter" else 1)
        if layer < len(kinds):
            chosen = images.uniform(CHANNELS) < PART
            if kinds[layer] < len(SIGNAL_DISTORTIONS):
                _distort_signal(SIGNAL_DISTORTIONS[kinds[layer]], y, chosen)
    deviation, mean = torch.std_mean(y, (1, 2, 3), keepdim=True)
    wanted, level = torch.std_mean(x, (1, 2, 3), keepdim=True)
    return (y - mean).mul_(wanted / deviation.clamp(min=1e-3)).add_(level).clamp_(0, 1)


def _distort_signal(name: str, y: Tensor, chosen: Tensor) -> None:
    """Distort the chosen channels, bool (n, CHANNELS), of a signal in place."""
    if name in _FACTORS:
        y.mul_(torch.where(chosen, _FACTORS[name], 1.0)[..., None, None])
    else:
        part = y[chosen]
        y[chosen] = part.flip(-1) if name == "flip" else F.gelu(part)
