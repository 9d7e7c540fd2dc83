"""How a training went, epoch by epoch: of a finished model by its card, of a running training by what it has kept so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.widgets import figure
from robustcore.figures.training.history import training_history


def show(name: str, epochs: Any, *, key: str, source: str) -> None:
    """Accuracy of each epoch; nothing where there are none that can be read.

    Args:
        name: the model's.
        epochs: of each epoch the mean loss, the accuracy on the training batches, and the validation accuracy where it was measured.
        key: unique on the page.
        source: where the figures come from, a sentence.
    """
    table = _table(epochs)
    if table.empty:
        return
    figure.card(
        training_history(table, footer=source, alt=f"Accuracy of {name} on its training batches, epoch by epoch"),
        key=key,
        title="How did the training go?",
        says="Accuracy on the training batches, as the training changes them: under attack, say; and on validation images, where "
        "it was measured. One point an epoch.",
        table=table,
        footer=source,
    )


def _table(epochs: Any) -> pd.DataFrame:
    """epoch (1 ..), loss, accuracy, validation (NaN where it was not measured); no rows where there are none that can be
    read."""
    columns = ["epoch", "loss", "accuracy", "validation"]
    if not isinstance(epochs, Sequence):
        return pd.DataFrame(columns=columns)
    rows = [
        (place, *(float(value) for value in [*values, math.nan][:3]))
        for place, values in enumerate(epochs, start=1)
        if isinstance(values, (list, tuple))
        and len(values) in (2, 3)
        and all(isinstance(value, int | float) for value in values)
    ]
    return pd.DataFrame(rows, columns=columns)
