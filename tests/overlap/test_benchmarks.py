"""Algorithm 2, substitutions and the Syn2Nat pick: promises that every drawn benchmark keeps, and numbers of the thesis."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks

SIZES = (12, 9, 7, 5, 4, 3)  # 40 candidates in six categories, the smallest of three, as in the thesis
LABELS = {f"c{label}-{i}": label for label, size in enumerate(SIZES, start=1) for i in range(size)}


class TestDraw:
    @pytest.mark.parametrize(("n", "k"), benchmarks.COUPLES)
    def test_a_thousand_different_ones_with_k_of_n_categories(self, n: int, k: int) -> None:
        result = benchmarks.draw(LABELS, n, k)
        assert len({result[i] for i in range(len(result))}) == len(result) == 1000
        counts = result.representatives
        assert (np.sort(counts, axis=1)[:, -n:] == k).all()
        assert (counts.sum(axis=1) == n * k).all()
        assert (result.deviations == 0).all()

    def test_categories_and_corruptions_are_equally_likely(self) -> None:
        # Of 60 categories 2 are drawn, of three corruptions 2: a candidate is in 2/60 * 2/3 of the benchmarks.
        labels = {f"c{label}-{i}": label for label in range(1, 61) for i in range(3)}
        result = benchmarks.draw(labels, 2, 2, count=3000)
        share = 2 / 60 * 2 / 3
        scatter = np.sqrt(share * (1 - share) / 3000)
        assert np.abs(result.members.mean(axis=0) - share).max() < 4.5 * scatter

    def test_where_fewer_exist_all_are_given_and_that_is_said(self) -> None:
        # Two of three categories with one each: 2*2 + 2*1 + 2*1 = 8.
        result = benchmarks.draw({"a": 1, "b": 1, "c": 2, "d": 2, "e": 3}, 2, 1)
        assert sorted(result[i] for i in range(len(result))) == [
            ("a", "c"),
            ("a", "d"),
            ("a", "e"),
            ("b", "c"),
            ("b", "d"),
            ("b", "e"),
            ("c", "e"),
            ("d", "e"),
        ]
        assert result.note == benchmarks.fewer_benchmarks(2, 1, existing=8, wanted=1000)

    def test_the_seed_decides_and_the_order_of_the_candidates_does_not(self) -> None:
        mixed = dict(reversed(list(LABELS.items())))
        first, same, other = (benchmarks.draw(m, 4, 3, seed=s) for m, s in ((LABELS, 1), (mixed, 1), (LABELS, 2)))
        np.testing.assert_array_equal(first.members, same.members)
        assert (first.members != other.members).any()

    def test_what_is_in_no_category_is_no_candidate(self) -> None:
        assert benchmarks.draw({"a": 1, "b": 0, "c": 2}, 2, 1)[0] == ("a", "c")

    @pytest.mark.parametrize(("n", "k"), [(7, 1), (6, 4), (0, 1), (1, 0)])
    def test_couples_that_the_categories_do_not_give(self, n: int, k: int) -> None:
        with pytest.raises(InvalidArgumentError, match="categories of 12, 9, 7, 5, 4, 3"):
            benchmarks.draw(LABELS, n, k)


def test_the_deviation_worked_by_hand() -> None:
    # The thesis' example: three of category 5 and one of category 6: mean 2, deviation 1. Absent categories do not count.
    labels = dict.fromkeys(["gauss", "iso", "multiplicative", "x"], 5) | {"jitter": 6, "fog": 4}
    result = benchmarks.of_names([["gauss", "iso", "multiplicative", "jitter"], ["gauss", "fog"]], labels)
    assert result.deviations.tolist() == [1.0, 0.0]


class TestSubstitute:
    def test_one_substitution_keeps_the_categories_and_raises_the_deviation(self) -> None:
        before = benchmarks.draw(LABELS, 4, 3, count=300)
        middle = benchmarks.substitute(before, seed=1)
        after = benchmarks.substitute(middle, seed=2)
        assert after.note is None
        for first, second in itertools.pairwise((before, middle, after)):
            assert ((first.representatives > 0) == (second.representatives > 0)).all()
            assert (second.deviations > first.deviations).all()
            assert ((first.members & ~second.members).sum(axis=1) == 1).all()
            assert ((second.members & ~first.members).sum(axis=1) == 1).all()

    def test_every_allowed_pair_occurs_about_equally_often(self) -> None:
        labels = {"a1": 1, "a2": 1, "a3": 1, "b1": 2, "b2": 2, "b3": 2}
        one = benchmarks.of_names([["a1", "a2", "b1", "b2"]], labels)
        many = one.take([0] * 4000)
        result = benchmarks.substitute(many)
        # An a out and b3 in, or a b out and a3 in: four results, 1000 of each, with a standard deviation of 27.
        seen = pd.Series([result[i] for i in range(len(result))]).value_counts()
        assert len(seen) == 4
        assert seen.between(880, 1120).all()

    def test_a_benchmark_that_allows_none_is_dropped_and_counted(self) -> None:
        labels = {"a1": 1, "a2": 1, "b1": 2, "b2": 2, "b3": 2}
        # Of the first no category can give one away; the second can: b3 comes for an a.
        result = benchmarks.substitute(benchmarks.of_names([["a1", "b1"], ["a1", "a2", "b1", "b2"]], labels))
        assert len(result) == 1
        assert "b3" in result[0]
        assert result.note == benchmarks.too_few_substitutions(1, dropped=1, benchmarks=2)

    def test_the_deviations_are_those_of_table_4_5(self) -> None:
        start = benchmarks.draw(LABELS, 6, 2, count=300)
        groups = [benchmarks.substitute(start, times, seed=times) for times in range(1, 6)]
        result = benchmarks.by_deviation(benchmarks.joined([start, *groups]))
        assert set(result) <= {0.0, 0.6, 0.8, 1.0, 1.2, 1.4, 1.5, 1.8, 2.2}
        assert list(result)[:6] == [0.0, 0.6, 0.8, 1.0, 1.2, 1.4]
        assert len(result[0.0]) == 300


OVERLAP = pd.DataFrame(
    [[1, 0.9, 0.2, 0, 0], [0.9, 1, 0.6, 0, 0], [0.2, 0.6, 1, 0, 0], [0, 0, 0, 1, 0.4], [0, 0, 0, 0.4, 1]],
    index=list("abcde"),
    columns=list("abcde"),
)
BY_HAND = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2}


class TestPick:
    def test_the_inner_overlap_worked_by_hand(self) -> None:
        result = benchmarks.of_names([["a", "b", "d"], ["a", "c", "d", "e"], ["a", "d"]], BY_HAND)
        inner = benchmarks.inner_overlap(result, OVERLAP)
        assert inner[:2].tolist() == pytest.approx([0.9, (0.2 + 0.4) / 2])
        assert np.isnan(inner[2])

    def test_the_pick_overlaps_least(self) -> None:
        assert benchmarks.least_overlapping(benchmarks.draw(BY_HAND, 2, 2), OVERLAP) == ("a", "c", "d", "e")

    def test_a_benchmark_with_an_undefined_pair_is_not_picked(self) -> None:
        overlap = OVERLAP.copy()
        overlap.loc["a", "c"] = overlap.loc["c", "a"] = np.nan
        assert benchmarks.least_overlapping(benchmarks.draw(BY_HAND, 2, 2), overlap) == ("b", "c", "d", "e")

    def test_without_pairs_there_is_no_pick(self) -> None:
        with pytest.raises(InvalidArgumentError, match="k = 2 or more"):
            benchmarks.least_overlapping(benchmarks.draw(BY_HAND, 2, 1), OVERLAP)


def test_bad_input() -> None:
    with pytest.raises(InvalidArgumentError, match="'fog' has no category"):
        benchmarks.of_names([["fog"]], LABELS)
    with pytest.raises(InvalidArgumentError, match="each once"):
        benchmarks.of_names([["c1-0", "c1-0"]], LABELS)
    with pytest.raises(InvalidArgumentError, match="there are none"):
        benchmarks.draw({"a": 0}, 1, 1)
    with pytest.raises(InvalidArgumentError, match="same candidates"):
        benchmarks.joined([benchmarks.draw(LABELS, 1, 1), benchmarks.draw({"a": 1}, 1, 1)])
