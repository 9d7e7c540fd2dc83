"""The calls that a figure of Compare is made of: the page runs them, and prints them as a script that runs anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import cache
from dashboard.cache import compare
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import View
from robustcore.calls import Call, Item, Node
from robustcore.datasets import load_dataset
from robustcore.reports.compare import answers, published_models
from robustcore.reports.compare import comparison as comparisons
from robustcore.reports.compare.comparison import Comparison
from robustcore.training import families as training_families


def dataset(choice: Choice) -> Call:
    """The dataset of the results."""
    return Call(load_dataset, choice.dataset, name="dataset").supplied_by(lambda: cache.dataset(choice.dataset))


def comparison(choice: Choice, found: Comparison) -> Node:
    """The stored results that were chosen; the page has read them already."""
    published = [m for m in found.models if published_models.is_published(m)]
    if choice.is_published:
        key = choice.dataset.removeprefix(compare.PUBLISHED)
        call = Call(published_models.gather, published, key, severities=tuple(choice.severities), name="found")
        return call.supplied_by(lambda: found)
    images = dataset(choice)
    own = [m for m in found.models if m not in published]
    gathered = Call(
        comparisons.gather,
        Call(comparisons.subjects, own, images, name="models"),
        images,
        list(choice.suites),
        severities=tuple(choice.severities),
        storage=choice.storage,
        seed=choice.seed,
        name="evaluated" if published else "found",
    )
    if not published:
        return gathered.supplied_by(lambda: found)
    return Item(Call(published_models.joined, gathered, published), 0, name="found").supplied_by(lambda: found)


def single_answers(choice: Choice, results: Node) -> Call | None:
    """The stored answers to single images; published figures have none."""
    if choice.is_published:
        return None
    call = Call(answers.read, results, dataset(choice), name="read")
    return call.supplied_by(lambda: compare.answers(results.value, choice.dataset))


def families(models: Sequence[str], shown: Node | Sequence[str]) -> Call | None:
    """How the models were trained, where they are too many for a colour each; `shown` is what is printed for them."""
    from robustcore.figures import PALETTE

    if len(models) <= len(PALETTE):
        return None
    call = Call(training_families.by_model, shown if isinstance(shown, Node) else list(shown))
    return call.supplied_by(lambda: cache.families(tuple(models)))


def script(view: View) -> str:
    """From the stored results to one HTML file."""
    from robustcore.figures import to_html

    html = Call(to_html, view.drawing, title=view.title)
    end = f'Path("{view.key}.html").write_bytes({html.text()})'
    return "\n".join(["from pathlib import Path", "", *html.imports(), "", *html.assignments(), end, ""])
