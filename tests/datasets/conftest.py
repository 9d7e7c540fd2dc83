from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def scenes_painted_once() -> None:
    """Not here: these tests are about the painting itself."""
