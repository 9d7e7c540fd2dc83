"""What worker processes do for the page Inside: maps of one image, weights, and CKA batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.workers.tasks import ModelKey
    from robustcore.datasets import Item
    from robustcore.inside.attribution import Attribution, Movement
    from robustcore.inside.feature_maps import FeatureMaps
    from robustcore.inside.similarity import Sums
    from robustcore.inside.weights import Kernels
    from robustcore.reports.preview.gallery import GalleryImage


def attributed(
    model: ModelKey, item: Item, cell: GalleryImage, storage: str, layer: str, own_answer: bool
) -> tuple[Attribution, Movement]:
    """Grad-CAM and input gradient of an image and its corrupted form; "" finds the layer."""
    import torch

    from robustcore import corruptions
    from robustcore.inside import attribution, object_masks
    from robustcore.reports.preview import gallery

    images = torch.cat([item.image[None], gallery.corrupted(item, [cell], storage)])
    done = attribution.attribute(tasks.model_of(model), images, layer=layer or None, own_answer=own_answer)
    moves = corruptions.get(cell.name).family == "geometry"
    return done, attribution.movement(done, object_masks.of_item(item), moves_pixels=moves)


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
