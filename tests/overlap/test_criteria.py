"""Tables 4.4 and 4.5 and the difference of two groups: by hand, against a plain loop, and on worlds with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from robustcore.atlas import populations
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks, criteria
from tests.overlap import synthetic

SIX = {letter: [f"{letter}{i}" for i in range(4)] for letter in "abcdef"}
LABELS = {name: number for number, members in enumerate(SIX.values(), start=1) for name in members}


@pytest.fixture(scope="module")
def models() -> populations.Population:
    return populations.gather({"models": synthetic.evaluated(SIX, models=40, own=0.15)})


def test_more_categories_and_more_of_each_predict_a_shift_that_has_all_of_them(models: populations.Population) -> None:
    result = criteria.by_couple(LABELS, models.synthetic, models.natural, count=300)
    mean = result[result["natural"] == criteria.MEAN].set_index(["n", "k"])["r"]
    assert mean[2, 3] < mean[3, 2] < mean[6, 1]
    assert mean[4, 3] < mean[6, 2]
    assert mean[6, 1] < mean[6, 2] < mean[6, 3]
    row = result[(result["n"] == 6) & (result["k"] == 1) & (result["natural"] == "scenes/sketch")].iloc[0]
    assert (row["size"], row["models"], row["benchmarks"]) == (6, 40, 300)


def test_a_couple_that_cannot_be_drawn_has_its_reason(models: populations.Population) -> None:
    result = criteria.by_couple(LABELS, models.synthetic, models.natural, [(6, 1), (7, 1)], count=10)
    refused = result[result["n"] == 7]
    assert refused["r"].isna().all()
    assert {(why.kind, why["n"], why["categories"]) for why in refused["reason"]} == {("too_few_categories", 7, 6)}
    assert len(refused) == models.natural.shape[1] + 1


def test_the_mean_says_like_its_rows_that_models_are_few(models: populations.Population) -> None:
    result = criteria.by_couple(LABELS, models.synthetic.head(8), models.natural.head(8), [(6, 1)], count=10)
    assert {(why.kind, why["models"]) for why in result["reason"]} == {("too_few_models", 8)}
    assert result["r"].notna().all()


def test_imbalance_costs_prediction(models: populations.Population) -> None:
    result = criteria.by_deviation(LABELS, models.synthetic, models.natural, count=300)
    mean = result[result["natural"] == criteria.MEAN].set_index("deviation")
    large = mean[mean["benchmarks"] > 100]["r"]
    assert large.index[0] == 0
    assert large.index[-1] >= 1
    assert large.iloc[0] > large.iloc[-1] + 0.02


def test_a_group_that_nothing_can_be_substituted_in_is_its_own() -> None:
    alone = benchmarks.draw({"a1": 1, "a2": 1, "b1": 2, "b2": 2}, 2, 2)
    parts = criteria.substituted(alone)
    assert list(parts) == [0.0]
    assert len(parts[0.0]) == 1


def test_the_difference_is_that_of_a_plain_loop(models: populations.Population) -> None:
    wide, narrow = (benchmarks.draw(LABELS, n, k, count=5) for n, k in ((6, 1), (2, 3)))
    sets = models.natural.to_numpy().T

    def mean(group: benchmarks.Benchmarks, pick: np.ndarray) -> float:
        of_models = [models.synthetic[list(group[b])].mean(axis=1).to_numpy() for b in range(len(group))]
        return float(np.mean([np.corrcoef(x[pick], y[pick])[0, 1] for x in of_models for y in sets]))

    result = criteria.difference(wide, narrow, models.synthetic, models.natural, draws=500)
    everybody = np.arange(40)
    assert result.first == pytest.approx(mean(wide, everybody))
    assert result.second == pytest.approx(mean(narrow, everybody))
    assert result.low < result.value < result.high
    assert result.models == 40
    draw = np.random.default_rng(1)
    again = [mean(wide, n) - mean(narrow, n) for n in draw.integers(0, 40, (60, 40))]
    assert result.high - result.low == pytest.approx(4 * np.std(again), rel=0.35)


def test_a_model_with_a_gap_in_the_second_group_alone_is_left_out(models: populations.Population) -> None:
    first, second = (benchmarks.of_names([SIX[letter]], dict.fromkeys(SIX[letter], 1)) for letter in "ab")
    gap = models.synthetic.copy()
    gap.iloc[0, gap.columns.get_loc(SIX["b"][0])] = np.nan
    result = criteria.difference(first, second, gap, models.natural, draws=50)
    assert result.models == 39
    assert np.isfinite([result.first, result.second, result.low, result.high]).all()


def test_three_models_have_no_difference(models: populations.Population) -> None:
    few = models.only(list(models.synthetic.index[:3]))
    group = benchmarks.draw(LABELS, 6, 1, count=5)
    with pytest.raises(InvalidArgumentError, match="there are 3"):
        criteria.difference(group, group, few.synthetic, few.natural)
