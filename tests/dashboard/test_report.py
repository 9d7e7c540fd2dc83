"""The button that saves a comparison as a report: it stands where models are compared, and makes the file of what is chosen."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from dashboard import cache as data
from dashboard.cache.datasets import SCENES
from dashboard.widgets import report
from tests.dashboard.conftest import OpenPage, sound


@pytest.mark.parametrize("page", ["overview", "compare"])
def test_the_report_of_what_is_chosen_is_a_button_away(
    page: str, open_page: OpenPage, evaluated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: dict[str, Any] = {}
    monkeypatch.setattr(
        data.results, "evaluated", lambda dataset: [evaluated]
    )  # the one model with results, whatever ships
    monkeypatch.setattr(report, "button", lambda models, *chosen, **more: requests.update(models=list(models), **more))
    at = open_page(page, compare_model=[evaluated], compare_severity=["2", "3"])
    assert sound(at)
    assert evaluated in requests["models"]
    if page == "compare":
        assert requests["models"] == [evaluated]
        assert tuple(requests["severities"]) == (2, 3)


def test_it_makes_one_file_with_the_model_in_it(evaluated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, **more: made.update(more, data=data))
    report.button([evaluated], SCENES, ["contrast"], key="x")
    file = made["data"]()
    assert made["mime"] == "text/html"
    assert f"<h1>{evaluated} under 1 corruption of scenes</h1>" in file.decode()
