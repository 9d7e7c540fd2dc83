"""Links to the pages that show more of a model, with it chosen."""

from __future__ import annotations

import streamlit as st

from dashboard.widgets import links

# Page -> (the key of its control that takes a model, what the link says).
PAGES = {
    "corruptions": ("corruptions_model", "Corruptions"),
    "sequences": ("sequences_model", "Stability"),
    "attack": ("attack_model", "Attack"),
    "inside": ("inside_model", "Inside"),
    "images": ("images_model", "Images"),
    "compare": ("compare_model", "Compare"),
    "detection": ("detection_model", "Detection"),
    "calibration": ("calibration_model", "Calibration"),
    "specification": ("specification_model", "Requirements"),
    "severity": ("severity_model", "Severity audit"),
    "models_and_data": ("models_model", "How it is read"),
    "evaluate": ("evaluate_model", "Evaluate"),
}


def show(model: str) -> None:
    """All of them in a row that wraps."""
    with st.container(horizontal=True, gap="xsmall", key="model_onward"):
        for view, (key, title) in PAGES.items():
            links.to(view, title, {key: model})
