"""What a page of the dashboard says of itself, as a value; and the pages that come from plug-ins."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TypeVar

from robustcore.errors import InvalidArgumentError
from robustcore.registry import Registry

R = TypeVar("R", bound=Callable[[], None])


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
        path: its path in the browser's address where that is not its name; the name then leads there.
        listed: whether the navigation shows it; other pages link to one that is not.
        terms: terms of the glossary that the page uses; they can be read next to its heading.
    """

    title: str
    icon: str
    order: int
    question: str
    purpose: str
    help: str
    group: str = ""
    path: str = ""
    listed: bool = True
    terms: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class View:
    """A page and the function that draws what is below its heading."""

    name: str
    page: Page
    render: Callable[[], None]

    @property
    def address(self) -> str:
        """Its path in the browser's address."""
        return self.page.path or self.own_address

    @property
    def own_address(self) -> str:
        """The path that its name makes."""
        return self.name.replace("_", "-")


# Of plug-ins; the package's own are the modules of `dashboard.views`.
registry: Registry[View] = Registry("page")


def page(
    name: str,
    *,
    title: str,
    question: str,
    purpose: str,
    help: str = "",
    icon: str = ":material/extension:",
    group: str = "Plug-ins",
    order: int = 1000,
) -> Callable[[R], R]:
    """Register a function () -> None that draws a page of the dashboard with Streamlit.

    Args:
        name: of small letters, digits and "_"; the address of the page is "/" and the name.
        title, question, purpose, help, icon, group, order: see `Page`. Without a help the purpose is shown there.

    The function draws what is below the heading. A `RobustcoreError` that it raises is shown as its sentence.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InvalidArgumentError(f"A page is named by small letters, digits and '_', a letter first, not {name!r}.")
    facts = Page(title, icon, order, question, purpose, help or purpose, group)

    def register(render: R) -> R:
        registry.add(name, View(name, facts, render), render)
        return render

    return register
