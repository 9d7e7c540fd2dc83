"""The pages of the dashboard: each module of `dashboard.views` with a PAGE and a `render`, and the pages of plug-ins."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

import dashboard.views
from robustcore.pages import Page, View, registry

__all__ = ["Page", "View", "conflicts", "groups", "views"]


def views() -> list[View]:
    """Every view, in the order of the navigation."""
    own = {name: View(name, module.PAGE, module.render) for name, module in _modules().items()}
    # A plug-in cannot take the place of one of these; `conflicts` names it.
    others = [view for view in registry if view.name not in own]
    return sorted([*own.values(), *others], key=lambda view: (view.page.order, view.name))


def conflicts() -> list[str]:
    """One sentence for each page of a plug-in whose name one of the dashboard's own pages has."""
    own = _modules()
    return [
        f"The page {view.name!r} of a plug-in is left out: dashboard.views.{view.name} has that name; give it another one."
        for view in registry
        if view.name in own
    ]


def groups(views: Iterable[View]) -> dict[str, list[View]]:
    """The views by the heading of the navigation, each group at the place of its first page."""
    by_group: dict[str, list[View]] = {}
    for view in views:
        by_group.setdefault(view.page.group, []).append(view)
    return by_group


@functools.cache
def _modules() -> dict[str, ModuleType]:
    """The dashboard's own pages by name; the folder is read once."""
    names = [module.name for module in pkgutil.iter_modules(dashboard.views.__path__)]
    return {name: importlib.import_module(f"dashboard.views.{name}") for name in names}
