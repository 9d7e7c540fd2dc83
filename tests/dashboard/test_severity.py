"""The page Severity audit without a browser."""

from __future__ import annotations

from dashboard import cache
from robustcore import evaluate
from tests.dashboard.conftest import OpenPage, sound


def words(at: object) -> str:
    return " ".join(str(m.value) for m in [*at.markdown, *at.subheader, *at.info, *at.warning])  # type: ignore[attr-defined]


def test_steps_of_a_suite_are_judged(open_page: OpenPage) -> None:
    evaluate(cache.DEFAULT_MODEL, "scenes", "imagenet-c-extra", limit=24)
    at = open_page("severity", severity_suite="imagenet-c-extra", severity_model=cache.DEFAULT_MODEL)
    assert sound(at)
    assert "What is odd" in words(at)
    assert "Farther from the clean image, lower accuracy?" in words(at)


def test_without_accuracies_the_distances_are_judged_alone(open_page: OpenPage) -> None:
    at = open_page("severity", severity_suite="imagenet-c-extra", severity_storage="jpeg85")
    assert sound(at)
    assert "distances alone" in words(at)


def test_an_unknown_suite_in_the_address_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("severity", severity_suite="imagenet-z")
    assert not at.exception
    assert any("imagenet-c" in str(w.value) for w in [*at.info, *at.warning])
