"""What holds for every page: it is found, it says what one learns there, and it renders without an error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from dashboard import pages
from robustcore import derived, extending, glossary
from tests.dashboard.conftest import OpenPage, sound

VIEWS = pages.views()


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: v.name)
def test_facts_are_written_for_people(view: pages.View) -> None:
    page = view.page
    assert re.fullmatch(r":material/[a-z0-9_]+:", page.icon)
    assert page.question != page.title
    assert page.purpose.endswith(".")
    assert page.help.endswith(".")
    assert len(page.help) <= 300


def test_orders_and_titles_differ() -> None:
    assert len({v.page.order for v in VIEWS}) == len(VIEWS) == len({v.page.title for v in VIEWS})


def test_the_pages_do_not_import_what_takes_seconds() -> None:
    """The first visitor waits for it."""
    slow = ("torchvision", "torch._dynamo", "scipy.stats", "sklearn", "matplotlib", "albumentations", "timm")
    code = f"import sys; from dashboard import pages; pages.views(); print([m for m in {slow} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_terms_of_a_page_are_explained(open_page: OpenPage) -> None:
    known = glossary.terms()
    assert [(v.name, term) for v in VIEWS for term in v.page.terms if term not in known] == []
    at = open_page("overlap")
    assert sound(at)
    assert any(known["Atlas"] in each.value for each in at.markdown)


def test_the_navigation_has_its_groups_in_order() -> None:
    listed = [view for view in VIEWS if view.page.listed]
    assert list(pages.groups(listed)) == ["", "Explore", "Compare", "Research", "Run"]
    assert [view.name for view in pages.groups(listed)[""]] == ["overview"]
    assert [view.name for view in VIEWS if not view.page.listed] == ["model"]


def test_a_page_with_an_address_of_its_own_is_found_by_its_name_too(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[st.Page] = []
    navigation = st.navigation

    def recorded(sections: dict[str, list[st.Page]], **more: Any) -> Any:
        listed.extend(page for members in sections.values() for page in members)
        return navigation(sections, **more)

    monkeypatch.setattr(st, "navigation", recorded)
    assert sound(open_page("compare"))
    visible = {page.url_path for page in listed if page.visibility == "visible"}
    hidden = {page.url_path for page in listed if page.visibility == "hidden"}
    assert {"stability", "requirements", "literature-check"} <= visible
    assert {"sequences", "specification", "claims"} <= hidden


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: v.name)
def test_a_page_renders(view: pages.View, open_page: OpenPage) -> None:
    at = open_page(view.name)
    assert sound(at)
    assert at.title[0].value == view.page.question


def test_an_error_of_the_library_is_one_sentence(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustcore.errors import DatasetError

    def fails() -> None:
        raise DatasetError("The folder /data is empty; name another one.")

    monkeypatch.setattr("dashboard.views.corruptions.render", fails)
    at = open_page("corruptions")
    assert not at.exception
    assert [e.value for e in at.error] == ["The folder /data is empty; name another one."]


def test_a_mistake_of_ours_is_a_sentence_too(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.views.corruptions.render", fails)
    at = open_page("corruptions")
    assert not at.exception
    assert "ZeroDivisionError" in at.error[0].value
    assert "Traceback" not in at.error[0].value


def test_a_page_may_stop_itself(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit stops and reruns a page by exceptions of its own, which must pass."""
    monkeypatch.setattr("dashboard.views.corruptions.render", st.stop)
    assert sound(open_page("corruptions"))


@pytest.mark.slow
def test_what_pages_begin_with_is_computed_before_anybody_comes(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's warm-up computes what the pages then ask for, to the last argument."""
    from dashboard.views.builder import controls as builder
    from dashboard.views.calibration import numbers as calibration
    from dashboard.views.compare import controls, metric_views
    from dashboard.workers import pool

    metric_views.compute_first(controls.first())
    builder.compute_first()
    calibration.compute_first()
    requests: list[str] = []
    call = pool.call

    def recorded(kind: str, key: str, *arguments: Any, **keywords: Any) -> Any:
        if derived.get(kind, key) is None:
            requests.append(kind)
        return call(kind, key, *arguments, **keywords)

    monkeypatch.setattr(pool, "call", recorded)
    assert sound(open_page("compare"))
    assert sound(open_page("builder"))
    assert sound(open_page("calibration"))
    assert requests == []
    assert sound(open_page("compare", compare_view="heatmap", compare_measure="residual"))
    assert requests  # it is recorded


def test_a_read_only_dashboard_names_a_broken_plugin_but_not_its_place(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUSTCORE_PLUGINS", "")
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    extending.load(broken)
    try:
        (own,) = open_page("evaluate").sidebar.warning
        monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
        (visitors,) = open_page("evaluate").sidebar.warning
    finally:
        extending.unload(broken)
    assert str(tmp_path) in own.value.replace("\\", "")
    assert "broken.py" in visitors.value.replace("\\", "")
    assert str(tmp_path) not in visitors.value.replace("\\", "")
