"""Algorithm 3 and its neighbours: by hand, and against scipy and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks, correlation


def table(rows: dict[str, list[float]], columns: str) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))


class TestPearson:
    def test_coefficients_and_p_values_are_scipys(self) -> None:
        draw = np.random.default_rng(0)
        y = draw.normal(size=21)
        x = draw.normal(size=(50, 21)) + np.linspace(0, 3, 50)[:, None] * y
        r, p, count = correlation.pearson(x, y)
        peers = [stats.pearsonr(row, y) for row in x]
        np.testing.assert_allclose(r, [peer.statistic for peer in peers], rtol=1e-12)
        np.testing.assert_allclose(p, [peer.pvalue for peer in peers], rtol=1e-8)
        assert (count == 21).all()

    def test_a_gap_leaves_that_model_out_of_that_row_alone(self) -> None:
        draw = np.random.default_rng(1)
        x, y = draw.normal(size=(2, 8)), draw.normal(size=8)
        whole = correlation.pearson(x, y)[0]
        x[0, 3] = np.nan
        r, p, count = correlation.pearson(x, y)
        assert r[0] == pytest.approx(np.corrcoef(np.delete(x[0], 3), np.delete(y, 3))[0, 1])
        assert p[0] == pytest.approx(stats.pearsonr(np.delete(x[0], 3), np.delete(y, 3)).pvalue)
        assert count.tolist() == [7, 8]
        assert r[1] == whole[1]

    def test_constants_and_pairs_have_none(self) -> None:
        # 0.1 thrice has a mean that is not 0.1: the rounding must not pass for variation.
        assert np.isnan(correlation.pearson([0.1, 0.1, 0.1], [1, 2, 4])[0])
        assert np.isnan(correlation.pearson([1, 2], [1, 3])[1])
        assert correlation.pearson([1, 2, 3], [2, 4, 6])[:2] == (pytest.approx(1), pytest.approx(0, abs=1e-7))

    def test_fishers_interval_is_scipys(self) -> None:
        x = np.random.default_rng(2).normal(size=(2, 15))
        peer = stats.pearsonr(*x)
        assert correlation.fisher(peer.statistic, 15) == pytest.approx(tuple(peer.confidence_interval(0.95)))
        assert np.isnan(correlation.fisher(0.5, 3)).all()
        assert correlation.fisher(1.0, 9) == (1.0, 1.0)


class TestPredictiveness:
    LABELS = pd.Series({"a": 1, "b": 1, "c": 2})
    SYNTHETIC = table(
        {"m1": [0.1, 0.3, 0.2], "m2": [0.2, 0.4, 0.1], "m3": [0.3, 0.2, 0.6], "m4": [0.4, 0.6, 0.2]}, "abc"
    )

    def test_worked_by_hand(self) -> None:
        # {a, b} is .2 .3 .25 .5 for the models, {a, c} .15 .15 .45 .3; the natural set .3 .4 .5 .6.
        # Centred natural: -.15 -.05 .05 .15, norm sqrt(.05). {a, b} centred: -.1125 -.0125 -.0625 .1875, norm sqrt(.051875):
        # r = (.016875 + .000625 - .003125 + .028125) / sqrt(.05 * .051875) = .0425 / .050929 = .8345.
        # {a, c} centred: -.1125 -.1125 .1875 .0375: r = (.016875 + .005625 + .009375 + .005625) / sqrt(.05 * .061875) = .6742.
        natural = table({"m4": [0.6], "m3": [0.5], "m2": [0.4], "m1": [0.3]}, "s")
        group = benchmarks.of_names([["a", "b"], ["a", "c"]], self.LABELS)
        row = correlation.predictiveness(group, self.SYNTHETIC, natural).loc["s"]
        assert row["r"] == pytest.approx((0.8345 + 0.6742) / 2, abs=1e-4)
        assert row["sd"] == pytest.approx((0.8345 - 0.6742) / 2, abs=1e-4)
        assert (row["models"], row["benchmarks"]) == (4, 2)
        peers = [
            stats.pearsonr(x, [0.3, 0.4, 0.5, 0.6]).pvalue for x in ([0.2, 0.3, 0.25, 0.5], [0.15, 0.15, 0.45, 0.3])
        ]
        assert row["p"] == pytest.approx(np.mean(peers))
        assert row["reason"] == correlation.too_few_models(4)

    def test_a_thousand_benchmarks_and_twenty_models_are_computed_as_one_by_one(self) -> None:
        draw = np.random.default_rng(0)
        labels = pd.Series({f"c{i:02}": i % 6 + 1 for i in range(40)})
        group = benchmarks.draw(labels, 6, 3)
        models = [f"m{i}" for i in range(20)]
        synthetic = pd.DataFrame(draw.random((20, 40)), models, labels.index)
        natural = pd.DataFrame(draw.random((20, 5)), models, list("vwxyz"))
        result = correlation.predictiveness(group, synthetic, natural)
        looped = [
            stats.pearsonr(synthetic[list(group[i])].mean(axis=1), natural["w"]).statistic for i in range(0, 1000, 100)
        ]
        part = correlation.predictiveness(group.take(range(0, 1000, 100)), synthetic, natural)
        assert part.loc["w", "r"] == pytest.approx(np.mean(looped))
        assert result["benchmarks"].tolist() == [1000] * 5

    def test_models_without_a_figure_are_left_out_and_counted(self) -> None:
        natural = table(
            {"m1": [0.3, 0.1], "m2": [0.4, np.nan], "m3": [0.5, 0.2], "m4": [0.6, np.nan], "m9": [0.1, 0.1]}, "st"
        )
        synthetic = self.SYNTHETIC.copy()
        synthetic.loc["m4", "b"] = np.nan
        result = correlation.predictiveness(benchmarks.of_names([["a", "b"], ["c"]], self.LABELS), synthetic, natural)
        assert result["models"].tolist() == [3, 2]
        assert np.isnan(result.loc["t", "r"])
        assert result.loc["t", "reason"] == correlation.fewer_than_three_models(2)

    def test_equally_robust_models_tell_nothing(self) -> None:
        natural = table({model: [0.3] for model in self.SYNTHETIC.index}, "s")
        result = correlation.predictiveness(benchmarks.of_names([["a"]], self.LABELS), self.SYNTHETIC, natural)
        assert result.loc["s", "reason"] == correlation.models_equally_robust()

    def test_bad_input(self) -> None:
        group = benchmarks.of_names([["a", "b"]], self.LABELS)
        natural = table({model: [0.3] for model in self.SYNTHETIC.index}, "s")
        with pytest.raises(InvalidArgumentError, match="robustness to 'b' is missing"):
            correlation.predictiveness(group, self.SYNTHETIC[["a", "c"]], natural)
        with pytest.raises(InvalidArgumentError, match="a model twice"):
            correlation.predictiveness(group, pd.concat([self.SYNTHETIC, self.SYNTHETIC]), natural)
        with pytest.raises(InvalidArgumentError, match="this one is empty"):
            correlation.predictiveness(group.take([]), self.SYNTHETIC, natural)


class TestCheck:
    def test_pairs_of_same_and_of_different_categories(self) -> None:
        # a and b rise together (r = 1), c falls (r = -1 with both).
        robustness = table(
            {"m1": [0.1, 0.2, 0.6], "m2": [0.2, 0.3, 0.5], "m3": [0.4, 0.5, 0.3], "m4": [np.nan, 0, 0]}, "abc"
        )
        result = correlation.check(robustness, {"a": 1, "b": 1, "c": 2, "elsewhere": 2})
        assert result == correlation.Check(pytest.approx(1), pytest.approx(-1), 1, 2, 3)

    def test_two_models_are_too_few(self) -> None:
        with pytest.raises(InvalidArgumentError, match="there are 2"):
            correlation.check(table({"m1": [0.1, 0.2], "m2": [0.2, 0.1]}, "ab"), {"a": 1, "b": 2})


def test_two_architectures_agree_over_the_pairs_that_both_define() -> None:
    first = table({"a": [1, 0.2, 0.4], "b": [0.2, 1, 0.9], "c": [0.4, 0.9, 1]}, "abc").set_axis(list("abc"), axis=0)
    second = first.loc[list("cab"), list("cab")] * 0.5 + 0.1
    result = correlation.agreement(first, second)
    assert result.r == pytest.approx(1)
    assert result.pairs == 3
    # .2 and .2, .4 and .3, .9 and .55
    assert result.difference == pytest.approx((0 + 0.1 + 0.35) / 3)
    second.loc["a", "b"] = second.loc["b", "a"] = np.nan
    assert correlation.agreement(first, second).pairs == 2
