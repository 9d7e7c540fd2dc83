"""Which of the chosen models every view of Compare shows first, and the sentence that says so."""

from __future__ import annotations

from dashboard import cache
from dashboard.views.compare.controls import Choice
from robustcore.calls import Call, Node
from robustcore.reports import emphasis
from robustcore.reports.emphasis import Emphasis


def call(
    choice: Choice, values: Node, families: Node | None, *, better: str = "higher", column: str = "value"
) -> dict[str, Call]:
    """The argument of a figure for the models that it shows first; none where nothing has to be told apart.

    Args:
        choice: what is chosen on the page.
        values: by which models are compared: a table with model and `column`.
        families: how they were trained.
        better: whether a "higher" or a "lower" value is better.
        column: of the table.
    """
    models = list(dict.fromkeys(values.value["model"]))
    if len(models) <= emphasis.MOST and not choice.pinned:
        return {}
    further = {
        "baseline": _baseline(models),
        "pinned": list(choice.pinned),
        "everything": choice.everything,
        "better": "" if better == "higher" else better,
        "column": "" if column == "value" else column,
    }
    said = {name: value for name, value in further.items() if value}
    return {"emphasis": Call(emphasis.choose, values, families or {}, **said, name="first")}


def _baseline(models: list[str]) -> str:
    """The first model of standard training; "" where there is none."""
    return next((m for m in models if cache.models.training(m)[0] == "standard"), "")


def sentence(arguments: dict[str, Call], others: str = "grey: the others") -> str:
    """What is drawn of many models, from what `call` gave; "" where all are drawn alike.

    Args:
        arguments: of `call`.
        others: how the models are drawn that are not shown first.
    """
    chosen = arguments["emphasis"].value if "emphasis" in arguments else Emphasis()
    if not chosen.is_partial:
        return ""
    pinned = ", the pinned ones" if chosen.pinned else ""
    end = f"; {others}" if others else ""
    return f" By name: the baseline and the best of each family of trainings{pinned} ({len(chosen.first)} of {len(chosen.first) + chosen.others} models){end}."
