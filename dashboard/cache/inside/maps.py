"""Where a model looks in one image, and what its channels make of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import models
from dashboard.cache.offload import offload
from dashboard.workers import insides

if TYPE_CHECKING:
    from dashboard.workers.tasks import ModelKey
    from robustcore.datasets import Item
    from robustcore.inside.attribution import Attribution, Movement
    from robustcore.inside.feature_maps import FeatureMaps
    from robustcore.reports.preview.gallery import GalleryImage


def attributed(
    model: str, item: Item, cell: GalleryImage, storage: str, layer: str, own_answer: bool
) -> tuple[Attribution, Movement]:
    """Grad-CAM and input gradient of an image and its corrupted form; "" finds the layer."""
    key = model, models.fingerprint(model)
    return _attributed(key, item.fingerprint, repr(cell), storage, layer, own_answer, _item=item, _cell=cell)


@st.cache_resource(max_entries=64, show_spinner="Explaining the answers …")
def _attributed(
    model: ModelKey,
    image: str,
    cell: str,
    storage: str,
    layer: str,
    own_answer: bool,
    *,
    _item: Item,
    _cell: GalleryImage,
) -> tuple[Attribution, Movement]:
    from robustcore import derived

    key = derived.digest(model, image, cell, storage, layer, own_answer)
    sent = dataclasses.replace(_item, source=None)
    done: tuple[Attribution, Movement] = offload(
        "attribution", key, insides.attributed, model, sent, _cell, storage, layer, own_answer
    )
    return done


def feature_maps(
    model: str, item: Item, cell: GalleryImage, storage: str, names: tuple[str, ...] = ()
) -> tuple[FeatureMaps, ...]:
    """Channels of layers; without names of the first and of a deep one."""
    key = model, models.fingerprint(model)
    return _feature_maps(key, item.fingerprint, repr(cell), storage, names, _item=item, _cell=cell)


@st.cache_resource(max_entries=16, show_spinner="Computing the feature maps …")  # 2 MB each
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
