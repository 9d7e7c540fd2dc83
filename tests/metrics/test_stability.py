"""Flip rates: ratios to a reference, undefined ones with a reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore.metrics import alexnet, stability


def test_rates_are_ratios_and_undefined_ones_say_why() -> None:
    table = pd.DataFrame({"model": "net", "name": ["rotate", "scale", "waves"], "flip_probability": [0.0655, 0.1, 0.1]})
    reference = pd.Series({**alexnet.FLIP_PROBABILITY, "scale": 0.0})
    rates = stability.normalised(table, "flip_probability", reference, rate="flip_rate")
    assert rates["flip_rate"].tolist() == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    zero, absent = rates["flip_rate_reason"][1:]
    assert rates["flip_rate_reason"][0] == ""
    assert zero
    assert absent
    assert zero != absent
    assert stability.mean_rate(rates, "flip_rate", ["rotate"]).tolist() == pytest.approx([0.5])
    assert stability.mean_rate(rates, "flip_rate", ["rotate", "tilt"]).isna().all()
