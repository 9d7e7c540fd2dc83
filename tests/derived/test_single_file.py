"""A derived value in a file of its own: it is read back as it was; a damaged file is one sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from robustcore import paths
from robustcore.derived import single_file
from robustcore.errors import StoreError
from robustcore.reports.membership import MembershipReport


def test_a_value_is_read_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"network": ["a", "b"], "accuracy": [0.5, float("nan")]})
    single_file.write(tmp_path / "results.json", table)
    pd.testing.assert_frame_equal(single_file.read(tmp_path / "results.json", "measure again"), table)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_what_another_version_wrote_is_no_damage(tmp_path: Path) -> None:
    """A field that is there no more, one that came later, a class that has moved."""
    file = tmp_path / "results.json"
    single_file.write(file, MembershipReport("scenes", (), (), pd.DataFrame(), "x", 0, 1, 32, 8))
    whole = json.loads(file.read_text())
    older, newer = dict(whole["of"]), dict(whole["of"]) | {"networks": 2}
    del older["steps"]
    moved = whole | {"is": "robustcore.reports.membership.gone:MembershipReport"}
    for content in (whole | {"of": older}, whole | {"of": newer}, moved):
        file.write_text(json.dumps(content))
        with pytest.raises(single_file.OutdatedError, match="another version"):
            single_file.read(file, "measure again")


@pytest.mark.parametrize("content", ["", "{", "nonsense"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(StoreError, match="measure again"):
        single_file.read(tmp_path / "results.json", "measure again")


def test_what_ships_is_read_once_and_again_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "assets", lambda: tmp_path)
    file: single_file.Shipped[dict[str, int]] = single_file.Shipped("measured")
    assert file.read() is None
    file.write({"a": 1})
    assert file.read() is file.read()
    file.write({"a": 2})
    assert file.read() == {"a": 2}
    assert file.path == tmp_path / "measured" / "results.json"
