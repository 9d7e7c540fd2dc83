"""The links of the Overview: pages with values for their controls."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.views.compare import modes, severity_views
from dashboard.views.overview.model_table import Target
from dashboard.widgets import labels, links

KEY = "overview"  # of the keys of all controls on the page
FEW = 8  # models up to this number stand in an address by name
SUITES = {"Corruptions": "imagenet-c", "Attacks": "robust-accuracy", "Natural shifts": "scenes-shifts"}


def compare(dataset: str, models: Sequence[str], *, view: str, under: str = "", condition: str = "") -> Target:
    """The page Compare; it takes all evaluated models where the address names none. What its controls show stands in it."""
    address: dict[str, str | list[str]] = {"compare_view": modes.TITLES[view]}
    if under:
        address["compare_under"] = labels.pretty(under)
    if condition:
        address |= {"compare_curve": severity_views.CURVES["one"], "compare_condition": labels.pretty(condition)}
    if dataset != "scenes":
        address["compare_dataset"] = dataset
    if len(models) <= FEW:
        address["compare_model"] = list(models)
    return "compare", address


def evaluation(missing: Sequence[str], dataset: str, models: Sequence[str]) -> links.Address:
    """The page Evaluate with what is missing; `missing` has keys of `SUITES`."""
    named = {"evaluate_model": list(models)} if len(models) <= FEW else {}
    return named | {"evaluate_suite": [labels.suite(SUITES[title]) for title in missing], "evaluate_dataset": dataset}
