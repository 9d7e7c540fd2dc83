"""Our own markup on a page, with a click that Python hears: one Streamlit component, used by grids, strips and panels.

Streamlit's `st.html` drops what would report a click, and an image widget for each thumbnail costs over a second for
ninety-five of them. Whatever in the markup carries `data-pick="x"` reports x when it is clicked or activated by the
keyboard; a link that carries it stays in the app. What carries `data-copy="said"` copies the page's address, and says so.
With the first of it on a page, every choice of a person becomes a step of the browser's history.

No other module hands markup to Streamlit. `Markup("<b>{}</b>").format(name)` escapes what it is filled with, and a text
that is no `Markup` is shown as it reads, so that a name can never become a tag.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from markupsafe import Markup, escape

from dashboard import theme

__all__ = ["Markup", "html", "show", "style_sheet"]
_HERE = Path(__file__).resolve().parent


_component = st.components.v2.component(
    "robustcore_markup",
    html='<div class="rc-root"></div>',
    css=(_HERE / "markup.css").read_text(),
    js=(_HERE / "markup.js").read_text(),
    isolate_styles=False,
)


def html(markup: Markup) -> None:
    """Show markup that nobody clicks."""
    st.html(escape(markup))


def style_sheet(file: Path) -> None:
    """Apply one of the dashboard's own style sheets to the page, and the theme's colours to `html`."""
    st.html(file)
    st.html(Markup("<style>{}</style>").format(theme.variables()))


def show(
    markup: Markup, *, key: str, on_pick: Callable[[str], None] | None = None, leads_to: str = "", arrives: str = ""
) -> None:
    """Show markup; `on_pick` gets the `data-pick` of what is clicked, before the next run of the page.

    On narrow screens a click scrolls to the container with the key `leads_to`; and so does another value of `arrives`, for
    something that was chosen elsewhere on the page.
    """

    def picked() -> None:
        value = st.session_state[key].picked
        if on_pick is not None and isinstance(value, str):
            on_pick(value)

    _component(
        data={"markup": str(escape(markup)), "leads_to": leads_to, "arrives": arrives}, key=key, on_picked_change=picked
    )
