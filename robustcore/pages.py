"""What a page of the dashboard says of itself, as a value; and the pages that come from plug-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Page:
    """The facts of a page.

    Attributes:
        title: its name in the navigation.
        icon: ":material/..." (Streamlit serves these itself).
        order: its place in the navigation; the first page is the start page.
        question: the heading: what one learns here.
        purpose: one sentence below the heading.
        help: what it shows and what one can do, two or three sentences; the navigation shows it, and the heading's "?".
        group: the heading of the navigation that it is listed under; "" for none. Groups come in the order of their first
            pages.
    """

    title: str
    icon: str
    order: int
    question: str
    purpose: str
    help: str
    group: str = ""


@dataclasses.dataclass(frozen=True)
class View:
    """A page and the function that draws what is below its heading."""

    name: str
    page: Page
    render: Callable[[], None]

    @property
    def address(self) -> str:
        """Its path in the browser's address."""
        return self.name.replace("_", "-")
