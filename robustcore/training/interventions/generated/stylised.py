"""Stylised training: images whose textures and colours come from another image, while their shapes stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore import datasets
from robustcore.datasets import Dataset
from robustcore.errors import DatasetError, TrainingError
from robustcore.randomness import Draws
from robustcore.training.data import TrainingSet
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.generated._sets import joined, other_ids

RADIUS = 3  # pixels, of the window at 64 pixels a side
GAIN = (0.4, 2.5)  # least and greatest change of a channel's contrast


@intervention(
    "stylised",
    title="Stylised images",
    family="augmentation",
    summary="Gives a part of each batch the texture and the palette of other images, or adds a folder of stylised images.",
    source="RobustNet, section 2 (IN20 + SIN20); Basart, thesis, section 5.5 (after Geirhos et al. 2019)",
    changes_images=True,
)
class Stylised(Intervention):
    """Without a folder, textures are exchanged inside the batch by the statistics of fixed filters; nothing is downloaded.

    With B the mean over a window and v its local variance of luminance, an image is split into structure and texture as by
    a local Wiener filter: texture(x) = (1 - a) * (x - B x), a = B(v / (v + contrast**2)). What varies more than `contrast`,
    an edge, is structure. The result for an image x and its partner s is

        A(x - texture(x)) + P(texture(s)),

    where A gives each channel the mean and the deviation of s's structure (as AdaIN does for features) and P keeps the
    amplitude spectrum and draws the phases, the same for all channels (Galerne et al. 2011), so that nothing of the
    partner's shape comes along. The partner is the image before it in the batch. The label is x's.

    Geirhos et al. transfer the style of paintings with a trained network. For that, name a folder of images that were
    stylised before, one folder to a class: they are trained on beside the clean ones, or alone where `share` is 1.
    """

    share: float = setting(0.5, above=0, high=1, help="of a batch that is stylised; 1 trains on stylised images alone")
    contrast: float = setting(
        0.1, above=0, high=1, help="local deviation up to which detail is texture, pixels in [0, 1]"
    )
    folder: str = setting(
        "", help="class folders of images that were stylised before; empty exchanges inside the batch"
    )

    @property
    def label(self) -> str:
        return f"{self.name}-{Path(self.folder).name}" if self.folder else super().label

    def inputs(self, classes: tuple[str, ...], side: int) -> dict[str, str]:
        return {self.folder: self._stylised_before(classes, side).fingerprint} if self.folder else {}

    def prepare(
        self,
        data: TrainingSet,
        *,
        seed: int,
        device: torch.device,
        count: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        if not self.folder:
            return data
        stylised = TrainingSet.of(self._stylised_before(data.classes, data.images.shape[-1]), count)
        stylised = dataclasses.replace(stylised, ids=other_ids(stylised.ids, "stylised"), fingerprint=data.fingerprint)
        return stylised if self.share == 1 else joined([data, stylised])

    def _stylised_before(self, classes: tuple[str, ...], side: int) -> Dataset:
        try:
            stylised = datasets.load_dataset(Path(self.folder).expanduser(), split="train", side=side)
        except DatasetError as error:
            raise TrainingError(f"The setting folder of {self.name} cannot be used. {error}") from error
        if tuple(stylised.classes) != classes:
            raise TrainingError(
                f"The stylised images in {self.folder} have other class folders than the {len(classes)} classes that are "
                "trained on. They need the same names."
            )
        return stylised

    def views(self, step: Step) -> Sequence[View]:
        if self.folder:
            return super().views(step)
        n = max(1, round(self.share * len(step.ids)))
        draws = step.draws("stylised").take(torch.arange(n, device=step.images.device))
        with step.exact():
            styled = exchange(step.pixels[:n], step.pixels.roll(1, 0)[:n], draws, self.contrast)
        images = step.images.clone()
        images[:n] = styled.mul_(255).round_().to(torch.uint8)
        return [View(images, step.labels)]


def exchange(x: Tensor, partners: Tensor, draws: Draws, contrast: float) -> Tensor:
    """float32 (N, 3, S, S) in [0, 1]: the structure of `x` in the palette and with the texture of `partners`."""
    own_texture, partner_texture = texture(x, contrast), texture(partners, contrast)
    structure, partner_structure = x - own_texture, partners - partner_texture
    deviation, mean = torch.std_mean(structure, (2, 3), keepdim=True)
    wanted, level = torch.std_mean(partner_structure, (2, 3), keepdim=True)
    gain = (wanted / deviation.clamp(min=1e-3)).clamp_(*GAIN)
    result = (structure - mean).mul_(gain).add_(level)
    return result.add_(scattered(partner_texture, draws)).clamp_(0, 1)


def texture(x: Tensor, contrast: float) -> Tensor:
    """What varies little and fast: (N, 3, S, S) with a mean near 0; see `Stylised` for the equation."""
    radius = max(1, round(RADIUS * x.shape[-1] / 64))
    luminance = x.mean(1, keepdim=True)
    means = _window(torch.cat([x, luminance, luminance.square()], 1), radius)
    variance = (means[:, 4:] - means[:, 3:4].square()).clamp_(min=0)
    kept = _window(variance / (variance + contrast**2), radius)
    return (x - means[:, :3]).mul_(1 - kept)


def scattered(x: Tensor, draws: Draws) -> Tensor:
    """The same amplitude spectrum with random phases, those of white noise, in which all channels share their turn."""
    noise = torch.fft.rfft2(draws.normal(1, *x.shape[2:]))
    turn = noise / noise.abs().clamp_(min=1e-12)
    result: Tensor = torch.fft.irfft2(torch.fft.rfft2(x) * turn, s=x.shape[2:])
    return result


def _window(x: Tensor, radius: int) -> Tensor:
    """The mean over (2 * radius + 1)**2 pixels; at an edge over those that there are."""
    side, padding = 2 * radius + 1, radius
    x = F.avg_pool2d(x, (side, 1), 1, (padding, 0), count_include_pad=False)
    return F.avg_pool2d(x, (1, side), 1, (0, padding), count_include_pad=False)
