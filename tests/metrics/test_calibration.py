"""Calibration: worked figures, and properties of the bins and of the intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robustcore.metrics import bootstrap, calibration

GENERATOR = np.random.default_rng(0)
SURE = GENERATOR.uniform(0.3, 1, 2350)
RIGHT = GENERATOR.random(2350) < SURE  # calibrated by construction
WRONG = GENERATOR.random(2350) < SURE - 0.2  # too sure by 20 points


def test_the_errors_by_hand() -> None:
    """Two bins of two images: mean confidences 0.55 and 0.85, accuracies 0.5 and 1."""
    bins = calibration.equal_mass(np.array([0.5, 0.9, 0.6, 0.8]), np.array([1, 1, 0, 1]), size=2)
    assert bins.confidence == pytest.approx([0.55, 0.85])
    assert bins.accuracy == pytest.approx([0.5, 1])
    assert bins.rms == pytest.approx(math.sqrt((0.05**2 + 0.15**2) / 2))
    assert bins.chance == pytest.approx((0.25 / 1 + 0) / 2)
    assert bins.debiased_rms == 0
    # Bins of width 1/15: 0.5 in the eighth, 0.6 in the ninth (its upper edge), 0.8 in the twelfth, 0.9 in the fourteenth.
    expected = (abs(0.5 - 1) + abs(0.6 - 0) + abs(0.8 - 1) + abs(0.9 - 1)) / 4
    assert calibration.ece(confidence=[0.5, 0.6, 0.8, 0.9], right=[1, 0, 1, 1]) == pytest.approx(expected)


def test_the_response_rate_curve_by_hand() -> None:
    curve = calibration.accuracy_of_surest(np.array([0.9, 0.5, 0.7]), np.array([1, 1, 0]))
    assert curve == pytest.approx([1, 1 / 2, 2 / 3])
    assert calibration.aurra(confidence=[0.9, 0.5, 0.7], right=[1, 1, 0]) == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)
    ties = calibration.accuracy_of_surest(np.array([0.5, 0.5]), np.array([1, 0]))
    assert ties == pytest.approx([0.5, 0.5])  # whatever their order


def test_the_remainder_is_a_bin_and_counts() -> None:
    bins = calibration.equal_mass(SURE, RIGHT)
    assert bins.images.tolist() == [100] * 23 + [50]
    assert bins.images @ bins.accuracy == RIGHT.sum()
    assert (np.diff(bins.confidence) > 0).all()


def test_a_calibrated_model_has_no_error_beyond_chance_and_a_sure_one_has_20_points() -> None:
    assert calibration.equal_mass(SURE, RIGHT).debiased_rms < 0.02
    assert calibration.equal_mass(SURE, WRONG).debiased_rms == pytest.approx(0.2, abs=0.02)
    assert calibration.ece(confidence=SURE, right=WRONG) == pytest.approx(0.2, abs=0.02)


def test_the_interval_has_the_debiased_error_in_it_from_answers_and_from_bins() -> None:
    bins = calibration.equal_mass(SURE, WRONG)
    from_answers = calibration.debiased_in_drawings(SURE, WRONG, bootstrap.weights(len(SURE), 400))
    from_bins = calibration.debiased_in_bins(bins, 400)
    for drawn in (from_answers, from_bins):
        low, high = bootstrap.interval(drawn)
        assert low < bins.debiased_rms < high
        assert high - low < 0.08
    assert from_answers.mean() == pytest.approx(from_bins.mean(), abs=0.005)


def test_the_temperature_undoes_a_scale() -> None:
    logits = GENERATOR.normal(size=(4000, 5)) * 2
    labels = (logits + GENERATOR.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from softmax(logits)
    assert calibration.temperature(logits * 3, labels) == pytest.approx(3, rel=0.06)
    assert math.isnan(calibration.temperature(logits, np.full(4000, -1)))


def test_no_images_have_no_value() -> None:
    for name in (calibration.rms_calibration, calibration.ece, calibration.aurra):
        assert math.isnan(float(name(confidence=[], right=[])))
    assert math.isnan(calibration.equal_mass(np.empty(0), np.empty(0)).debiased_rms)
