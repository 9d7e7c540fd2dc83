"""The calls that a figure of Compare is made of: the page runs them, and prints them as a script that runs anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import cache
from dashboard.cache import compare
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import View
from robustcore.calls import Call, Node
from robustcore.reports.compare import answers
from robustcore.reports.compare.comparison import Comparison
from robustcore.training import families as training_families


def single_answers(choice: Choice, results: Node) -> Call | None:
    """The stored answers to single images; published figures have none."""
    if choice.is_published:
        return None
    call = Call(answers.read, results, compare.dataset(choice.data), name="image_answers")
    return call.supplied_by(lambda: compare.answers(results.value, choice.data))


def families(models: Sequence[str], printed: Node | Sequence[str]) -> Call | None:
    """How the models were trained, where they are too many for a colour each; `printed` is their argument in the printed call."""
    from robustcore.figures import PALETTE

    if len(models) <= len(PALETTE):
        return None
    call = Call(training_families.by_model, printed if isinstance(printed, Node) else list(printed))
    return call.supplied_by(lambda: cache.models.families(tuple(models)))


def script(view: View, comparison: Comparison | None) -> str:
    """From the stored results to one HTML file; the conditions of the comparison, or the attacks, tell which plug-ins it needs."""
    from robustcore.figures import to_html

    html = Call(to_html, view.drawing, title=view.title)
    end = f'Path("{view.key}.html").write_bytes({html.text()})'
    names = list(view.attacks) if comparison is None else list(comparison.corrupted["name"].unique())
    head = html.preamble(names, ["from pathlib import Path"])
    return "\n".join([*head, *html.assignments(), end, ""])
