"""Texts that people, files and plug-ins bring, shown as they read: no Markdown, no tag, no icon, no formula."""

from __future__ import annotations

SIGNS = "\\`*_[]<>$#~:!"


def plain(text: str) -> str:
    """A text as Markdown that shows exactly that text."""
    return "".join("\\" + sign if sign in SIGNS else sign for sign in text)
