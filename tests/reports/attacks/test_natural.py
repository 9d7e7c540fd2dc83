"""Robustness to attacks against robustness to natural shifts, over models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import robustcore as rc
from robustcore.atlas import populations
from robustcore.evaluation import Condition, Store, api
from robustcore.reports.attacks import natural

MODELS = ["scenes/resnet-standard", "scenes/resnet-pgd", "scenes/vgg-standard"]


def test_shipped_results_are_correlated_attack_by_attack() -> None:
    with Store(shipped=True) as store:
        data = rc.load_dataset("scenes")
        models = [subject for subject in api.stored_subjects(data, store) if subject.name in MODELS]
        shifts = [Condition("shift", "scenes/sketch"), Condition("shift", "scenes/rendition")]
        attacks = [Condition("attack", "pgd", params=(("eps", eps),)) for eps in (1 / 255, 2 / 255)]
        attacked = natural.robustness(models, data, attacks, limit=240, store=store)
        shifted = natural.robustness(models, data, shifts, store=store)
        table = natural.correlations(models, data, shifts=shifts, store=store)
    assert list(attacked.index) == list(shifted.index) == sorted(MODELS)
    one = table[(table["surrogate"] == "") & (table["attack"] == "PGD, 1/255")].set_index("shift")
    key = populations.attack_key("pgd", '{"eps": 0.00392156862745098}')
    for shift in ("scenes/sketch", "scenes/rendition"):
        assert one.loc[shift, "r"] == pytest.approx(np.corrcoef(attacked[key], shifted[shift])[0, 1])
    mean = shifted.mean(axis=1)
    assert one.loc[natural.MEAN, "r"] == pytest.approx(np.corrcoef(attacked[key], mean)[0, 1])
    assert set(table["models"]) <= {2, 3}  # a model that others are attacked with is not its own black-box judge
    drawn = natural.crafted(table, "")
    assert list(drawn["name"])[:3] == ["scenes/rendition", "scenes/sketch", natural.MEAN]
    assert "PGD, 255/255" not in set(drawn["model"])
    assert natural.few_models(3) is not None
    assert natural.few_models(43) is None


def test_the_mean_correlation_leaves_out_what_is_the_same_for_all_models() -> None:
    attacked = pd.DataFrame({"one": [0.1, 0.2, 0.3, 0.4], "all broken": [0.9] * 4})
    shifted = pd.DataFrame({"sketch": [0.2, 0.4, 0.6, 0.8], "turned": [0.8, 0.6, 0.4, 0.2]})
    value, drawn = natural.mean_correlation(attacked, shifted[["sketch"]], draws=20)
    assert value == pytest.approx(1)
    assert np.nanmin(drawn) == pytest.approx(1)
    assert natural.mean_correlation(attacked, shifted, draws=2)[0] == pytest.approx(0)
