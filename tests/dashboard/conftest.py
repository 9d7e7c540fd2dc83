"""Pages without a browser: the entry script under Streamlit's AppTest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import pages

APP = Path(pages.__file__).resolve().parent / "app.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page() -> OpenPage:
    """`open_page("corruptions", corruptions_seed="3")`: the page as it stands after its first run with that address."""
    st.cache_data.clear()
    st.cache_resource.clear()

    def open_(name: str, **address: Any) -> AppTest:
        at = AppTest.from_file(str(APP), default_timeout=60)
        if name != pages.views()[0].name:
            # Pages are functions, not files, so that AppTest's switch_page cannot name them; their hash can.
            at._page_hash = calc_hash(name.replace("_", "-"))
        for key, value in address.items():
            at.query_params[key] = value
        return at.run()

    return open_


def sound(at: AppTest) -> bool:
    """Whether the page shows neither an exception nor an error box; the message of an assertion tells which."""
    assert not at.exception, at.exception[0].message
    assert not at.error, at.error[0].value
    return True
