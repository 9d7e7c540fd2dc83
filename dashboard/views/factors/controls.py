"""What a visitor of the page Factors has chosen."""

from __future__ import annotations

import dataclasses

KEY = "factors"


@dataclasses.dataclass(frozen=True)
class Choice:
    """The choice.

    Attributes:
        models: the first is looked at.
        factor: that is changed.
        index: of the scene among the test images.
        shape: its class.
    """

    models: tuple[str, ...]
    factor: str
    index: int
    shape: str
