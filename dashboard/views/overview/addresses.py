"""The links of the Overview: pages with values for their controls."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.cache.datasets import SCENES, Data
from dashboard.views.overview.model_table import Target
from dashboard.widgets import addresses, links

KEY = "overview"  # of the keys of all controls on the page
FEW = 8  # models up to this number stand in an address by name
SUITES = {"Corruptions": "imagenet-c", "Attacks": "robust-accuracy", "Natural shifts": "scenes-shifts"}


def compare(data: Data, models: Sequence[str], *, view: str, under: str = "", condition: str = "") -> Target:
    """The page Compare; it takes all evaluated models where the address names none."""
    named = models if len(models) <= FEW else ()
    other = "" if data == SCENES else data.name
    return "compare", addresses.compare(named, other, split=data.split, view=view, under=under, condition=condition)


def evaluation(missing: Sequence[str], data: Data, models: Sequence[str]) -> links.Address:
    """The page Evaluate with what is missing; `missing` has keys of `SUITES`."""
    named = models if len(models) <= FEW else ()
    return addresses.evaluate(named, data.name, [SUITES[title] for title in missing], split=data.split)
