"""The trade-off: which two numbers of a model stand against each other."""

from __future__ import annotations

import pandas as pd
import pytest

from robustcore.reports.compare import measures, published_models, tradeoff

MODELS = ["published/cifar10/Standard", "published/cifar10/Hendrycks2020AugMix_WRN"]


def test_clean_against_the_mean_under_corruption() -> None:
    gathered = published_models.gather(MODELS, "cifar10")
    result = measures.bars(gathered, "accuracy")
    points = tradeoff.clean_and_corrupted(gathered, result).set_index("model")
    for model in MODELS:
        rows = gathered.rows[gathered.rows["model"] == model]
        assert points.loc[model, "x"] == rows.loc[rows["kind"] == "clean", "accuracy"].item()
        assert points.loc[model, "y"] == pytest.approx(rows.loc[rows["kind"] != "clean", "accuracy"].mean())
        assert points.loc[model, "x_low"] < points.loc[model, "x"] < points.loc[model, "x_high"]


def test_corrupted_against_attacked_takes_the_white_box_attack_of_that_budget() -> None:
    result = measures.bars(published_models.gather(MODELS, "cifar10"), "accuracy")
    curves = pd.DataFrame(
        {
            "model": [MODELS[0]] * 4,
            "attack": ["pgd", "pgd", "pgd", "fgsm"],
            "eps": [0.1, 0.2, 0.1, 0.1],
            "access": ["white-box", "white-box", "on b", "white-box"],
            "accuracy": [0.3, 0.1, 0.7, 0.5],
            "low": [0.2] * 4,
            "high": [0.8] * 4,
        }
    )
    (point,) = tradeoff.corrupted_and_attacked(result, curves, "pgd", 0.1).to_dict("records")
    assert (point["model"], point["y"]) == (MODELS[0], 0.3)
    assert point["x"] == result.means["value"][0]


def test_a_leaderboard_of_autoattack_is_one_table() -> None:
    points = tradeoff.published_autoattack("cifar10", "l2", "0.5")
    assert list(points.columns) == tradeoff.COLUMNS
    assert len(points) == 21
    assert (points["y"] <= points["x"]).all()
    groups = tradeoff.trained_on("cifar10", "l2", "0.5")
    assert set(groups) == set(points["model"])
    assert len(set(groups.values())) == 2


def test_corrupted_against_stable_and_the_published_networks_of_figure_4() -> None:
    result = measures.bars(published_models.gather(MODELS, "cifar10"), "accuracy")
    means = pd.DataFrame({"model": [MODELS[0], MODELS[1]], "flip_probability": [0.1, float("nan")]})
    (point,) = tradeoff.corrupted_and_stable(result, means).to_dict("records")
    assert (point["model"], point["y"]) == (MODELS[0], pytest.approx(0.9))
    printed = tradeoff.published_corrupted_and_stable().set_index("model")
    assert len(printed) == 7
    assert printed.loc["AlexNet", "x"] == pytest.approx(1 - 0.789, abs=5e-4)  # its mean error of appendix D
    assert printed.loc["ResNet-50", "y"] > printed.loc["AlexNet", "y"]


def test_networks_on_both_leaderboards_at_one_norm_and_radius() -> None:
    points = tradeoff.published_corrupted_and_autoattack("cifar10", "linf", "8/255").set_index("model")
    # RobustBench prints 85.32 % clean on both leaderboards of this one, and names the next one with its norm on one of them.
    assert {"Addepalli2021Towards_WRN34", "Gowal2020Uncovering_70_16"} <= set(points.index)
    assert points.loc["Standard", "y"] == 0
    assert points.index.is_unique
    assert points[["x", "y"]].notna().all().all()
    l2 = tradeoff.published_corrupted_and_autoattack("cifar10", "l2", "0.5")
    assert "Gowal2020Uncovering_70_16" not in set(l2["model"])  # its corruptions are those of the network for L-inf
    attacked = tradeoff.published_autoattack("cifar10", "l2", "0.5").set_index("model")["y"]
    assert all(attacked[row.model] == row.y for row in l2.itertuples())
