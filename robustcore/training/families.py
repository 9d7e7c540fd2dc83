"""How a model was trained, as its card tells it: what people call the training, and the family that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustcore.errors import RobustcoreError
from robustcore.models import card as card_of
from robustcore.models.classifier import Card
from robustcore.training.interventions import FAMILIES, create, get, names

UNKNOWN = "unknown"


def label(card: Card) -> str:
    """The intervention with its settings; "continued" for a model that only went on from another, without any."""
    if card.intervention == "standard" and _recipe(card).get("start"):
        return "continued"
    return card.intervention or UNKNOWN


def training_title(card: Card) -> str:
    """The training as people read it: "All corruptions except flip"; the label where the card does not say how it was made."""
    recipe = _recipe(card)
    name = str(recipe.get("intervention", ""))
    if name not in names() or label(card) == "continued":
        return label(card).replace("_", " ")
    return create(name, **dict(recipe.get("settings", {}))).title


def family(card: Card) -> str:
    """A key of FAMILIES, or "unknown" for a training that is none of this package's."""
    name = str(_recipe(card).get("intervention", card.intervention))
    return get(name).family if name in names() else UNKNOWN


def by_model(models: Iterable[str]) -> dict[str, str]:
    """Model -> its family as people read it, family by family; of a model without a card here it is unknown."""
    found: dict[str, str] = {}
    for model in models:
        try:
            found[model] = family(card_of(model))
        except RobustcoreError:
            found[model] = UNKNOWN
    order = [*FAMILIES, UNKNOWN]
    return {model: title(name) for model, name in sorted(found.items(), key=lambda pair: order.index(pair[1]))}


def _recipe(card: Card) -> Mapping[str, Any]:
    found = card.recipe.get("training")
    return found if isinstance(found, Mapping) else {}


def title(family: str) -> str:
    """A family as people read it."""
    return FAMILIES.get(family, "Training unknown")
