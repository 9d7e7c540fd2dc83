"""What a promise says, in sentences: each a note with the corruptions, attacks and overlaps that it names."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.display import display_name
from robustcore.notes import note
from robustcore.reports.overlap import atlas

CLOSE = 0.5  # the least overlap with a required corruption that counts as covered
_NAMED, _WITH_INTERVALS = 8, 4  # corruptions in a sentence


@note
def required_alone(corruptions: tuple[str, ...]) -> str:
    return f"Rows of their own about {_listed(corruptions)}."


@note
def required_on_average(corruptions: tuple[str, ...]) -> str:
    return f"On average only, where one may fail unseen: {_listed(corruptions)}."


@note
def required_attacks(attacks: tuple[str, ...]) -> str:
    return (
        f"Attacks: {', '.join(display_name(name, 'attack') for name in attacks)}, at these budgets and with no others."
    )


@note
def required_shifts(shifts: tuple[str, ...]) -> str:
    return f"Natural shifts: {', '.join(display_name(name, 'shift', inside=True) for name in shifts)}."


@note
def required_sequences(sequences: tuple[str, ...]) -> str:
    return f"Stability over sequences: {', '.join(display_name(name, inside=True) for name in sequences)}."


@note
def covered_by_overlap(covered: tuple[tuple[str, str, float, float, float], ...]) -> str:
    """`covered` are (corruption, the required one that covers it, overlap, its ends)."""
    return f"By overlap, with its 95 % interval: {_overlapping(covered)}."


@note
def some_evidence_by_overlap(corruptions: tuple[tuple[str, str, float, float, float], ...]) -> str:
    """`corruptions` as for `covered_by_overlap`, with an overlap below `CLOSE`."""
    return f"By overlaps below {CLOSE:g}, with their 95 % intervals: {_overlapping(corruptions)}."


@note
def not_covered(corruptions: tuple[tuple[str, str, float, float, float], ...]) -> str:
    return f"No corruption with a row of its own overlaps with {_listed(tuple(row[0] for row in corruptions))}."


@note
def categories_without_a_row(categories: tuple[str, ...], of_all: int) -> str:
    have = "has" if len(categories) == 1 else "have"
    return (
        f"{len(categories)} of {of_all} categories {have} no corruption with a row of its own: {'; '.join(categories)}."
    )


@note
def not_beyond_the_images(dataset: str) -> str:
    return f"Anything about other images than {dataset}, or about stronger corruptions than the rows name."


@note
def no_row_about(kind: str) -> str:
    what = {"attack": "attacks", "shift": "natural shifts", "sequence": "stability over sequences"}[kind]
    return f"No row is about {what}: there is no evidence on them."


@note
def undecided_overlaps(corruptions: tuple[str, ...]) -> str:
    return f"Overlaps that are undefined or too uncertain: {_listed(corruptions)}."


@note
def nothing_about_others() -> str:
    return "Whether the required corruptions say anything about others."


@note
def cheapest_row(corruption: str, adds: int, images: int) -> str:
    more = "" if adds == 1 else f" and {adds - 1} more that it overlaps with"
    return f"Cheapest row to add: {_name(corruption)} at one severity ({images:,} images) covers it{more}."


@note
def by_the_atlas(suite: str, architecture: str, corruptions: int, undefined: int) -> str:
    return (
        f"Overlaps of {architecture} trained on {atlas.suite_title(suite)} ({corruptions} corruptions, {undefined} without defined "
        "overlaps), residual robustness; other architectures may overlap otherwise."
    )


@note
def no_atlas_for(dataset: str) -> str:
    return f"No atlas of overlaps on {dataset} has the required corruptions: robustcore overlap computes one."


def _name(name: str) -> str:
    return display_name(name, "corruption", inside=True, suite=True)


def _overlapping(rows: Sequence[tuple[str, str, float, float, float]]) -> str:
    each = [
        f"{_name(name)} by {_name(by)} ({value:.2f}, {low:.2f} to {high:.2f})"
        for name, by, value, low, high in rows[:_WITH_INTERVALS]
    ]
    return ", ".join(each) + (f" and {len(rows) - _WITH_INTERVALS} more" if len(rows) > _WITH_INTERVALS else "")


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(_name(name) for name in names[:_NAMED])
    return few + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
