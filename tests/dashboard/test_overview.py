"""The page Overview: one row for each evaluated model, and the ways on from here."""

from __future__ import annotations

import pytest

import robustcore as rc
from dashboard import data
from tests.dashboard.conftest import OpenPage, sound


def test_says_what_this_is_before_anything_was_evaluated(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "evaluated", lambda dataset: [])
    at = open_page("overview")
    assert sound(at)
    assert any("what breaks a model" in m.value for m in at.markdown)
    assert any("No model has been evaluated yet" in m.value for m in at.markdown)
    assert not at.dataframe


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, evaluated: str) -> str:
    """The one model with results, whatever ships."""
    monkeypatch.setattr(data, "evaluated", lambda dataset: [evaluated])
    return evaluated


def test_a_row_for_each_evaluated_model(open_page: OpenPage, only: str) -> None:
    at = open_page("overview")
    assert sound(at)
    (row,) = at.dataframe[0].value.to_dict("records")
    table = rc.evaluate(only, "scenes", ["contrast", "gaussian_noise"], limit=6)
    assert row["Model"] == only
    assert row["Images"] == 6
    assert row["Clean"] == pytest.approx(100 * table.loc[table["kind"] == "clean", "accuracy"].item())
    rest = table[table["kind"] == "corruption"]
    assert row["Under corruption"] == pytest.approx(100 * rest.groupby("name")["accuracy"].mean().mean())
    assert row["Origin"] == "computed here"
    captions = " ".join(c.value for c in at.caption)
    assert "6 images" in captions  # the figure's footer


def test_links_carry_the_models(open_page: OpenPage, only: str) -> None:
    found = {link.proto.page: link.proto.query_string for link in open_page("overview").get("page_link")}
    assert "compare_model=own%2Fsmall" in found["compare"]
    assert "corruptions_model=own%2Fsmall" in found["corruptions"]
    assert "evaluate" in found
