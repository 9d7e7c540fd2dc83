"""Models that are scored on a corruption that they were trained on: the protocol of ImageNet-C forbids it (Hendrycks & Dietterich, 4.3)."""

from __future__ import annotations

from collections.abc import Iterable

from robustcore import corruptions
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
        tested: registered names of corruptions. One of the same plain name in another suite, with other constants, counts too:
            the thesis' Gaussian noise is no unknown corruption to a model that was trained on ImageNet-C's.
    """
    here = {_plain(name) for name in tested}
    both: list[tuple[str, tuple[str, ...]]] = []
    for model in models:
        try:
            seen = families.corruptions_in_training(card(model))
        except RobustcoreError:
            continue
        if shared := tuple(name for name in seen if _plain(name) in here):
            both.append((model, shared))
    return [scored_on_corruptions_of_training(tuple(both))] if both else []


def _plain(name: str) -> str:
    return corruptions.get(name).plain_name if name in corruptions.names() else name


@note
def scored_on_corruptions_of_training(models: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """`models` are their names, each with the corruptions of its training that are tested, in this or in another form."""
    parts = [f"{model} ({_listed(names)})" for model, names in models[:_MOST]]
    more = f" and {len(models) - _MOST} more" if len(models) > _MOST else ""
    return (
        f"Scored on corruptions of their own training, which the protocol of ImageNet-C forbids: {', '.join(parts)}{more}. These figures "
        "say nothing of corruptions that a model does not know."
    )


def _listed(names: tuple[str, ...]) -> str:
    listed = [display_name(name, "corruption", inside=True) for name in names[:_MOST]]
    return ", ".join(listed) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
