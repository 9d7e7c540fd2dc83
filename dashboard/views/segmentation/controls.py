"""What a visitor of the page Segmentation has chosen."""

from __future__ import annotations

import dataclasses

KEY = "segmentation"


@dataclasses.dataclass(frozen=True)
class Choice:
    """The choice.

    Attributes:
        index: of the test scene.
        score: a key of `SCORES`.
        share: of the image's pixels that are flagged, 0..1.
        corruption, severity: done to the image; "" and 0 for none.
    """

    index: int
    score: str
    share: float
    corruption: str
    severity: int
