"""The page Stability without a browser."""

from __future__ import annotations

import pytest

from dashboard import cache
from robustcore import evaluate, sequences
from robustcore.reports import stability
from tests.dashboard.conftest import OpenPage, markup, sound


def words(at: object) -> str:
    return " ".join(str(m.value) for m in at.markdown)  # type: ignore[attr-defined]


def test_a_test_image_is_answered_and_its_flips_counted(open_page: OpenPage) -> None:
    at = open_page("sequences", sequences_name="rotate")
    assert sound(at)
    assert "of 30" in words(at)
    assert "flip probability" in words(at)


def test_noise_is_compared_with_the_first_frame(open_page: OpenPage) -> None:
    at = open_page("sequences", sequences_name="gaussian_noise", sequences_difficulty="3")
    assert sound(at)
    assert "the first frame" in words(at)


def test_a_photograph_gets_frames_and_no_pretended_answer(open_page: OpenPage) -> None:
    at = open_page("sequences", sequences_from="photograph", sequences_name="tilt")
    assert sound(at)
    assert "rc-answer" not in markup(at, "sequences_strip_of_frames")


def test_one_frame_can_be_looked_at(open_page: OpenPage) -> None:
    at = open_page("sequences")
    at.toggle(key="sequences_play").set_value(False).run()
    at.number_input(key="sequences_frame").set_value(7).run()
    assert sound(at)


def test_an_unknown_sequence_in_the_address_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("sequences", sequences_name="rotat")
    assert not at.exception
    assert any("Rotate" in str(w.value) for w in [*at.info, *at.warning])


@pytest.mark.parametrize("metric", ["flip_probability", "flip_rate", "top5_distance", "t5d"])
def test_evaluated_models_stand_in_the_figure(open_page: OpenPage, metric: str) -> None:
    evaluate(cache.models.DEFAULT_MODEL, "scenes", stability.conditions(), limit=2)
    at = open_page("sequences", sequences_models=cache.models.DEFAULT_MODEL, sequences_metric=metric)
    assert sound(at)
    assert at.dataframe, "the table of means is missing"
    means = next(table.value for table in at.dataframe if "Model" in table.value)
    assert means["Model"].tolist() == [cache.models.DEFAULT_MODEL]


def test_without_results_the_page_says_how_to_get_them(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustcore.evaluation.store.store.shipped", lambda: [], raising=False)
    at = open_page("sequences")
    assert sound(at)
    assert len(sequences.names()) == 14
