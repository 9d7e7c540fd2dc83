"""What worker processes do for the page Inside: maps of one image, weights, and CKA batch by batch."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from dashboard.workers.tasks import DatasetKey, ModelKey
    from robustcore.datasets import Item
    from robustcore.evaluation.plan import Subject
    from robustcore.inside.attribution import Attribution
    from robustcore.inside.feature_maps import FeatureMaps
    from robustcore.inside.similarity import Sums
    from robustcore.inside.weights import Kernels
    from robustcore.reports.inside.combining import Combination
    from robustcore.reports.preview.gallery import GalleryImage


@dataclasses.dataclass(frozen=True)
class Explained:
    """One form of an image with its maps.

    Attributes:
        image: uint8 (3, H, W), as it is shown; maps of an attacked image are those of the unrounded one.
        maps: of this form alone.
    """

    image: Tensor
    maps: Attribution


def explained(
    model: ModelKey, item: Item, cell: GalleryImage | None, radius: float, storage: str, layer: str, target: int
) -> Explained:
    """Grad-CAM and input gradient of one form of an image.

    Args:
        cell: its corrupted form; None for the clean image, or for the attacked one where there is a radius.
        radius: of the attack, in 1/255; 0 for none.
        layer: whose maps Grad-CAM draws; "" finds it.
        target: the class that is explained; -1 for the image's own answer.
    """
    from robustcore.inside import attacked, attribution
    from robustcore.reports.preview import gallery

    network = tasks.model_of(model)
    if radius:
        form = attacked.attacked(network, item.image, item.id, radius)
    else:
        form = item.image[None] if cell is None else gallery.corrupted(item, [cell], storage)
    done = attribution.attribute(
        network, form, layer=layer or None, own_answer=target < 0, target=None if target < 0 else target
    )
    shown = form if not radius else (form * 255).round().byte()
    return Explained(shown[0], done)


def feature_maps(
    model: ModelKey, item: Item, cell: GalleryImage, storage: str, names: tuple[str, ...]
) -> tuple[FeatureMaps, ...]:
    """Channels of layers for an image and its corrupted form; without names of the first and of a deep layer."""
    import torch

    from robustcore.inside import feature_maps as maps
    from robustcore.inside import layers
    from robustcore.reports.preview import gallery

    network = tasks.model_of(model)
    images = torch.cat([item.image[None], gallery.corrupted(item, [cell], storage)])
    met = layers.layers(network)
    chosen = [each for each in met if each.name in names] if names else layers.first_and_deep(network, met)
    return tuple(maps.feature_maps(network, images, each) for each in chosen if each.form)


def weights(models: tuple[ModelKey, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histograms of their weights, and the figures of each."""
    from robustcore.inside import weights as of

    return of.histograms([tasks.model_of(model) for model in models])


def kernels(model: ModelKey) -> tuple[Kernels, ...]:
    """Of the first and of a deep convolution."""
    from robustcore.inside import weights as of

    return tuple(of.kernels(tasks.model_of(model)))


def similarity_batch(first: ModelKey, second: ModelKey, source: str, start: int, stop: int) -> Sums:
    """The sums of CKA over one batch of images."""
    from robustcore.inside import comparison_images, similarity

    images = comparison_images.images(source, range(start, stop))
    one = tasks.model_of(first)
    return similarity.batch(one, one if second == first else tasks.model_of(second), images)


def combination_gains(
    combined: tuple[Combination, ...], subjects: dict[str, Subject], dataset: DatasetKey, suite: str
) -> pd.DataFrame:
    """What combined trainings gain over the better of their parts."""
    from robustcore.evaluation import Store
    from robustcore.reports.inside import combining

    return combining.gains(combined, subjects, tasks.dataset_of(dataset), suite, Store())
