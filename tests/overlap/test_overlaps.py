"""Overlapping scores: a table worked by hand, the properties that any table has, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from robustcore import overlap
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.notes import kinds
from robustcore.overlap import reasons


def table(rows: dict[str, list[float]], columns: str = "clean noise blur") -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns.split())


#           clean noise blur
BY_HAND = {
    "standard": [0.9, 0.50, 0.60],
    "noise": [0.9, 0.80, 0.70],
    "blur": [0.8, 0.48, 0.72],
}


def random_table(corruptions: int = 6, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(corruptions)]
    values = np.full((corruptions + 1, corruptions + 1), 0.9)
    values[1:, 0] = draw.uniform(0.88, 0.92, corruptions)
    values[0, 1:] = draw.uniform(0.2, 0.5, corruptions)
    values[1:, 1:] = values[0, 1:] + draw.uniform(-0.1, 0.2, (corruptions, corruptions))
    values[range(1, corruptions + 1), range(1, corruptions + 1)] = values[0, 1:] + draw.uniform(0.25, 0.4, corruptions)
    return pd.DataFrame(values, index=["standard", *names], columns=["clean", *names])


def test_residual_overlap_worked_by_hand() -> None:
    # RR of the standard model .40 .30, of m_noise .10 .20, of m_blur .32 .08; so gains of m_noise are .30 .10, of m_blur .08 .22.
    # noise onto blur .10 / .22, blur onto noise .08 / .30: the mean is .360606...
    overlaps = overlap.scores(table(BY_HAND), metric="residual")
    assert overlaps.loc["noise", "blur"] == pytest.approx((0.10 / 0.22 + 0.08 / 0.30) / 2)
    assert overlaps.loc["noise", "blur"] == pytest.approx(0.3606, abs=1e-4)


def test_app_overlap_worked_by_hand() -> None:
    # APP of the standard model 5/9 6/9, of m_noise 8/9 7/9, of m_blur .6 .9; gains of m_noise 1/3 1/9, of m_blur 2/45 7/30.
    overlaps = overlap.scores(table(BY_HAND))
    assert overlaps.loc["noise", "blur"] == pytest.approx(((1 / 9) / (7 / 30) + (2 / 45) / (1 / 3)) / 2)
    assert overlaps.loc["noise", "blur"] == pytest.approx(0.3048, abs=1e-4)


def test_below_zero_it_is_zero_and_the_signed_value_is_kept_too() -> None:
    # m_noise loses .10 on blur, where m_blur gains .20; m_blur gains nothing on noise: (-.5 + 0) / 2.
    harming = table({"standard": [0.9, 0.5, 0.6], "noise": [0.9, 0.8, 0.5], "blur": [0.9, 0.5, 0.8]})
    assert overlap.scores(harming, metric="residual").loc["noise", "blur"] == 0
    assert overlap.scores(harming, metric="residual", signed=True).loc["noise", "blur"] == pytest.approx(-0.25)


@pytest.mark.parametrize("metric", ["app", "residual"])
def test_symmetric_and_one_on_the_diagonal(metric: str) -> None:
    overlaps = overlap.scores(random_table(), metric=metric).to_numpy()
    np.testing.assert_array_equal(overlaps, overlaps.T)
    np.testing.assert_array_equal(np.diag(overlaps), 1)
    assert np.isfinite(overlaps).all()


def test_the_order_of_the_table_changes_nothing_but_the_order() -> None:
    accuracies = random_table()
    rows = ["c4", "c0", "standard", "c5", "c2", "c1", "c3"]
    columns = ["c1", "c5", "c3", "clean", "c0", "c2", "c4"]
    straight, mixed = (overlap.measure(t, n=500) for t in (accuracies, accuracies.loc[rows, columns]))
    order = [name for name in rows if name != "standard"]
    pd.testing.assert_frame_equal(mixed.signed, straight.signed.loc[order, order])
    pd.testing.assert_frame_equal(mixed.high, straight.high.loc[order, order])


def test_identical_corruptions_overlap_fully() -> None:
    accuracies = random_table()
    accuracies["twin"] = accuracies["c0"]
    accuracies.loc["twin"] = accuracies.loc["c0"]
    overlaps = overlap.scores(accuracies)
    assert overlaps.loc["c0", "twin"] == pytest.approx(1)
    np.testing.assert_allclose(overlaps.loc["c0"], overlaps.loc["twin"])


def test_a_self_gain_within_three_standard_errors_makes_its_overlaps_undefined() -> None:
    # Residual, n = 100: on noise the standard model's variance is .9 * .1 / 100 + .5 * .5 / 100 = .0034, that of m_noise
    # .0009 + .58 * .42 / 100 = .003336; three times the root of the sum is .2462, and the self-gain only .08.
    accuracies = table({"standard": [0.9, 0.5, 0.3], "noise": [0.9, 0.58, 0.4], "blur": [0.9, 0.5, 0.8]})
    overlaps = overlap.measure(accuracies, metric="residual", n=100)
    assert overlaps.thresholds["noise"] == pytest.approx(3 * math.sqrt(0.0034 + 0.003336))
    assert overlaps.signed.loc["noise"].isna().all()
    assert overlaps.signed.loc["blur", "blur"] == 1
    assert list(overlaps.undefined) == ["noise"]
    why = overlaps.undefined["noise"]
    assert (why.kind, why["corruption"], why["gain"]) == ("training_does_not_help", "noise", pytest.approx(0.08))
    assert why["needed"] == overlaps.thresholds["noise"]
    assert overlaps.reason("blur", "noise") == why
    assert overlap.scores(accuracies, metric="residual", n=100_000).notna().all(axis=None)


def test_the_error_of_a_gain_in_app_worked_by_hand() -> None:
    # var APP = (var a + APP^2 var a0) / a0^2, with n = 100, a0 = .8: standard .4 -> APP .5: (.0024 + .25 * .0016) / .64 = .004375;
    # trained .6 -> APP .75: (.0024 + .5625 * .0016) / .64 = .00515625. The root of the sum is .09763.
    overlaps = overlap.measure(table({"standard": [0.8, 0.4], "noise": [0.8, 0.6]}, "clean noise"), n=100)
    assert overlaps.errors.loc["noise", "noise"] == pytest.approx(math.sqrt(0.004375 + 0.00515625))


def test_the_threshold_can_be_given_and_is_one_point_where_nothing_tells_an_error() -> None:
    weak = table({"standard": [0.9, 0.500], "noise": [0.9, 0.508]}, "clean noise")
    assert overlap.scores(weak, metric="residual").attrs["threshold"] == {"noise": 0.01}
    assert np.isnan(overlap.scores(weak, metric="residual").loc["noise", "noise"])
    assert overlap.scores(weak, metric="residual", min_gain=0.005).loc["noise", "noise"] == 1


def test_training_that_harms_on_its_own_corruption_is_undefined_not_wild() -> None:
    accuracies = table({"standard": [0.9, 0.5, 0.6], "noise": [0.9, 0.4, 0.7], "blur": [0.9, 0.6, 0.8]})
    assert overlap.scores(accuracies).attrs["undefined"].keys() == {"noise"}


class TestSeeds:
    # Residual, clean .9 throughout. Seed 0: gains of m_noise .30 .10, of m_blur .05 .20; seed 1: .20 .06, .10 .30.
    ROWS = (
        (0, "standard", (0.9, 0.5, 0.5)),
        (0, "noise", (0.9, 0.8, 0.6)),
        (0, "blur", (0.9, 0.55, 0.7)),
        (1, "standard", (0.9, 0.5, 0.5)),
        (1, "noise", (0.9, 0.7, 0.56)),
        (1, "blur", (0.9, 0.6, 0.8)),
    )

    def tidy(self) -> pd.DataFrame:
        cells = [
            (seed, row, column, value)
            for seed, row, values in self.ROWS
            for column, value in zip(("clean", "noise", "blur"), values, strict=True)
        ]
        return pd.DataFrame(cells, columns=["seed", "trained_on", "tested_on", "accuracy"]).assign(n=10_000)

    def test_the_mean_robustness_gives_the_overlap_and_the_seeds_its_spread(self) -> None:
        overlaps = overlap.measure(self.tidy(), metric="residual", min_gain=0.01)
        # Means of the gains: .25 .08, .075 .25.
        assert overlaps.signed.loc["noise", "blur"] == pytest.approx((0.08 / 0.25 + 0.075 / 0.25) / 2)
        first, second = (0.10 / 0.20 + 0.05 / 0.30) / 2, (0.06 / 0.30 + 0.10 / 0.20) / 2
        assert overlaps.by_seed["0"].loc["blur", "noise"] == pytest.approx(first)
        assert overlaps.by_seed["1"].loc["blur", "noise"] == pytest.approx(second)
        assert overlaps.sd.loc["blur", "noise"] == pytest.approx(abs(first - second) / math.sqrt(2))

    def test_the_errors_hold_the_variance_between_seeds_pooled_over_the_models(self) -> None:
        # On noise, the squares around the means: standard 0, noise 2 * .05^2, blur 2 * .025^2; 3 degrees of freedom; of the mean
        # of two seeds half of it. Images: .5 * .5 / n and .75 * .25 / n on noise, .09 / n twice on clean.
        of_seeds = (2 * 0.05**2 + 2 * 0.025**2) / 3 / 2
        of_images = (0.25 + 0.1875 + 2 * 0.09) / 10_000
        overlaps = overlap.measure(self.tidy(), metric="residual")
        assert overlaps.errors.loc["noise", "noise"] == pytest.approx(math.sqrt(2 * of_seeds + of_images))

    def test_a_seed_of_one_model_alone_is_used_for_its_mean(self) -> None:
        tidy = self.tidy()
        partial = tidy[(tidy["seed"] == 0) | (tidy["trained_on"] != "blur")]
        overlaps = overlap.measure(partial, metric="residual", min_gain=0.01)
        assert overlaps.gains.loc["blur", "blur"] == pytest.approx(0.2)
        assert overlaps.gains.loc["noise", "noise"] == pytest.approx(0.25)
        assert np.isnan(overlaps.by_seed["1"].loc["blur", "noise"])


class TestIntervals:
    def test_they_hold_the_truth_as_often_as_they_say(self) -> None:
        truth = table({"standard": [0.9, 0.5, 0.6], "noise": [0.9, 0.8, 0.64], "blur": [0.9, 0.56, 0.85]})
        right = overlap.scores(truth, metric="residual").loc["noise", "blur"]
        draw, held = np.random.default_rng(1), 0
        for _ in range(120):
            seen = pd.DataFrame(draw.binomial(1000, truth) / 1000, truth.index, truth.columns)
            overlaps = overlap.measure(seen, metric="residual", n=1000, draws=200)
            held += overlaps.low.loc["noise", "blur"] <= right <= overlaps.high.loc["noise", "blur"]
        assert 107 <= held <= 119  # 95 % of 120 is 114, with a standard deviation of 2.4

    def test_more_images_narrow_them(self) -> None:
        few, many = (overlap.measure(table(BY_HAND), n=n) for n in (1000, 100_000))
        width_few, width_many = ((f.high - f.low).loc["noise", "blur"] for f in (few, many))
        assert width_few == pytest.approx(10 * width_many, rel=0.2)

    def test_without_images_or_seeds_there_is_none_and_that_is_said(self) -> None:
        overlaps = overlap.measure(table(BY_HAND))
        assert overlaps.low.isna().all(axis=None)
        assert "no_intervals" in kinds(overlaps.notes)
        assert "one_training_seed" in kinds(overlap.measure(table(BY_HAND), n=1000).notes)

    def test_accuracies_of_a_paired_bootstrap_can_be_given(self) -> None:
        accuracies = table(BY_HAND)
        drawn = np.repeat(accuracies.to_numpy()[None], 50, axis=0)
        overlaps = overlap.measure(accuracies, n=1000, drawn=drawn)
        np.testing.assert_allclose(overlaps.low, overlaps.signed)
        with pytest.raises(InvalidArgumentError, match=r"\(draws, 3, 3\) is needed"):
            overlap.measure(accuracies, drawn=drawn[:, :2])


def test_a_cell_shows_the_numbers_that_its_overlap_is_made_of() -> None:
    cell = overlap.measure(table(BY_HAND), metric="residual").pair("noise", "blur")
    assert cell.trained_first == pytest.approx((-0.1, -0.2))  # robustness, higher is better: less is lost
    assert cell.standard == pytest.approx((-0.4, -0.3))
    assert (cell.onto_second, cell.onto_first) == pytest.approx((0.10 / 0.22, 0.08 / 0.30))
    assert cell.signed == pytest.approx((cell.onto_second + cell.onto_first) / 2)


def test_what_was_only_tested_on_has_gains_and_no_overlaps() -> None:
    accuracies = table(BY_HAND).assign(sketch=[0.3, 0.35, 0.32])
    measured = overlap.measure(accuracies, metric="residual")
    assert measured.names == ("noise", "blur")
    assert measured.gains.loc["noise", "sketch"] == pytest.approx(0.05)
    assert reasons.not_trained_on(("sketch",)) in measured.notes


def test_clean_accuracies_that_differ_are_pointed_out() -> None:
    (differ,) = (note for note in overlap.measure(table(BY_HAND)).notes if note.kind == "clean_accuracies_differ")
    assert differ["high"] - differ["low"] == pytest.approx(0.1)


class TestBadInput:
    def test_without_the_standard_model(self) -> None:
        with pytest.raises(InvalidArgumentError, match="no row 'standard'"):
            overlap.scores(table(BY_HAND).drop(index="standard"))

    def test_without_clean_accuracies(self) -> None:
        with pytest.raises(InvalidArgumentError, match="no column 'clean'"):
            overlap.scores(table(BY_HAND).drop(columns="clean"))

    def test_a_missing_cell_makes_its_pairs_alone_undefined(self) -> None:
        accuracies = random_table()
        accuracies.loc["c1", "c3"] = np.nan
        measured = overlap.measure(accuracies)
        missing = {
            frozenset(pair) for pair, value in measured.signed.stack(future_stack=True).items() if np.isnan(value)
        }
        assert missing == {frozenset(("c1", "c3"))}
        assert measured.reasons.loc["c3", "c1"] == reasons.accuracy_missing("c1", "c3")

    def test_a_single_corruption(self) -> None:
        overlaps = overlap.scores(table({"standard": [0.9, 0.5], "noise": [0.9, 0.8]}, "clean noise"))
        assert overlaps.shape == (1, 1)
        assert overlaps.loc["noise", "noise"] == 1

    @pytest.mark.parametrize("metric", ["app", "residual"])
    def test_a_model_that_is_never_right_on_clean_images(self, metric: str) -> None:
        accuracies = table(BY_HAND)
        accuracies.loc["noise", "clean"] = 0
        measured = overlap.measure(accuracies, metric=metric)
        assert measured.signed.loc["noise"].isna().all()
        assert measured.undefined == {"noise": reasons.never_right_on_clean_images("noise")}
        assert measured.signed.loc["blur", "blur"] == 1

    def test_a_standard_model_that_is_never_right_leaves_nothing_defined(self) -> None:
        accuracies = table(BY_HAND)
        accuracies.loc["standard", "clean"] = 0
        assert overlap.scores(accuracies).isna().all(axis=None)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (lambda t: 100 * t, "accuracies are in 0 .. 1"),
            (lambda t: pd.concat([t, t.loc[["noise"]]]), "'noise' twice"),
            (lambda t: t.astype(object).replace(0.5, "half"), "not a number"),
            (lambda t: t[["clean"]], "no corruption that a model was trained on"),
        ],
    )
    def test_tables_that_are_none(self, change: object, sentence: str) -> None:
        with pytest.raises(InvalidArgumentError, match=sentence):
            overlap.scores(change(table(BY_HAND)))  # type: ignore[operator]

    def test_a_metric_and_a_threshold_that_are_none(self) -> None:
        with pytest.raises(UnknownNameError, match="Did you mean 'residual'"):
            overlap.scores(table(BY_HAND), metric="residuals")
        with pytest.raises(InvalidArgumentError, match="least self-gain"):
            overlap.scores(table(BY_HAND), min_gain=-0.1)
