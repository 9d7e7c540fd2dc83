"""The page Requirements without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.session import actions
from robustcore.evaluation.request import EvaluationRequest
from robustcore.reports import specification
from tests.dashboard.conftest import OpenPage, markup, sound

SMALL = "limit = 6\n[[rows]]\nmetric='accuracy'\ncorruption='contrast'\nseverity=1\nat_least={}\n"


def write(at: AppTest, text: str) -> AppTest:
    """A specification of one's own."""
    at.text_area(key="specification_text").set_value(text).run()
    return at


def test_the_demo_is_judged_as_the_library_judges_it(open_page: OpenPage) -> None:
    at = open_page("specification", specification_name="demo", specification_model=cache.models.DEFAULT_MODEL)
    assert sound(at)
    spec = specification.load("demo")
    table = specification.judge(spec, specification.gather(spec, [cache.models.DEFAULT_MODEL]))
    sheet = markup(at, "specification_sheet")
    assert 'class="rc-spec-head rc-spec-fail"' in sheet
    assert specification.summary(table) in sheet
    assert sheet.count("<li ") == len(spec.rows)
    assert not [b for b in at.button if b.key == "specification_launch"]


def test_what_is_missing_can_be_evaluated(open_page: OpenPage, evaluated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[EvaluationRequest] = []
    monkeypatch.setattr(actions, "submit", lambda request: requests.append(request) or 1)
    at = open_page("specification", specification_name="My own …", specification_model=evaluated)
    at = write(at, SMALL.format(101))
    message = at.error[0].value.replace("\\", "")
    assert message == "text, line 6: A threshold of accuracy is from 0 to 100 percent, not 101."
    at = write(at, SMALL.format(0) + SMALL.format(0).split("\n", 1)[1].replace("contrast", "fog"))
    assert sound(at)
    sheet = markup(at, "specification_sheet")
    assert '<li class="rc-spec-undefined">' in sheet
    at.button(key="specification_launch").click().run()
    assert [(r.models, r.limit, [c.name for c in r.conditions]) for r in requests] == [((evaluated,), 6, ["fog"])]


def test_a_specification_on_images_that_are_not_here_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("specification", specification_name="imagenet")
    assert sound(at)
    assert not markup(at, "specification_sheet")
    assert "robustcore check imagenet" in at.code[0].value


def test_read_only_takes_no_text_and_no_file(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    at = open_page("specification", specification_name="My own …")
    assert not at.exception
    assert not at.text_area
    assert not at.get("file_uploader")
    assert any("My own" in str(w.value) for w in at.warning)
