"""What a model is by its card, and how its training went."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.widgets import figure, markup
from dashboard.widgets.markup import Markup
from robustcore.figures.training.history import training_history
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


def history(name: str, card: Card) -> None:
    """Loss and accuracy of each epoch, where the card has them."""
    table = _epochs(card)
    if table.empty:
        return
    figure.card(
        training_history(
            table, footer=f"Card of {name}.", alt=f"Accuracy of {name} on its training batches, epoch by epoch"
        ),
        key="model_history",
        title="How did the training go?",
        says="Accuracy on the training batches, as the training changes them: under attack, say; and on validation images, where "
        "it was measured. One point an epoch.",
        table=table,
        footer=f"Card of {name}.",
    )


def _epochs(card: Card) -> pd.DataFrame:
    """epoch (1 ..), loss, accuracy, validation (NaN where it was not measured); no rows where the card has none that can be
    read."""
    columns = ["epoch", "loss", "accuracy", "validation"]
    epochs: Any = card.recipe.get("history")
    if not isinstance(epochs, list):
        return pd.DataFrame(columns=columns)
    rows = [
        (place, *(float(value) for value in [*values, math.nan][:3]))
        for place, values in enumerate(epochs, start=1)
        if isinstance(values, list)
        and len(values) in (2, 3)
        and all(isinstance(value, int | float) for value in values)
    ]
    return pd.DataFrame(rows, columns=columns)
