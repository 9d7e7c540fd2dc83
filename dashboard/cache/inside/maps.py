"""Where a model looks in one image, and what its channels make of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import insides

if TYPE_CHECKING:
    from dashboard.workers.insides import Explained
    from dashboard.workers.tasks import ModelKey
    from robustcore.datasets import Item
    from robustcore.inside.feature_maps import FeatureMaps
    from robustcore.inside.object_masks import Floats
    from robustcore.reports.preview.gallery import GalleryImage


def explained(
    model: str,
    item: Item,
    cell: GalleryImage | None,
    storage: str,
    *,
    radius: float = 0,
    layer: str = "",
    target: int = -1,
) -> Explained:
    """One form of an image with its maps; the arguments as `insides.explained` has them."""
    key = model, models.fingerprint(model)
    form = "" if cell is None else repr(cell)
    return _explained(key, item.fingerprint, form, radius, storage, layer, target, _item=item, _cell=cell)


@shared()
def _explained(
    model: ModelKey,
    image: str,
    cell: str,
    radius: float,
    storage: str,
    layer: str,
    target: int,
    *,
    _item: Item,
    _cell: GalleryImage | None,
) -> Explained:
    from robustcore import derived

    key = derived.digest(model, image, cell, radius, storage, layer, target)
    sent = dataclasses.replace(_item, source=None)
    done: Explained = offload("explained", key, insides.explained, model, sent, _cell, radius, storage, layer, target)
    return done


@st.cache_data(max_entries=64, show_spinner=False)
def object_mask(image: str, *, _item: Item) -> Floats | None:
    """Which pixels show the object of a scene; None for other images. `image` is the item's fingerprint."""
    from robustcore.inside import object_masks

    return object_masks.of_item(_item)


def feature_maps(
    model: str, item: Item, cell: GalleryImage, storage: str, names: tuple[str, ...] = ()
) -> tuple[FeatureMaps, ...]:
    """Channels of layers; without names of the first and of a deep one."""
    key = model, models.fingerprint(model)
    return _feature_maps(key, item.fingerprint, repr(cell), storage, names, _item=item, _cell=cell)


@shared(show_spinner="Computing the feature maps …")
def _feature_maps(
    model: ModelKey,
    image: str,
    cell: str,
    storage: str,
    names: tuple[str, ...],
    *,
    _item: Item,
    _cell: GalleryImage,
) -> tuple[FeatureMaps, ...]:
    from robustcore import derived

    key = derived.digest(model, image, cell, storage, names)
    sent = dataclasses.replace(_item, source=None)
    done: tuple[FeatureMaps, ...] = offload(
        "feature-maps", key, insides.feature_maps, model, sent, _cell, storage, names
    )
    return done
