"""What the page Segmentation shows: one street scene through the networks, and what was measured of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import segmentations

if TYPE_CHECKING:
    from robustcore.reports.segmentation import PixelsOfImage, SegmentationReport


def report() -> SegmentationReport | None:
    """The shipped measurements; None where they are not those of today's networks and images."""
    from robustcore.reports.segmentation import shipped

    return shipped.read() if _is_current() else None


@st.cache_data(ttl=60, max_entries=1, show_spinner=False)
def _is_current() -> bool:
    from robustcore.reports.segmentation import shipped

    return shipped.is_current()


def look(network: str, autoencoder: str, index: int, corruption: str, severity: int) -> PixelsOfImage:
    """What the networks say of a test image's pixels."""
    from robustcore import derived
    from robustcore.segmentation import checkpoints, data

    digest = derived.digest(
        checkpoints.fingerprint(network),
        checkpoints.fingerprint(autoencoder),
        data.load(data.STREET, limit=1).fingerprint,
    )
    return _look(network, autoencoder, digest, index, corruption, severity)


@shared(show_spinner="Segmenting the image …")
def _look(network: str, autoencoder: str, digest: str, index: int, corruption: str, severity: int) -> PixelsOfImage:
    from robustcore import derived

    arguments = (network, autoencoder, digest, index, corruption, severity)
    done: PixelsOfImage = offload("segmentation", derived.digest(*arguments), segmentations.looked_at, *arguments)
    return done
