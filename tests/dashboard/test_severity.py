"""The page Severity audit without a browser."""

from __future__ import annotations

from dashboard import cache
from robustcore import evaluate
from tests.dashboard.conftest import OpenPage, sound


def test_steps_of_a_suite_are_judged(open_page: OpenPage) -> None:
    evaluate(cache.models.DEFAULT_MODEL, "scenes", "imagenet-c-extra", limit=24)
    at = open_page("severity", severity_suite="imagenet-c-extra", severity_model=cache.models.DEFAULT_MODEL)
    assert sound(at)
    assert len(at.get("plotly_chart")) == 1


def test_without_accuracies_the_distances_are_judged_alone(open_page: OpenPage) -> None:
    at = open_page("severity", severity_suite="imagenet-c-extra", severity_storage="jpeg85")
    assert sound(at)
    assert at.warning
    assert not at.get("plotly_chart")


def test_an_unknown_suite_in_the_address_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("severity", severity_suite="imagenet-z")
    assert not at.exception
    assert any("ImageNet-C" in str(w.value) for w in [*at.info, *at.warning])
