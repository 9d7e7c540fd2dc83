"""Corruptions: one image under every corruption, with what the model answers."""

from __future__ import annotations

from dashboard.pages import Page
from dashboard.widgets import states

PAGE = Page(
    title="Corruptions",
    icon=":material/blur_on:",
    order=20,
    question="What breaks the model's answer?",
    purpose="One image under every corruption and severity, and under each what the model says.",
    help="Pick a model and an image. Each thumbnail is exactly what an evaluation scores; wrong answers are marked. "
    "Choose a thumbnail to see it large beside the clean image.",
)


def render() -> None:
    """The page below its heading."""
    states.empty("Soon", "The grid of corruptions will stand here.")
