"""The entry script: builds the navigation and draws the chosen page."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import pages
from dashboard.session import permissions
from dashboard.widgets import frame, markup, sign_in_gate, states
from dashboard.widgets.kept import saved_views
from robustcore import plugins

HERE = Path(__file__).resolve().parent


def main() -> None:
    st.set_page_config(
        page_icon=str(HERE / "assets" / "icon.png"),
        layout="wide",
        menu_items={
            "About": "**robustcore**: what breaks image classifiers, and what fixes it. Runs on this machine only."
        },
    )
    markup.style_sheet(HERE / "widgets" / "style.css")
    st.logo(str(HERE / "assets" / "logo.png"), icon_image=str(HERE / "assets" / "icon.png"), size="large")
    sign_in_gate.show()
    for problem in _plugin_problems():
        st.sidebar.warning(states.plain(problem), icon=":material/extension_off:")
    views = pages.views()
    entries = {
        view.name: st.Page(
            partial(frame.show, view, saved_views.button),
            title=view.page.title,
            icon=view.page.icon,
            help=view.page.help,
            url_path=view.address if view is not views[0] else "start",
            visibility="visible" if view.page.listed else "hidden",
        )
        for view in views
    }
    sections = {group: [entries[view.name] for view in members] for group, members in pages.groups(views).items()}
    # The start page answers at "/" alone; its name, and every former address, lead to the page, keeping what the address says.
    for view in views:
        known = {"start"} if view is views[0] else {view.address}
        for former in sorted({view.address, view.own_address} - known):
            lead = partial(_lead_to, entries[view.name])
            sections[view.page.group].append(st.Page(lead, title=view.page.title, url_path=former, visibility="hidden"))
    st.navigation(sections, expanded=True).run()


def _plugin_problems() -> list[str]:
    """A sentence for each plug-in that failed; visitors of a read-only dashboard are told no paths and no reasons."""
    if not permissions.read_only():
        return [*plugins.failures().values(), *pages.conflicts()]
    failed = [f"The plug-in {os.path.basename(name)} could not be loaded." for name in plugins.failures()]
    return [*failed, *pages.conflicts()]


def _lead_to(page: st.Page) -> None:
    st.switch_page(page, query_params={key: st.query_params.get_all(key) for key in st.query_params})


main()
