"""The glossary: what terms mean, as docs/glossary.md has it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from robustcore import paths

_ENTRY = re.compile(r"^## (.+)\n\n((?:.+\n?)+)", re.MULTILINE)


def path() -> Path:
    """The file: among the shipped ones of an installed package, in docs/ of a checkout."""
    shipped = paths.assets() / "glossary.md"
    return shipped if shipped.is_file() else paths.assets().parent / "docs" / "glossary.md"


@functools.cache
def terms() -> Mapping[str, str]:
    """Term -> its explanation, a paragraph of Markdown, in alphabetical order."""
    text = path().read_text(encoding="utf-8")
    return {term: " ".join(explained.split()) for term, explained in _ENTRY.findall(text)}
