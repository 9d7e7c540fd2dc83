"""A model's training according to its card: its label, and its family of interventions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustcore.display import display_name
from robustcore.errors import ModelError, RobustcoreError
from robustcore.models import card as card_of
from robustcore.models.classifier import Card
from robustcore.training.interventions import FAMILIES, create, get, is_known, names, parts

UNKNOWN = "unknown"


def label(card: Card) -> str:
    """The intervention with its settings; "continued" for a model that was only trained further, without one."""
    if card.intervention == "standard" and _recipe(card).get("start"):
        return "continued"
    return card.intervention or UNKNOWN


def training_title(card: Card) -> str:
    """The training as people read it: "All corruptions except flip"; the label where the card does not say how it was made."""
    recipe = _recipe(card)
    name = str(recipe.get("intervention", ""))
    if label(card) == "continued":
        return "Standard training, continued"
    if not is_known(name):
        return get(label(card)).plain_title if label(card) in names() else label(card).replace("_", " ")
    return create(name, **_settings(recipe)).title


def model_title(card: Card) -> str:
    """A model as people call it: "All corruptions except flip (ResNet, scenes)"; its name where its card has no training."""
    if not _recipe(card):
        return card.name
    title = training_title(card)
    parts = [display_name(card.architecture.rpartition("/")[2]), card.dataset]
    return f"{title} ({', '.join(part for part in parts if part)})"


def corruptions_in_training(card: Card) -> tuple[str, ...]:
    """The registered corruptions that the model's card says it was trained on; () where it does not say."""
    recipe = _recipe(card)
    name = str(recipe.get("intervention", ""))
    if not is_known(name):
        return ()
    return create(name, **_settings(recipe)).corruptions


def family(card: Card) -> str:
    """A key of FAMILIES, or "unknown" for an intervention that is not registered."""
    name = str(_recipe(card).get("intervention", card.intervention))
    return get(parts(name)[0]).family if is_known(name) else UNKNOWN


def by_model(models: Iterable[str]) -> dict[str, str]:
    """Model -> its family's title, sorted by family; unknown for a model without a card on this machine."""
    families: dict[str, str] = {}
    for model in models:
        try:
            families[model] = family(card_of(model))
        except RobustcoreError:
            families[model] = UNKNOWN
    order = [*FAMILIES, UNKNOWN]
    return {model: title(name) for model, name in sorted(families.items(), key=lambda pair: order.index(pair[1]))}


def without_intervention(model: str) -> bool:
    """Whether a model is known to be trained without any intervention; False for one without a card on this machine."""
    try:
        return card_of(model).intervention == "standard"
    except RobustcoreError:
        return False


def controls(cards: Mapping[str, Card]) -> dict[str, str]:
    """Model -> the one that went on from the same weights for as many images without an intervention ("continued"): the fair
    control, since it was trained for as long. Models without one, and the controls themselves, are left out.

    Args:
        cards: model -> its card.
    """
    fair: dict[tuple[str, ...], str] = {}
    for model, card in cards.items():
        if label(card) == "continued":
            fair.setdefault(_budget(card), model)
    matched = {model: fair[_budget(card)] for model, card in cards.items() if _budget(card) in fair}
    return {model: control for model, control in matched.items() if label(cards[model]) != "continued"}


def _budget(card: Card) -> tuple[str, ...]:
    """What a further training starts from, on which images, and for how many epochs as long as those on the images alone."""
    recipe = _recipe(card)
    name, epochs = str(recipe.get("intervention", "")), recipe.get("epochs")
    if isinstance(epochs, int) and is_known(name):
        epochs *= create(name, **_settings(recipe)).growth
    return *(str(recipe.get(field)) for field in ("model", "start", "dataset", "limit")), str(epochs)


def _recipe(card: Card) -> Mapping[str, Any]:
    training = card.recipe.get("training")
    return training if isinstance(training, Mapping) else {}


def _settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The intervention's settings; a card may come from anywhere."""
    settings = recipe.get("settings", {})
    if not isinstance(settings, Mapping):
        raise ModelError("The model's card cannot be read: its training has no table of settings.")
    return dict(settings)


def title(family: str) -> str:
    """A family's title."""
    return FAMILIES.get(family, "Training unknown")
