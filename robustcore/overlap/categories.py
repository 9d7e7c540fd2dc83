"""Categories: corruptions whose rows of overlaps are alike (Laugros' thesis, 4.3.3).

K-means on the rows of the matrix: K grows until the mean Pearson correlation between the rows of same-category corruptions
(SCC) exceeds 0.5, while that of different-category corruptions (DCC) should stay low. Hierarchical clustering and HDBSCAN,
the thesis' further work, are alternatives; their distance is one minus the same correlation.

Rows and columns are sorted by name before fitting, so the order of the table does not matter. Corruptions without a
complete row are left out and listed.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.overlap.accuracies import Array

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

RULE = 0.5
INITIALISATIONS = 100
ITERATIONS = 1000
NONE = 0  # the label of corruptions that HDBSCAN assigns to no category


@dataclasses.dataclass(frozen=True, eq=False)
class Categories:
    """Corruptions by category.

    Attributes:
        method: "k-means", "hierarchical" or "hdbscan".
        labels: (K,) the category of each corruption, 1 .. k from the largest down; 0 for no category (only HDBSCAN). Sorted by name.
        scc: mean correlation between the rows of two corruptions of the same category, NaN if every category has only one.
        dcc: the same for different categories, NaN with a single category.
        left_out: corruptions without a complete row, and why.
    """

    method: str
    labels: pd.Series
    scc: float
    dcc: float
    left_out: Mapping[str, Note]

    @property
    def k(self) -> int:
        """The number of categories."""
        return len(set(self.labels) - {NONE})

    @property
    def members(self) -> dict[int, tuple[str, ...]]:
        """The corruptions of each category, sorted by name."""
        return {
            label: tuple(str(name) for name in self.labels.index[self.labels == label])
            for label in range(1, self.k + 1)
        }

    @property
    def order(self) -> tuple[str, ...]:
        """All corruptions by category, for a heatmap with categories as squares; those without a category and those left out come last."""
        inside = [name for names in self.members.values() for name in names]
        return (*inside, *(str(name) for name in self.labels.index[self.labels == NONE]), *self.left_out)


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """Categories for every K.

    Attributes:
        table: one row for each K: k, scc, dcc, inertia (sum of squared distances to the centroids), stability (mean adjusted
            Rand index between K-means runs from different seeds with a tenth of the initialisations; 1: always the same).
        categories: by K.
        chosen: the first K whose SCC exceeds the rule, or None.
        rule: the threshold for SCC.
    """

    table: pd.DataFrame
    categories: Mapping[int, Categories]
    chosen: int | None
    rule: float


def complete(overlap: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Note]]:
    """The part of a matrix of overlaps without gaps, sorted by name, and what was left out, with the reason.

    Corruptions without any defined overlap are dropped first, then repeatedly the one with the most undefined pairs, until
    no gap is left.
    """
    if list(arguments.table(overlap, "matrix of overlaps").index) != list(overlap.columns):
        raise InvalidArgumentError(
            "A matrix of overlaps needs the same corruptions as rows and columns, in the same order."
        )
    names = sorted(str(name) for name in overlap.index)
    matrix = overlap.loc[names, names].astype(float)
    defined = np.isfinite(matrix.to_numpy())
    left_out = {
        name: no_overlap_defined(name) for name, has_own in zip(names, np.diagonal(defined), strict=True) if not has_own
    }
    keep = np.diagonal(defined).copy()
    while not (inside := defined[np.ix_(keep, keep)]).all():
        worst = np.flatnonzero(keep)[int((~inside).sum(axis=1).argmax())]
        gaps = [names[i] for i in np.flatnonzero(keep & ~defined[worst])]
        left_out[names[worst]] = undefined_with(names[worst], tuple(gaps))
        keep[worst] = False
    kept = [name for name, flag in zip(names, keep, strict=True) if flag]
    return matrix.loc[kept, kept], left_out


def kmeans(
    overlap: pd.DataFrame,
    k: int,
    *,
    seed: int = 0,
    initialisations: int = INITIALISATIONS,
    iterations: int = ITERATIONS,
) -> Categories:
    """K categories by K-means on the rows (thesis: 100 initialisations, at most 1000 iterations; seeded here).

    Args:
        overlap: (K, K) symmetric, from `scores`, NaN where undefined.
        k: 1 to the number of corruptions with a complete row.
        seed: of the initialisations.

    Raises:
        InvalidArgumentError: k exceeds the number of corruptions with a complete row.
    """
    matrix, left_out = complete(overlap)
    k, seed = _check(k, matrix, left_out), _seed(seed)
    initialisations, iterations = _times(initialisations), _times(iterations)
    labels = _fit(matrix.to_numpy(), k, seed, initialisations, iterations)[0]
    return _categories("k-means", matrix, labels, left_out)


def sweep(
    overlap: pd.DataFrame,
    ks: Iterable[int] | None = None,
    *,
    seed: int = 0,
    rule: float = RULE,
    initialisations: int = INITIALISATIONS,
    repeats: int = 10,
) -> Sweep:
    """K-means for several K, and the K that the thesis' rule selects.

    Args:
        overlap: as in `kmeans`, with three or more corruptions with a complete row.
        ks: by default 2 to 15, at most one less than the number of corruptions.
        repeats: number of seeds for the stability.

    Raises:
        InvalidArgumentError: fewer than three corruptions, or a K larger than their number.
    """
    matrix, left_out = complete(overlap)
    offered = _ks(matrix, left_out)
    wanted = offered if ks is None else arguments.several(ks, "K are whole numbers")
    seed, initialisations, repeats = _seed(seed), _times(initialisations), _times(repeats)
    by_k, rows = {}, []
    for k in sorted({_check(k, matrix, left_out) for k in wanted}):
        labels, inertia = _fit(matrix.to_numpy(), k, seed, initialisations, ITERATIONS)
        by_k[k] = _categories("k-means", matrix, labels, left_out)
        fewer = max(1, initialisations // 10)
        repeated = [_fit(matrix.to_numpy(), k, seed + i, fewer, ITERATIONS)[0] for i in range(repeats)]
        rows.append((k, by_k[k].scc, by_k[k].dcc, inertia, _mean_agreement(repeated)))
    table = pd.DataFrame(rows, columns=["k", "scc", "dcc", "inertia", "stability"])
    passing = table.loc[table["scc"] > rule, "k"]
    return Sweep(table, by_k, int(passing.iloc[0]) if len(passing) else None, rule)


def by_rule(overlap: pd.DataFrame, *, seed: int = 0, rule: float = RULE) -> Categories:
    """The K-means categories of the thesis' rule: the first K, from 2 upwards, whose SCC exceeds it; a `sweep` that stops there.

    If no K from 2 to 15 does, the categories with the largest SCC.

    Raises:
        InvalidArgumentError: fewer than three corruptions whose overlaps are defined.
    """
    best: Categories | None = None
    for k in _ks(*complete(overlap)):
        categories = kmeans(overlap, k, seed=seed)
        if categories.scc > rule:
            return categories
        if best is None or not categories.scc <= best.scc:
            best = categories
    assert best is not None
    return best


def _ks(matrix: pd.DataFrame, left_out: Mapping[str, Note]) -> range:
    """The values of K to choose from."""
    if len(matrix) < 3:
        raise InvalidArgumentError(
            f"A choice of K needs three corruptions or more whose overlaps are defined; there are {len(matrix)}{_listed(left_out)}."
        )
    return range(2, min(16, len(matrix)))


def hierarchical(overlap: pd.DataFrame, k: int) -> Categories:
    """K categories by agglomerative clustering, average linkage, of the distance 1 - correlation between rows."""
    from sklearn.cluster import AgglomerativeClustering

    matrix, left_out = complete(overlap)
    k = _check(k, matrix, left_out)
    if len(matrix) == 1:
        labels = np.zeros(1, dtype=int)
    else:
        labels = AgglomerativeClustering(k, metric="precomputed", linkage="average").fit_predict(_distances(matrix))
    return _categories("hierarchical", matrix, labels, left_out)


def hdbscan(overlap: pd.DataFrame, smallest: int = 2) -> Categories:
    """Categories by HDBSCAN on the distance 1 - correlation between rows; it finds their number and may leave some unassigned.

    Args:
        overlap: as in `kmeans`.
        smallest: minimum number of corruptions in a category, 2 or more.
    """
    from sklearn.cluster import HDBSCAN

    matrix, left_out = complete(overlap)
    rule = f"The smallest category has 2 to {len(matrix)} corruptions here{_listed(left_out)}"
    smallest = arguments.whole(smallest, rule, low=2, high=len(matrix))
    labels = HDBSCAN(min_cluster_size=smallest, metric="precomputed", copy=True).fit_predict(_distances(matrix))
    return _categories("hdbscan", matrix, labels, left_out)


def arranged(categories: Categories, overlap: pd.DataFrame) -> dict[int, tuple[str, ...]]:
    """The members of each category, ordered for a heatmap so that neighbours are alike.

    The largest category comes first; each is followed by the one that overlaps most with it. Within a category the rows
    are leaves of average linkage, ordered so that neighbours are nearest.

    Args:
        categories: categories of the matrix.
        overlap: (K, K) the matrix that they were computed from.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    matrix, _ = complete(overlap)
    distances, places = _distances(matrix), {str(name): i for i, name in enumerate(matrix.index)}
    members = {number: [places[name] for name in names] for number, names in categories.members.items()}
    values = matrix.to_numpy()
    order: dict[int, tuple[str, ...]] = {}
    last = None
    while len(order) < len(members):
        rest = [number for number in members if number not in order]
        if last is not None:
            means = [float(values[np.ix_(members[last], members[number])].mean()) for number in rest]
            rest = [rest[int(np.argmax(means))]]
        last = rest[0]
        row_order = members[last]
        if len(row_order) > 2:
            between = squareform(distances[np.ix_(row_order, row_order)], checks=False)
            row_order = [row_order[i] for i in leaves_list(linkage(between, "average", optimal_ordering=True))]
        order[last] = tuple(str(matrix.index[i]) for i in row_order)
    return order


def agreement(first: Categories, second: Categories) -> float:
    """The adjusted Rand index of two clusterings on their shared corruptions: 1 the same, about 0 by chance. NaN below two."""
    shared = first.labels.index.intersection(second.labels.index)
    if len(shared) < 2:
        return float("nan")
    return _rand(first.labels[shared].to_numpy(int), second.labels[shared].to_numpy(int))


def stability(
    overlaps: Sequence[pd.DataFrame], k: int, *, seed: int = 0, initialisations: int = INITIALISATIONS
) -> float:
    """The mean adjusted Rand index between the K-means categories of several matrices, such as one per training seed.

    Args:
        overlaps: two or more matrices; categories are compared on the corruptions that both share.
        k: number of categories in each.
    """
    if isinstance(overlaps, pd.DataFrame):
        raise arguments.refuse("Stability compares two matrices of overlaps or more", overlaps)
    if len(overlaps) < 2:
        raise InvalidArgumentError(f"Stability compares two matrices of overlaps or more, not {len(overlaps)}.")
    categories = [kmeans(table, k, seed=seed, initialisations=initialisations) for table in overlaps]
    pairs = [agreement(a, b) for i, a in enumerate(categories) for b in categories[:i]]
    return float(np.mean(pairs))


def correlations(matrix: Array) -> Array:
    """(K, K) Pearson correlations between the rows of (K, M); NaN for a row that is constant."""
    centred = matrix - matrix.mean(axis=1, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=1))
    varying = norm > 1e-12
    unit = np.divide(centred, norm[:, None], out=np.full(centred.shape, np.nan), where=varying[:, None])
    r: Array = np.clip(unit @ unit.T, -1, 1)
    return r


def same_and_different(pairs: Array, labels: npt.NDArray[np.int_]) -> tuple[float, float]:
    """Means over the pairs of the same and of different categories, each pair once; NaN without such a pair.

    Args:
        pairs: (K, K) symmetric, NaN where undefined.
        labels: (K,) categories; corruptions without one (0) are left out.
    """
    upper = np.triu(np.isfinite(pairs), 1) & (labels != NONE)[:, None] & (labels != NONE)[None]
    same = labels[:, None] == labels[None]
    scc, dcc = pairs[upper & same], pairs[upper & ~same]
    return tuple(float(part.mean()) if len(part) else float("nan") for part in (scc, dcc))  # type: ignore[return-value]


def _fit(matrix: Array, k: int, seed: int, initialisations: int, iterations: int) -> tuple[npt.NDArray[np.int_], float]:
    k = min(k, len(np.unique(matrix, axis=0)))  # identical rows allow fewer categories than requested
    return _fit_once(matrix.astype(float).tobytes(), matrix.shape[1], k, seed, initialisations, iterations)


@functools.lru_cache(maxsize=1024)
def _fit_once(
    data: bytes, columns: int, k: int, seed: int, initialisations: int, iterations: int
) -> tuple[npt.NDArray[np.int_], float]:
    """Labels and inertia; kept, since Claims, the builder and the map of overlaps ask the same of the same matrix."""
    from sklearn.cluster import KMeans

    matrix = np.frombuffer(data).reshape(-1, columns)
    with _thread_pools().limit(limits=1, user_api="openmp"):  # on 40 rows two threads take eight times as long as one
        fitted = KMeans(k, n_init=initialisations, max_iter=iterations, random_state=seed).fit(matrix)
    labels = fitted.labels_.astype(int)
    labels.flags.writeable = False
    return labels, float(fitted.inertia_)


@functools.cache
def _thread_pools() -> ThreadpoolController:
    import sklearn.cluster  # noqa: F401  (loads the library whose threads are bounded)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _categories(
    method: str, matrix: pd.DataFrame, labels: npt.NDArray[np.int_], left_out: Mapping[str, Note]
) -> Categories:
    """Numbered from the largest down, ties by the first name; -1 becomes 0, no category."""
    names = list(matrix.index)
    first = {label: int(np.flatnonzero(labels == label)[0]) for label in set(labels.tolist()) - {-1}}
    ranked = sorted(first, key=lambda label: (-int((labels == label).sum()), first[label]))
    number = {label: i for i, label in enumerate(ranked, start=1)} | {-1: NONE}
    renamed = np.array([number[label] for label in labels.tolist()], dtype=int)
    scc, dcc = same_and_different(correlations(matrix.to_numpy()), renamed)
    return Categories(method, pd.Series(renamed, index=names, name="category"), scc, dcc, dict(left_out))


def _distances(matrix: pd.DataFrame) -> Array:
    distances = 1 - correlations(matrix.to_numpy())
    distances = np.where(np.isfinite(distances), distances, 1.0)
    np.fill_diagonal(distances, 0)
    return distances


def _mean_agreement(labels: Sequence[npt.NDArray[np.int_]]) -> float:
    pairs = [_rand(a, b) for i, a in enumerate(labels) for b in labels[:i]]
    return float(np.mean(pairs)) if pairs else float("nan")


def _rand(first: npt.NDArray[np.int_], second: npt.NDArray[np.int_]) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))


def _check(k: int, matrix: pd.DataFrame, left_out: Mapping[str, Note]) -> int:
    """K, if there are so many corruptions."""
    rule = f"K is 1 to {len(matrix)}, the number of corruptions whose overlaps are defined{_listed(left_out)}"
    return arguments.whole(k, rule, low=1, high=len(matrix))


def _seed(seed: int) -> int:
    return arguments.whole(seed, "A seed of K-means is an integer from 0 to 2**31 - 1", high=(1 << 31) - 1)


def _times(count: int) -> int:
    return arguments.whole(count, "Initialisations, iterations and repeats are 1 to 1,000,000", low=1, high=1_000_000)


def _listed(left_out: Mapping[str, Note]) -> str:
    return f" (left out: {', '.join(left_out)})" if left_out else ""


@note
def no_overlap_defined(corruption: str) -> str:
    return f"no overlap of {corruption} is defined"


@note
def undefined_with(corruption: str, others: tuple[str, ...]) -> str:
    return f"the overlap of {corruption} with {', '.join(others)} is undefined"
