"""Categories: on blocks that cannot be missed, by hand, and against scikit-learn and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.overlap import categories
from robustcore.overlap.categories import Categories

BLOCKS = {"noise": 4, "blur": 3, "warp": 2}
NAMES = [f"{block}-{i}" for block, size in BLOCKS.items() for i in range(size)]


def blocks(inside: float = 0.8, across: float = 0.1, jitter: float = 0.05, seed: int = 0) -> pd.DataFrame:
    kinds = np.repeat(np.arange(len(BLOCKS)), list(BLOCKS.values()))
    matrix = np.where(kinds[:, None] == kinds[None], inside, across)
    matrix = matrix + np.random.default_rng(seed).uniform(-jitter, jitter, matrix.shape)
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1)
    return pd.DataFrame(matrix, index=NAMES, columns=NAMES)


def by_block(found: Categories) -> bool:
    return [set(names) for names in found.members.values()] == [
        {name for name in NAMES if name.startswith(block)} for block in BLOCKS
    ]


@pytest.mark.parametrize(
    "cluster",
    [lambda t: categories.kmeans(t, 3), lambda t: categories.hierarchical(t, 3), lambda t: categories.hdbscan(t, 2)],
    ids=["k-means", "hierarchical", "hdbscan"],
)
def test_blocks_are_found_numbered_from_the_largest_and_independent_of_the_order(cluster: object) -> None:
    code_blocks = cluster(blocks())  # type: ignore[operator]
    assert by_block(code_blocks)
    mixed = list(np.random.default_rng(3).permutation(NAMES))
    pd.testing.assert_series_equal(cluster(blocks().loc[mixed, mixed]).labels, code_blocks.labels)  # type: ignore[operator]


def test_scc_and_dcc_worked_by_hand() -> None:
    # Rows a (1, .5, 0), b (.5, 1, 0), c (0, 0, 1) less their means: (.5, 0, -.5), (0, .5, -.5), (-1/3, -1/3, 2/3).
    # r(a, b) = .25 / .5 = .5; r(a, c) = (-1/6 - 1/3) / (sqrt(.5) * sqrt(2/3)) = -.8660, and the same for b.
    inputs = pd.DataFrame([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]], index=list("abc"), columns=list("abc"))
    result = categories.kmeans(inputs, 2)
    assert result.members == {1: ("a", "b"), 2: ("c",)}
    assert result.scc == pytest.approx(0.5)
    assert result.dcc == pytest.approx(-np.sqrt(3) / 2)


def test_correlations_are_numpys() -> None:
    matrix = np.random.default_rng(0).random((7, 5))
    np.testing.assert_allclose(categories.correlations(matrix), np.corrcoef(matrix))


def test_one_category_has_no_dcc_and_single_members_no_scc() -> None:
    assert np.isnan(categories.kmeans(blocks(), 1).dcc)
    assert np.isnan(categories.kmeans(blocks(), len(NAMES)).scc)


class TestSweep:
    def test_the_first_k_above_the_rule_is_chosen(self) -> None:
        code_blocks = categories.sweep(blocks(), initialisations=3, repeats=2)
        assert code_blocks.table["k"].tolist() == list(range(2, len(NAMES)))
        assert code_blocks.chosen == next(
            k for k, scc in zip(code_blocks.table["k"], code_blocks.table["scc"], strict=True) if scc > 0.5
        )
        assert by_block(code_blocks.categories[3])
        assert code_blocks.table["inertia"].is_monotonic_decreasing

    def test_where_none_passes_none_is_chosen(self) -> None:
        assert categories.sweep(blocks(), [2, 3], rule=0.9999, initialisations=3, repeats=2).chosen is None

    def test_the_k_means_is_scikit_learns_with_as_many_initialisations(self) -> None:
        from sklearn.cluster import KMeans

        ordered = blocks().loc[sorted(NAMES), sorted(NAMES)]
        peer = KMeans(4, n_init=10, max_iter=1000, random_state=5).fit(ordered.to_numpy())
        code_blocks = categories.sweep(blocks(), [4], seed=5, initialisations=10, repeats=2)
        assert code_blocks.table["inertia"][0] == pytest.approx(peer.inertia_)


def test_undefined_corruptions_are_left_out_and_listed() -> None:
    inputs = blocks()
    inputs.loc["noise-3"] = inputs["noise-3"] = np.nan
    inputs.loc["warp-1", "blur-0"] = inputs.loc["blur-0", "warp-1"] = np.nan
    inputs.loc["warp-1", "blur-2"] = inputs.loc["blur-2", "warp-1"] = np.nan
    result = categories.kmeans(inputs, 3)
    assert result.left_out == {
        "noise-3": categories.no_overlap_defined("noise-3"),
        "warp-1": categories.undefined_with("warp-1", ("blur-0", "blur-2")),
    }
    assert sorted(result.order) == sorted(NAMES)
    assert result.order[-2:] == ("noise-3", "warp-1")


def test_hdbscan_may_put_a_corruption_into_no_category() -> None:
    inputs = blocks(across=0.5)
    inputs["lone"] = 0.0
    inputs.loc["lone"] = [0.0] * len(NAMES) + [1.0]
    result = categories.hdbscan(inputs)
    assert result.labels["lone"] == 0
    assert result.k == 3
    assert "lone" not in [name for names in result.members.values() for name in names]


def test_agreement_is_the_adjusted_rand_index() -> None:
    first = categories.kmeans(blocks(), 3)
    assert categories.agreement(first, categories.kmeans(blocks(seed=9), 3)) == 1
    # {1, 1, 2, 2} against {1, 2, 1, 2}: no pair agrees; scikit-learn's documentation gives -0.5.
    a, b = (
        Categories("k-means", pd.Series(labels, list("wxyz")), 0.0, 0.0, {}) for labels in ([1, 1, 2, 2], [1, 2, 1, 2])
    )
    assert categories.agreement(a, b) == pytest.approx(-0.5)


def test_stability_is_high_for_blocks_and_low_for_noise() -> None:
    alike = [blocks(seed=i) for i in range(3)]
    draw = np.random.default_rng(0)
    noise = [pd.DataFrame(m + m.T, NAMES, NAMES) for m in draw.random((3, len(NAMES), len(NAMES)))]
    assert categories.stability(alike, 3, initialisations=5) == 1
    assert categories.stability(noise, 3, initialisations=5) < 0.5


class TestBadInput:
    def test_k_beyond_the_corruptions(self) -> None:
        with pytest.raises(InvalidArgumentError, match="K is 1 to 9"):
            categories.kmeans(blocks(), 10)
        inputs = blocks()
        inputs.loc["warp-0"] = inputs["warp-0"] = np.nan
        with pytest.raises(InvalidArgumentError, match=r"K is 1 to 8.*left out: warp-0"):
            categories.hierarchical(inputs, 9)

    def test_a_single_corruption(self) -> None:
        one = pd.DataFrame([[1.0]], ["fog"], ["fog"])
        assert categories.kmeans(one, 1).members == {1: ("fog",)}
        assert categories.hierarchical(one, 1).members == {1: ("fog",)}
        with pytest.raises(InvalidArgumentError, match="three corruptions"):
            categories.sweep(one)
        with pytest.raises(InvalidArgumentError, match="smallest category"):
            categories.hdbscan(one)

    def test_identical_corruptions_fill_fewer_categories_than_asked(self) -> None:
        same = pd.DataFrame(np.ones((3, 3)), list("abc"), list("abc"))
        assert categories.kmeans(same, 2).k == 1

    def test_a_matrix_that_is_none(self) -> None:
        with pytest.raises(InvalidArgumentError, match="same corruptions"):
            categories.kmeans(blocks().iloc[:4], 2)
        with pytest.raises(InvalidArgumentError, match="two matrices"):
            categories.stability([blocks()], 3)


def test_on_a_map_neighbours_are_alike() -> None:
    # noise and warp overlap, blur stands apart; inside noise 0 and 2 are alike, and 1 and 3.
    table = blocks(jitter=0)
    noise, warp = ([n for n in NAMES if n.startswith(block)] for block in ("noise", "warp"))
    table.loc[noise, warp] = 0.3
    table.loc[warp, noise] = 0.3
    for a, b in ((0, 2), (1, 3)):
        table.loc[noise[a], noise[b]] = table.loc[noise[b], noise[a]] = 0.95
    result = categories.kmeans(table, 3)
    order = categories.arranged(result, table)
    assert {number: set(names) for number, names in order.items()} == {k: set(v) for k, v in result.members.items()}
    assert [names[0].partition("-")[0] for names in order.values()] == ["noise", "warp", "blur"]
    places = {name: i for i, name in enumerate(order[1])}
    assert abs(places["noise-0"] - places["noise-2"]) == abs(places["noise-1"] - places["noise-3"]) == 1
