"""The glossary: each term once, in alphabetical order, with an explanation; the README links to it."""

from __future__ import annotations

import re
from pathlib import Path

from robustcore import glossary

ROOT = Path(__file__).parent.parent
ENTRY = re.compile(r"^## (.+)\n\n(.+)", re.MULTILINE)


def test_terms_are_alphabetical_and_unique() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [term.lower() for term, _ in ENTRY.findall(text)]
    assert len(terms) == text.count("\n## "), "each term has an explanation below it"
    assert len(terms) >= 30
    assert terms == sorted(set(terms))


def test_the_readme_links_to_it() -> None:
    assert "](docs/glossary.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_terms_are_whole_paragraphs() -> None:
    terms = glossary.terms()
    assert list(terms) == [
        term for term, _ in ENTRY.findall((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    ]
    assert terms["APP"].endswith(".")
    assert "\n" not in "".join(terms.values())
