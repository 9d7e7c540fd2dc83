"""Feature maps: channels of a first and of a deep layer, those that change most first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cache, data_urls
from dashboard.views.inside.case import STORAGE, Case
from dashboard.widgets import markup, states
from dashboard.widgets.markup import Markup
from robustcore.images import to_tensor
from robustcore.inside import pictures

if TYPE_CHECKING:
    from robustcore.inside.feature_maps import FeatureMaps


def view(case: Case) -> None:
    """A column for each model, a block for each layer."""
    for column, model in zip(st.columns(len(case.models), gap="large"), case.models, strict=True):
        with column:
            st.subheader(states.plain(model), anchor=False)
            layers = cache.inside.maps.feature_maps(model, case.choice.item, case.cell, STORAGE)
            for maps in layers:
                block(case, maps)
            if not layers:
                states.notice(f"{model} shows no layer with a map, so there are no feature maps.")
    st.caption(
        "At most 64 equally spaced channels of a layer, those that change most first, in the order in which one reads. Each channel "
        "has its own scale, the same clean and corrupted. A change is relative to the layer's mean magnitude."
    )
    st.caption(states.plain(case.footer))


def block(case: Case, maps: FeatureMaps) -> None:
    """One layer, clean next to corrupted."""
    axes = (1, 2)
    low = np.minimum(maps.clean.min(axes), maps.corrupted.min(axes))
    high = np.maximum(maps.clean.max(axes), maps.corrupted.max(axes))
    parts = []
    for values, title in ((maps.clean, "Clean"), (maps.corrupted, case.corruption)):
        source = data_urls.exact(to_tensor(pictures.channel_tiles(values, low, high)))
        parts.append(
            Markup('<figure><img src="{}" alt="{}" class=crisp><figcaption>{}</figcaption></figure>').format(
                source, f"Channels of {maps.layer.name}: {title}", title
            )
        )
    first = ", ".join(
        f"{channel} ({change:.2f})"
        for channel, change in zip(maps.channels[:5].tolist(), maps.change[:5].tolist(), strict=True)
    )
    st.markdown(
        f"**{states.plain(maps.layer.name)}**, {maps.layer.channels} channels. Most changed: {first}; median change "
        f"{float(np.median(maps.change)):.2f}."
    )
    markup.html(Markup('<div class="rc-maps rc-sheets">{}</div>').format(Markup().join(parts)))
