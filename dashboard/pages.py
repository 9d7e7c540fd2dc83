"""The pages of the dashboard: each module of `dashboard.views` with a PAGE and a `render`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

import dashboard.views
from robustcore.pages import Page, View

__all__ = ["Page", "View", "groups", "views"]


def views() -> list[View]:
    """Every view, in the order of the navigation."""
    modules = {m.name: importlib.import_module(f"dashboard.views.{m.name}") for m in _modules()}
    return sorted(
        (View(name, module.PAGE, module.render) for name, module in modules.items()),
        key=lambda view: (view.page.order, view.name),
    )


def groups(views: Iterable[View]) -> dict[str, list[View]]:
    """The views by the heading of the navigation, each group at the place of its first page."""
    by_group: dict[str, list[View]] = {}
    for view in views:
        by_group.setdefault(view.page.group, []).append(view)
    return by_group


def _modules() -> Iterable[pkgutil.ModuleInfo]:
    return pkgutil.iter_modules(dashboard.views.__path__)
