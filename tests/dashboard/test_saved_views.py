"""Views with a name: kept in the cache, opened by a link, deleted; a read-only dashboard keeps none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.session import actions, saved_views
from dashboard.session.saved_views import SavedView
from robustcore import paths
from robustcore.errors import InvalidArgumentError, JobError, StoreError, UnknownNameError
from tests.dashboard.conftest import OpenPage, markup, sound

MINE = SavedView("My comparison", "compare", {"compare_model": ["a/b", 'c"d'], "compare_view": ["Heatmap"]})


def test_a_view_is_kept_replaced_and_deleted() -> None:
    assert saved_views.listed() == []
    saved_views.save(MINE)
    saved_views.save(SavedView(" a second ", "overlap", {}))
    assert saved_views.listed() == [SavedView("a second", "overlap", {}), MINE]
    other = SavedView(MINE.name, "compare", {"compare_view": ["Ranks"]})
    saved_views.save(other)
    assert saved_views.listed()[1] == other
    saved_views.delete(MINE.name)
    assert [view.name for view in saved_views.listed()] == ["a second"]
    with pytest.raises(UnknownNameError, match="a second"):
        saved_views.delete(MINE.name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines"])
def test_a_name_is_one_short_line(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="1 to 60"):
        saved_views.save(SavedView(name, "compare", {}))


def test_a_list_that_cannot_be_read_says_where_it_is() -> None:
    saved_views.save(MINE)
    (paths.cache() / saved_views.FILE).write_text("[[views]]\nname = 3\n")
    with pytest.raises(StoreError, match=saved_views.FILE):
        saved_views.listed()


def test_a_read_only_dashboard_keeps_no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    with pytest.raises(JobError, match="read-only"):
        actions.save_view(MINE)
    with pytest.raises(JobError, match="read-only"):
        actions.delete_view(MINE.name)


def test_a_view_of_the_page_that_one_is_on_is_a_link_with_its_address(open_page: OpenPage, own_cache: Path) -> None:
    for page in ("leaderboard", "evaluate"):
        saved_views.save(SavedView(f"<b>{page}", page, {f"{page}_name": ["x"]}))
    at = open_page("leaderboard")
    assert sound(at)
    assert 'href="leaderboard?leaderboard_name=x"' in markup(at, "saved_view_1")
    assert "&lt;b&gt;leaderboard" in markup(at, "saved_view_1")
    assert [link.proto.page for link in at.get("page_link")].count("evaluate") >= 1
