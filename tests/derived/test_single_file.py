"""A derived value in a file of its own: it is read back as it was; a damaged file is one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from robustcore.derived import single_file
from robustcore.errors import StoreError


def test_a_value_is_read_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"network": ["a", "b"], "accuracy": [0.5, float("nan")]})
    single_file.write(tmp_path / "results.json", table)
    pd.testing.assert_frame_equal(single_file.read(tmp_path / "results.json", "measure again"), table)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("content", ["", "{", "nonsense"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(StoreError, match="measure again"):
        single_file.read(tmp_path / "results.json", "measure again")
