"""What a page is, and how the pages are found: each module of `dashboard.views` with a PAGE and a `render`."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable

import dashboard.views


@dataclasses.dataclass(frozen=True)
class Page:
    """The facts of a page, written at the top of its module.

    Attributes:
        title: its name in the navigation.
        icon: ":material/..." (Streamlit serves these itself).
        order: its place in the navigation; the first page is the start page.
        question: the heading: what one learns here.
        purpose: one sentence below the heading.
        help: what it shows and what one can do, two or three sentences; the navigation shows it, and the heading's "?".
    """

    title: str
    icon: str
    order: int
    question: str
    purpose: str
    help: str


@dataclasses.dataclass(frozen=True)
class View:
    """A page and the function that draws what stands below its heading."""

    name: str
    page: Page
    render: Callable[[], None]

    @property
    def address(self) -> str:
        """Its path in the browser's address."""
        return self.name.replace("_", "-")


def views() -> list[View]:
    """Every view, in the order of the navigation."""
    found = []
    for module in pkgutil.iter_modules(dashboard.views.__path__):
        view = importlib.import_module(f"dashboard.views.{module.name}")
        found.append(View(module.name, view.PAGE, view.render))
    return sorted(found, key=lambda v: (v.page.order, v.name))
