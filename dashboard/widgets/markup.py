"""Our own markup on a page, with a click that Python hears: one Streamlit component, used by grids, strips and panels.

Streamlit's `st.html` drops what would report a click, and an image widget for each thumbnail costs over a second for
ninety-five of them. The component takes ready markup; whatever in it carries `data-pick="x"` reports x when it is clicked
or activated by the keyboard; a link that carries it stays in the app. Callers escape every text that goes in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).resolve().parent
_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".rc-root");
  if (root.rcMarkup !== data.markup) {
    root.innerHTML = data.markup;
    root.rcMarkup = data.markup;
  }
  const lead = () => {
    const panel = data.leads_to && document.querySelector(`.st-key-${data.leads_to}`);
    if (panel && window.innerWidth <= 1100) panel.scrollIntoView({ behavior: "smooth" });
  };
  if (data.arrives && root.rcArrived && root.rcArrived !== data.arrives) lead();
  root.rcArrived = data.arrives;
  root.onclick = (event) => {
    const target = event.target.closest("[data-pick]");
    if (!target) return;
    if (target.href) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a tab or window of its own
      event.preventDefault();
    }
    setTriggerValue("picked", target.dataset.pick);
    lead();
  };
}
"""


_component = st.components.v2.component(
    "robustcore_markup",
    html='<div class="rc-root"></div>',
    css=(_HERE / "markup.css").read_text(),
    js=_JS,
    isolate_styles=False,
)


def show(
    markup: str, *, key: str, on_pick: Callable[[str], None] | None = None, leads_to: str = "", arrives: str = ""
) -> None:
    """Show markup; `on_pick` gets the `data-pick` of what is clicked, before the next run of the page.

    On narrow screens a click scrolls to the container with the key `leads_to`; and so does another value of `arrives`, for
    something that was chosen elsewhere on the page.
    """

    def picked() -> None:
        value = st.session_state[key].picked
        if on_pick is not None and isinstance(value, str):
            on_pick(value)

    _component(data={"markup": markup, "leads_to": leads_to, "arrives": arrives}, key=key, on_picked_change=picked)
