"""The categories of an atlas of overlaps as groups of a comparison's corruptions."""

from __future__ import annotations

import robustcore.corruptions as corruptions
from dashboard.cache import overlaps
from dashboard.views.compare.controls import Choice
from dashboard.widgets.condition_names import category_names
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.reports.compare import grouping as groups
from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.overlap.atlas import MEAN, Entry


def offered(choice: Choice) -> Entry | None:
    """The atlas on these data that has most of the chosen corruptions; None where none has two of them."""
    if choice.is_published:
        return None
    corruption_names = {
        name
        for suite in choice.suites
        if suite in corruptions.suites.names("corruption")
        for name in corruptions.names(suite)
    }
    best, most = None, 1
    for entry in overlaps.entries()[0]:
        if entry.dataset == choice.dataset and len(corruption_names & set(entry.corruptions)) > most:
            best, most = entry, len(corruption_names & set(entry.corruptions))
    return best


def grouping(entry: Entry) -> Grouping | None:
    """Its K-means categories by the rule, named as on the page Overlap; None where it has too few corruptions."""
    which = overlaps.key(entry, "residual", MEAN)
    try:
        categories = overlaps.categories(which, "k-means", overlaps.RULE, 0)
    except InvalidArgumentError:
        return None
    names = category_names(categories.members, overlaps.accuracies(which))
    of = {name: names[number] for number, members in categories.members.items() for name in members}
    return groups.by_category(of, list(names.values()))


def groups_of(entry: Entry) -> Note:
    """Where the groups come from."""
    return groups_are_categories(entry.architecture, entry.suite)


@note
def groups_are_categories(architecture: str, suite: str) -> str:
    return (
        f"The groups are the K-means categories, by the 0.5 rule, of the overlaps of {architecture} trained on {suite}; conditions "
        "without one are under “others”."
    )
