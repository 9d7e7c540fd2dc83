"""Addresses of the pages that other pages link to: the names of their controls, and what these show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.widgets import image_picker, labels, links
from robustcore.display import display_name
from robustcore.evaluation import Condition

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
# Radii in L-inf that the page Attack offers, in 1/255.
ATTACK_RADII = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0)
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


def attack(model: str, condition: Condition, surrogate: str = "") -> dict[str, str] | None:
    """The page Attack with a stored attack on scenes; None where the page has no control for one of its settings.

    Args:
        model: the attacked.
        condition: the attack.
        surrogate: the name of the model that it was crafted on, "" for the model itself.
    """
    settings = {name: value for name, value in condition.parameters.items() if name != "surrogate"}
    address = {
        "attack_model": model,
        "attack_from": image_picker.ORIGINS["scenes"],
        "attack_name": condition.name,
    }
    eps = settings.pop("eps", None)
    if settings:
        return None
    if eps is not None:
        if condition.norm != "linf" or not any(
            math.isclose(255 * eps, radius, rel_tol=1e-6) for radius in ATTACK_RADII
        ):
            return None
        address["attack_eps"] = f"{255 * eps:g}/255"
    return address | ({"attack_surrogate": surrogate} if surrogate else {})


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
