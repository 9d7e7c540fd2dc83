"""The entry script: builds the navigation and draws the chosen page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import pages
from dashboard.widgets import frame, markup, sign_in_gate, states
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
    for problem in [*plugins.failures().values(), *pages.conflicts()]:
        st.sidebar.warning(states.plain(problem), icon=":material/extension_off:")
    views = pages.views()
    entries = {
        view.name: st.Page(
            partial(frame.show, view),
            title=view.page.title,
            icon=view.page.icon,
            help=view.page.help,
            url_path=view.address if view is not views[0] else "start",
        )
        for view in views
    }
    first = views[0]

    def to_start() -> None:
        st.switch_page(entries[first.name], query_params=st.query_params.to_dict())

    # The start page answers at "/" alone; its own name leads there, keeping what the address says.
    named = st.Page(to_start, title=first.page.title, url_path=first.address, visibility="hidden")
    sections = {group: [entries[view.name] for view in members] for group, members in pages.groups(views).items()}
    sections[first.page.group].append(named)
    st.navigation(sections, expanded=True).run()


main()
