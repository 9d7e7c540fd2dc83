"""The README and the documents that it leads to: what they show runs, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
LIBRARY = ROOT / "docs" / "library.md"
BLOCKS = re.findall(r"```python\n(.*?)```", LIBRARY.read_text(), flags=re.S)
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_python_example_runs_as_written(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, str(LIBRARY), "exec"), {})
    assert "app" in capsys.readouterr().out


def test_there_is_an_example() -> None:
    assert BLOCKS


def test_every_page_is_in_the_tour() -> None:
    from dashboard.pages import views

    text = (ROOT / "docs" / "pages.md").read_text()
    assert [view.page.title for view in views() if f"| **{view.page.title}** |" not in text] == []


def test_the_readme_fits_a_screen_and_leads_to_every_document() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 50
    assert [
        each.name for each in DOCUMENTS[1:] if f"](docs/{each.name})" not in text and each.stem != "benchmarks"
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", document.read_text()) if "://" not in t]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


def test_commands_of_make_are_in_the_makefile() -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", "\n".join(each.read_text() for each in DOCUMENTS), flags=re.M))
    assert {"run", "test", "screenshots"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
