"""Flip rates: ratios to a reference, undefined ones with a reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore import metrics
from robustcore.metrics import alexnet, stability, tables


def test_rates_are_ratios_and_undefined_ones_say_why() -> None:
    names = ["rotate", "scale", "waves"]
    rows = pd.DataFrame({"model": "net", "name": names, "flip_probability": [0.0655, 0.1, 0.1]})
    rows["reference_flip_probability"] = [alexnet.flip_probability("rotate"), 0.0, np.nan]
    rates, (none, zero, absent) = tables.valued(metrics.get("flip_rate"), rows, "the reference")
    assert rates.tolist() == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert none == ""
    assert zero
    assert absent
    assert zero != absent
    table = rows.assign(flip_rate=rates)
    assert stability.mean_rate(table, "flip_rate", ["rotate"]).tolist() == pytest.approx([0.5])
    assert stability.mean_rate(table, "flip_rate", ["rotate", "tilt"]).isna().all()
