"""Which pixels of a scene show its object: scenes are rendered from shapes, so that this is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcore.datasets._base import Item
from robustcore.datasets.scenes.dataset import SIZES, Scenes
from robustcore.datasets.scenes.renderer import silhouette
from robustcore.datasets.scenes.scene import Scene

Floats = npt.NDArray[np.float32]


def of_scene(scene: Scene, side: int) -> Floats:
    """float32 (side, side): how much of each pixel shows the object, 0 .. 1; what covers it is taken off."""
    mask = silhouette(scene.thing.outline, side)
    for cover in scene.occluders:
        mask = mask * (1 - np.float32(cover.opacity) * silhouette(cover.outline, side))
    return mask.astype(np.float32)


def of_item(item: Item) -> Floats | None:
    """The mask of an image of the scenes, float32 (H, W); None for every other image."""
    split, index = item.id >> 32, item.id & 0xFFFFFFFF
    side = item.image.shape[-1]
    if item.dataset != "scenes" or not 0 <= split < len(SIZES):
        return None
    dataset = Scenes(list(SIZES)[split], side=side, size=index + 1)
    if not np.array_equal(dataset[index][0].numpy(), item.image.numpy()):  # of another seed, or prepared otherwise
        return None
    return of_scene(dataset.scene(index), side)
