"""Balance and coverage, on gains from which the overlaps can be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore import overlap
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.overlap import balance

NAMES = ["noise", "grain", "blur", "border"]
# Shares of the self-gain, symmetric, so that they are the overlaps themselves.
SHARES = np.array([[1.0, 0.8, 0.4, -0.1], [0.8, 1.0, 0.2, 0.0], [0.4, 0.2, 1.0, 0.1], [-0.1, 0.0, 0.1, 1.0]])


def table(shares: np.ndarray = SHARES) -> pd.DataFrame:
    values = np.full((5, 5), 0.9)
    values[0, 1:] = 0.5
    values[1:, 1:] = 0.5 + 0.3 * shares
    return pd.DataFrame(values, index=["standard", *NAMES], columns=["clean", *NAMES])


def test_the_mean_overlap_with_the_others_worked_by_hand() -> None:
    overlaps = overlap.mean_overlaps(overlap.measure(table(), metric="residual"))
    # noise (.8 + .4 + 0) / 3, grain (.8 + .2 + 0) / 3, blur (.4 + .2 + .1) / 3, border (0 + 0 + .1) / 3.
    assert overlaps.means["mean"].tolist() == pytest.approx([1.2 / 3, 1.0 / 3, 0.7 / 3, 0.1 / 3])
    assert overlaps.range == pytest.approx(1.1 / 3)
    assert overlaps.spread == pytest.approx(np.std([1.2, 1.0, 0.7, 0.1]) / 3)


def test_a_part_of_the_corruptions_is_a_benchmark_too() -> None:
    overlaps = overlap.mean_overlaps(overlap.measure(table(), metric="residual"), ["blur", "noise"])
    assert overlaps.means.index.tolist() == ["blur", "noise"]
    assert overlaps.means["mean"].tolist() == pytest.approx([0.4, 0.4])
    assert overlaps.spread == pytest.approx(0)


def test_means_have_intervals() -> None:
    means = overlap.mean_overlaps(overlap.measure(table(), metric="residual", n=2000)).means
    assert (means["low"] < means["mean"]).all()
    assert (means["mean"] < means["high"]).all()


def test_undefined_pairs_are_left_out_of_the_mean() -> None:
    shares = SHARES.copy()
    shares[3, 3] = 0.0  # training on border does not help on border
    overlaps = overlap.mean_overlaps(overlap.measure(table(shares), metric="residual")).means
    assert overlaps.loc["noise", ["mean", "others"]].tolist() == pytest.approx([0.6, 2])
    assert np.isnan(overlaps.loc["border", "mean"])
    assert overlaps.loc["border", "reason"].kind == "training_does_not_help"


def test_a_benchmark_of_one_has_no_mean() -> None:
    overlaps = overlap.mean_overlaps(overlap.measure(table(), n=2000), ["blur"])
    assert overlaps.means.loc["blur", "reason"] == balance.alone_in_the_benchmark("blur")
    assert np.isnan(overlaps.spread)


def test_coverage_is_decided_by_the_interval() -> None:
    exact = overlap.coverage(overlap.measure(table(), metric="residual", n=10_000_000), ["noise", "grain"])
    assert exact["verdict"].tolist() == ["member", "member", "covered", "not covered"]
    assert exact.loc["blur", ["best", "by"]].tolist() == [pytest.approx(0.4), "noise"]
    assert exact.loc["border", "reach"] == pytest.approx(0, abs=0.01)
    assert exact["all_zero"].tolist() == [False, False, False, True]
    # With 600 images the same overlaps scatter by about a tenth: nothing can be said of border.
    few = overlap.coverage(overlap.measure(table(), metric="residual", n=600), ["noise", "grain"])
    assert few["verdict"].tolist() == ["member", "member", "covered", "undecided"]
    wide = overlap.coverage(overlap.measure(table(), metric="residual", n=600), ["noise", "grain"], margin=0.5)
    assert wide.loc["border", "verdict"] == "not covered"


def test_without_intervals_coverage_is_undecided_and_undefined_where_no_overlap_is() -> None:
    shares = SHARES.copy()
    shares[3, 3] = 0.0
    overlaps = overlap.coverage(overlap.measure(table(shares), metric="residual"), ["noise"], ["blur", "border"])
    assert overlaps["verdict"].tolist() == ["undecided", "undefined"]
    assert overlaps.loc["border", "reason"].kind == "training_does_not_help"


def test_bad_input() -> None:
    overlaps = overlap.measure(table())
    with pytest.raises(UnknownNameError, match="Did you mean 'border'"):
        overlap.coverage(overlaps, ["borders"])
    with pytest.raises(InvalidArgumentError, match="each once"):
        overlap.mean_overlaps(overlaps, ["noise", "noise"])
    with pytest.raises(InvalidArgumentError, match="margin"):
        overlap.coverage(overlaps, ["noise"], margin=0)
