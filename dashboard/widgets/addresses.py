"""Addresses of the pages that other pages link to: the names of their controls, and what these show."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.widgets import labels, links
from robustcore.display import display_name

# What the controls of Compare show, by name: the address of a page has what its controls show.
COMPARE_VIEWS = {
    "ranking": "Ranking",
    "ranks": "Ranks",
    "corruptions": "Corruptions",
    "baseline": "Better or worse",
    "pair": "Two models",
    "parts": "Designed for it?",
    "heatmap": "Heatmap",
    "classes": "Classes",
    "severities": "Severities",
    "ratios": "Error ratios",
    "tradeoff": "Trade-off",
    "trend": "Trend line",
    "attacks": "Attacks",
    "documents": "Documents",
}
COMPARE_CURVES = {"mean": "Mean over the corruptions", "one": "One corruption", "all": "Each corruption"}


def compare(
    models: Sequence[str] = (),
    dataset: str = "",
    suites: Sequence[str] = (),
    *,
    split: str = "",
    view: str = "",
    under: str = "",
    condition: str = "",
    seed: int | None = None,
    storage: str = "",
) -> links.Address:
    """Compare with what is named; what is left out is as the page begins.

    Args:
        models, dataset, suites, split, seed, storage: what is compared.
        view: a key of `COMPARE_VIEWS`.
        under: a corruption that the ranking is under.
        condition: a corruption whose curve is drawn.
    """
    address = _evaluation("compare", models, dataset, suites, split, seed, storage)
    if view:
        address["compare_view"] = COMPARE_VIEWS[view]
    if under:
        address["compare_under"] = display_name(under)
    if condition:
        address |= {"compare_curve": COMPARE_CURVES["one"], "compare_condition": display_name(condition)}
    return address


def evaluate(
    models: Sequence[str] = (),
    dataset: str = "",
    suites: Sequence[str] = (),
    *,
    split: str = "",
    seed: int | None = None,
    storage: str = "",
) -> links.Address:
    """Evaluate with what is named; what is left out is as the page begins."""
    return _evaluation("evaluate", models, dataset, suites, split, seed, storage)


def _evaluation(
    page: str,
    models: Sequence[str],
    dataset: str,
    suites: Sequence[str],
    split: str,
    seed: int | None,
    storage: str,
) -> dict[str, str | Sequence[str]]:
    values: dict[str, str | Sequence[str]] = {
        "model": list(models),
        "dataset": dataset,
        "split": split,
        "suite": [labels.suite(name) for name in suites],
        "seed": "" if seed is None else str(seed),
        "storage": labels.storage(storage) if storage else "",
    }
    return {f"{page}_{key}": value for key, value in values.items() if value}
