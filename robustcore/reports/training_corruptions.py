"""Models that are scored on a corruption that they were trained on: the protocol of ImageNet-C forbids it (Hendrycks & Dietterich, 4.3)."""

from __future__ import annotations

from collections.abc import Iterable

from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.models import card
from robustcore.notes import Note, note
from robustcore.training import families

_MOST = 3  # that are named


def trained_on_tested(models: Iterable[str], tested: Iterable[str]) -> list[Note]:
    """A note where the cards of some models name a corruption of their training that is among the tested ones.

    Args:
        models: names; of a model without a card on this machine nothing is known, and nothing said.
        tested: registered names of corruptions.
    """
    here = set(tested)
    both: list[tuple[str, tuple[str, ...]]] = []
    for model in models:
        try:
            seen = families.corruptions_in_training(card(model))
        except RobustcoreError:
            continue
        if shared := tuple(name for name in seen if name in here):
            both.append((model, shared))
    return [scored_on_corruptions_of_training(tuple(both))] if both else []


@note
def scored_on_corruptions_of_training(models: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """`models` are their names, each with the corruptions that it was trained on and is scored on."""
    parts = [f"{model} ({_listed(names)})" for model, names in models[:_MOST]]
    more = f" and {len(models) - _MOST} more" if len(models) > _MOST else ""
    return (
        f"Scored on corruptions of their own training, which the protocol of ImageNet-C forbids: {', '.join(parts)}{more}. These figures "
        "say nothing of corruptions that a model does not know."
    )


def _listed(corruptions: tuple[str, ...]) -> str:
    names = [display_name(name, "corruption", inside=True) for name in corruptions[:_MOST]]
    return ", ".join(names) + (f" and {len(corruptions) - _MOST} more" if len(corruptions) > _MOST else "")
