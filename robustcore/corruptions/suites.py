"""Suites: named lists of conditions, as their titles, their order and what is in them.

The suites of corruptions are here; those of sequences, attacks and natural shifts register where these are defined.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from robustcore.corruptions.families import LAST
from robustcore.registry import Registry

NO_SUITE = "no-suite"  # of the corruptions that belong to none


@dataclasses.dataclass(frozen=True)
class SuiteFacts:
    """What is known of a suite without its conditions.

    Attributes:
        name: registry key.
        title: for people.
        description: what it is for, one sentence.
        order: its place among the suites; of those with the same, the names decide.
        kind: "corruption", "sequence", "attack" or "shift"; "mixed" where it has conditions of several kinds, or conditions
            at severities of their own.
        conditions: () -> its conditions, open ones among them. None where its members name it themselves, as corruptions
            and sequences do.
    """

    name: str
    title: str
    description: str
    order: int
    kind: str
    conditions: Callable[[], Sequence[Any]] | None


registry: Registry[SuiteFacts] = Registry("suite")


def register(
    name: str,
    *,
    title: str,
    description: str,
    order: int = LAST,
    kind: str = "corruption",
    conditions: Callable[[], Sequence[Any]] | None = None,
) -> SuiteFacts:
    """Register a suite. One of corruptions or of sequences needs no conditions: what names it is in it."""
    return registry.add(name, SuiteFacts(name, title, description, order, kind, conditions))


def names(kind: str | None = None) -> list[str]:
    """The names of the suites, or of those of one kind, in their order."""
    chosen = [each for each in registry if kind in (None, each.kind)]
    return [each.name for each in sorted(chosen, key=lambda each: (each.order, each.name))]


def title(name: str) -> str:
    """A suite's title; a name that is none stays as it is."""
    return registry[name].title if name in registry else name


register(
    "imagenet-c",
    title="ImageNet-C",
    order=10,
    description="The 15 corruptions of ImageNet-C (Hendrycks & Dietterich 2019), five severities.",
)
register(
    "imagenet-c-extra",
    title="ImageNet-C extra",
    order=20,
    description="The 4 validation corruptions of ImageNet-C, five severities.",
)
register(
    "laugros",
    title="Laugros",
    order=30,
    description="The corruptions of Laugros' thesis (figures 3.2 and 4.3), strengths drawn uniformly in their ranges.",
)
register(
    "candidates-40",
    title="40 candidates",
    order=40,
    description="The 40 candidate corruptions of Laugros' thesis (table 4.2).",
)
register(
    "syn2nat",
    title="syn2nat",
    order=50,
    description="The 18 candidates that Laugros' thesis selects to predict robustness to natural shifts (4.3.5).",
)
register(
    "candidates-scenes",
    title="Candidates, calibrated for scenes",
    order=60,
    description="The 40 candidates with strengths calibrated for scenes (rule of Laugros' thesis, section 3.2.2).",
)
register(
    "laugros-scenes",
    title="Laugros, calibrated for scenes",
    order=70,
    description="The ten corruptions of Laugros' thesis (figure 3.2) with ranges calibrated for scenes (section 3.2.2).",
)
register(
    "imagenet-c-scenes",
    title="ImageNet-C, calibrated for scenes",
    order=80,
    description="The 15 corruptions of ImageNet-C, five severities calibrated for scenes: not the published ones.",
)
register(NO_SUITE, title="In no suite", order=LAST + 1, description="The corruptions that belong to no suite.")
