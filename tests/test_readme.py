"""The README: what it shows runs, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_python_example_runs_as_written(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, str(README), "exec"), {})
    assert "app" in capsys.readouterr().out


def test_every_page_is_in_the_tour() -> None:
    from dashboard.pages import views

    text = README.read_text()
    assert [view.page.title for view in views() if f"| **{view.page.title}** |" not in text] == []
