"""The Python that makes the figure on the page: a script that runs anywhere with the same results."""

from __future__ import annotations

from pprint import pformat

from dashboard.cache import compare
from dashboard.views.compare.controls import Choice
from dashboard.views.compare.view import View
from robustcore.reports.compare import published_models
from robustcore.reports.compare.comparison import Comparison


def script(choice: Choice, found: Comparison | None, view: View) -> str:
    """From the stored results to one HTML file."""
    parts = [_gathered(choice, found) if "found" in view.body else ""]
    modules = ("answers", "baseline", "comparison", "effective", "grouping", "measures", "published_models", "tradeoff")
    text = "".join(parts) + view.body
    used = sorted(m for m in modules if f"{m}." in text)
    imports = "from pathlib import Path\n\n"
    imports += "import robustcore as rc\n" if "rc." in text else ""
    imports += "from robustcore.figures import compared, to_html\n"
    imports += "from robustcore.reports.attacks import robust_accuracy\n" if "robust_accuracy." in text else ""
    imports += f"from robustcore.reports.compare import {', '.join(used)}\n" if used else ""
    imports += "from robustcore.training import families\n\n" if "families." in text else "\n"
    end = f'Path("{view.key}.html").write_bytes(to_html(figure, title={view.title!r}))\n'
    return imports + text + end


def _gathered(choice: Choice, found: Comparison | None) -> str:
    assert found is not None
    severities = f"severities={choice.severities!r}"
    printed = [m for m in found.models if published_models.is_published(m)]
    own = [m for m in found.models if m not in printed]
    if choice.is_published:
        key = choice.dataset.removeprefix(compare.PUBLISHED)
        return f"found = published_models.gather({_list(printed)}, {key!r}, {severities})\nread = None  # published figures have no answers to draw from\n"
    lines = (
        f"dataset = rc.load_dataset({choice.dataset!r})\n"
        f"models = comparison.subjects({_list(own)}, dataset)\n"
        f"found = comparison.gather(\n    models, dataset, {list(choice.suites)!r}, {severities}, storage={choice.storage!r}, "
        f"seed={choice.seed}\n)\n"
        "read = answers.read(found, dataset)\n"
    )
    if printed:
        lines += f"found, refused = published_models.joined(found, {_list(printed)})\n"
    return lines


def _list(names: list[str]) -> str:
    return pformat(names, width=110, compact=True)
