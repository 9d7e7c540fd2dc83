"""A button that saves a comparison as a report: one HTML file that opens without a server or a network."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache
from dashboard.cache.compare import PUBLISHED
from dashboard.cache.datasets import Data
from robustcore.corruptions import SEVERITIES


def button(
    models: Sequence[str],
    data: Data,
    suites: Sequence[str] = ("imagenet-c",),
    *,
    key: str,
    severities: Sequence[int] = SEVERITIES,
    storage: str = "memory",
    seed: int = 0,
    reference: str = "",
) -> None:
    """Draw the button; the file is written when it is pressed. Published models and suites as `document.gather` takes them."""

    def write() -> bytes:
        from robustcore.figures.document import to_html
        from robustcore.reports.compare import document

        return to_html(
            document.gather(
                list(models),
                data.name,
                list(suites),
                images=None if data.name.startswith(PUBLISHED) else cache.datasets.evaluated_dataset(data),
                severities=severities,
                storage=storage,
                seed=seed,
                reference=reference,
            )
        )

    st.download_button(
        "Save a report",
        write,
        file_name="robustcore-report.html",
        mime="text/html",
        key=f"report-{key}",
        icon=":material/description:",
        on_click="ignore",
        disabled=not models,
        help="One HTML file of these models: what one learns, tables, figures, how to read them, and the evidence. It opens "
        "without a server or a network.",
    )
