"""What a model is by its card, and how its training went."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.widgets import markup
from dashboard.widgets.markup import Markup
from robustcore.models import Card
from robustcore.training import families


def facts(name: str, card: Card) -> None:
    """The card as pairs of words; its recipe behind an expander."""
    recipe = card.recipe if isinstance(card.recipe, Mapping) else {}
    training = recipe.get("training")
    pairs = {
        "Architecture": card.architecture or "unknown",
        "Trained on": card.dataset,
        "Training": families.training_title(card),
        "Classes": f"{len(card.classes):,}",
        "Input": f"{card.side} x {card.side} pixels",
        "Starts from": training.get("start") if isinstance(training, Mapping) else None,
        "Weights": recipe.get("weights"),
        "Source": recipe.get("source"),
        "Licence": recipe.get("licence"),
    }
    parts = [Markup("<dt>{}</dt><dd>{}</dd>").format(title, str(value)) for title, value in pairs.items() if value]
    markup.html(Markup('<dl class="rc-card">{}</dl>').format(Markup().join(parts)))
    if command := recipe.get("command"):
        with st.expander("The command that trains it", icon=":material/terminal:"):
            st.code(str(command), language="shell", wrap_lines=True)
