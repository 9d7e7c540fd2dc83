"""Residual robustness and accuracy percentage preserved: accuracy under a condition against clean accuracy.

Both reward a model that is bad from the start: an untrained model loses nothing. Clean accuracy stands beside them in
every result, and models whose clean accuracies differ much are not comparable by them, which the result's notes say.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustcore.metrics.accuracies import reasons, with_clean

# Clean accuracies further apart than this are called not comparable.
COMPARABLE = 0.05


def app(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracy percentage preserved: accuracy under the condition over clean accuracy (Laugros' thesis, equation 2.2).

    Args:
        table: tidy, with the clean rows in it.

    Returns:
        The table with columns clean_accuracy and app, 0 .. 1 (it can exceed 1), higher is better; NaN with a reason where
        the clean accuracy is 0 or missing. `attrs["notes"]` says what should be said beside it.
    """
    found = with_clean(table)
    clean = found["clean_accuracy"]
    found["app"] = (found["accuracy"] / clean.where(clean > 0)).astype(float)
    found["reason"] = reasons(found, [(clean == 0, "the clean accuracy is 0"), *_missing(found)])
    found.attrs = {**table.attrs, "notes": _notes(found)}
    return found


def residual(table: pd.DataFrame) -> pd.DataFrame:
    """Residual robustness: clean accuracy less accuracy under the condition (Laugros' thesis, equation 2.1).

    Args:
        table: tidy, with the clean rows in it.

    Returns:
        The table with columns clean_accuracy and residual, at most the clean accuracy, lower is better; NaN with a reason
        where the clean accuracy is missing. `attrs["notes"]` says what should be said beside it.
    """
    found = with_clean(table)
    found["residual"] = (found["clean_accuracy"] - found["accuracy"]).astype(float)
    found["reason"] = reasons(found, _missing(found))
    found.attrs = {**table.attrs, "notes": _notes(found)}
    return found


def _missing(table: pd.DataFrame) -> list[tuple[pd.Series, str]]:
    return [
        (table["clean_accuracy"].isna(), "the clean accuracy is missing"),
        (table["accuracy"].isna(), "not evaluated"),
    ]


def _notes(table: pd.DataFrame) -> list[str]:
    """What a reader has to know before comparing models."""
    notes = []
    for dataset, group in table.groupby("dataset"):
        clean = group.groupby("model")["clean_accuracy"].first().dropna()
        if len(clean) > 1 and np.ptp(clean.to_numpy(float)) > COMPARABLE:
            notes.append(
                f"On {dataset} the clean accuracies differ by {100 * np.ptp(clean.to_numpy(float)):.0f} points "
                f"({clean.idxmin()} {clean.min():.1%}, {clean.idxmax()} {clean.max():.1%}), more than the {100 * COMPARABLE:.0f} "
                "up to which they count as comparable here: compare the models by accuracy, not by what they preserve."
            )
    return notes
