"""A file is there whole, or as it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore.derived import atomic_files


def test_what_was_there_stays_where_writing_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    atomic_files.write(path, "1 2 3")
    with pytest.raises(TypeError), atomic_files.replacing(path) as file:
        file.writelines([b"4 5", None])  # type: ignore[list-item]
    assert path.read_text() == "1 2 3"
    assert list(tmp_path.iterdir()) == [path]
