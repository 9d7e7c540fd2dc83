"""Categories: corruptions whose rows of overlaps are alike (Laugros' thesis, 4.3.3).

K-means on the rows of the matrix; K is raised until the mean Pearson correlation between the rows of same-category corruptions
(SCC) passes 0.5, while that of different-category corruptions (DCC) is to stay low. Hierarchical clustering and HDBSCAN, the
thesis' further work, stand beside it, with one minus the same correlation as the distance.

Rows and columns are sorted by name before anything is fitted, so that the order of the table changes nothing. Corruptions
without a complete row are left out and listed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.overlap.accuracies import Array

RULE = 0.5
INITIALISATIONS = 100
ITERATIONS = 1000
NONE = 0  # the category of what HDBSCAN puts into none


@dataclasses.dataclass(frozen=True, eq=False)
class Categories:
    """Corruptions by category.

    Attributes:
        method: "k-means", "hierarchical" or "hdbscan".
        labels: (K,) the category of each corruption, 1 .. k from the largest down; 0 for in none (HDBSCAN alone). Sorted by name.
        scc: mean correlation between the rows of two corruptions of the same category, NaN where every category has one.
        dcc: the same for different categories, NaN where there is one category alone.
        left_out: corruptions without a complete row, and why.
    """

    method: str
    labels: pd.Series
    scc: float
    dcc: float
    left_out: Mapping[str, Note]

    @property
    def k(self) -> int:
        """How many categories there are."""
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
        """All corruptions by category, for a heatmap in which categories are squares; those in none and those left out last."""
        inside = [name for names in self.members.values() for name in names]
        return (*inside, *(str(name) for name in self.labels.index[self.labels == NONE]), *self.left_out)


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """Categories for every K.

    Attributes:
        table: one row for each K: k, scc, dcc, inertia (sum of squared distances to the centroids), stability (mean adjusted
            Rand index between the K-means of different seeds with a tenth of the initialisations, 1 is "always the same").
        categories: by K.
        chosen: the first K whose SCC passes the rule, or None.
        rule: what SCC has to pass.
    """

    table: pd.DataFrame
    categories: Mapping[int, Categories]
    chosen: int | None
    rule: float


def complete(overlap: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Note]]:
    """The part of a matrix of overlaps without gaps, sorted by name, and what was left out, with the reason.

    Corruptions that no overlap is defined with go first; of the others the one with the most undefined pairs, until none is
    left.
    """
    if list(arguments.table(overlap, "matrix of overlaps").index) != list(overlap.columns):
        raise InvalidArgumentError(
            "A matrix of overlaps has the same corruptions as rows and as columns, in one order."
        )
    names = sorted(str(name) for name in overlap.index)
    matrix = overlap.loc[names, names].astype(float)
    known = np.isfinite(matrix.to_numpy())
    left_out = {name: no_overlap_defined(name) for name, own in zip(names, np.diagonal(known), strict=True) if not own}
    keep = np.diagonal(known).copy()
    while not (inside := known[np.ix_(keep, keep)]).all():
        worst = np.flatnonzero(keep)[int((~inside).sum(axis=1).argmax())]
        gaps = [names[i] for i in np.flatnonzero(keep & ~known[worst])]
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
        InvalidArgumentError: k beyond the corruptions that there are.
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
    """K-means for several K, and the K that the thesis' rule takes.

    Args:
        overlap: as in `kmeans`, with three or more corruptions with a complete row.
        ks: default 2 to 15, or to one less than the number of corruptions.
        repeats: seeds that the stability is told from.

    Raises:
        InvalidArgumentError: fewer than three corruptions, or a K beyond them.
    """
    matrix, left_out = complete(overlap)
    offered = _ks(matrix, left_out)
    wanted = offered if ks is None else arguments.several(ks, "K are whole numbers")
    seed, initialisations, repeats = _seed(seed), _times(initialisations), _times(repeats)
    found, rows = {}, []
    for k in sorted({_check(k, matrix, left_out) for k in wanted}):
        labels, inertia = _fit(matrix.to_numpy(), k, seed, initialisations, ITERATIONS)
        found[k] = _categories("k-means", matrix, labels, left_out)
        fewer = max(1, initialisations // 10)
        again = [_fit(matrix.to_numpy(), k, seed + i, fewer, ITERATIONS)[0] for i in range(repeats)]
        rows.append((k, found[k].scc, found[k].dcc, inertia, _mean_agreement(again)))
    table = pd.DataFrame(rows, columns=["k", "scc", "dcc", "inertia", "stability"])
    passing = table.loc[table["scc"] > rule, "k"]
    return Sweep(table, found, int(passing.iloc[0]) if len(passing) else None, rule)


def by_rule(overlap: pd.DataFrame, *, seed: int = 0, rule: float = RULE) -> Categories:
    """The K-means categories of the thesis' rule: K from 2 upwards, the first whose SCC passes it; a `sweep` that stops there.

    Where none of K = 2 .. 15 passes, those of the greatest SCC.

    Raises:
        InvalidArgumentError: fewer than three corruptions whose overlaps are defined.
    """
    best: Categories | None = None
    for k in _ks(*complete(overlap)):
        found = kmeans(overlap, k, seed=seed)
        if found.scc > rule:
            return found
        if best is None or not found.scc <= best.scc:
            best = found
    assert best is not None
    return best


def _ks(matrix: pd.DataFrame, left_out: Mapping[str, Note]) -> range:
    """The K that a choice is made of."""
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
    """Categories by HDBSCAN on the distance 1 - correlation between rows: it finds their number, and may put some into none.

    Args:
        overlap: as in `kmeans`.
        smallest: the fewest corruptions of a category, 2 or more.
    """
    from sklearn.cluster import HDBSCAN

    matrix, left_out = complete(overlap)
    rule = f"The smallest category has 2 to {len(matrix)} corruptions here{_listed(left_out)}"
    smallest = arguments.whole(smallest, rule, low=2, high=len(matrix))
    labels = HDBSCAN(min_cluster_size=smallest, metric="precomputed", copy=True).fit_predict(_distances(matrix))
    return _categories("hdbscan", matrix, labels, left_out)


def arranged(found: Categories, overlap: pd.DataFrame) -> dict[int, tuple[str, ...]]:
    """The members of each category in an order for a map: neighbours are alike.

    From the largest category on, each is followed by the one that overlaps most with it; within a category the rows are leaves
    of average linkage, ordered so that neighbours are nearest.

    Args:
        found: categories of the matrix.
        overlap: (K, K) the matrix they were found in.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    matrix, _ = complete(overlap)
    distances, places = _distances(matrix), {str(name): i for i, name in enumerate(matrix.index)}
    members = {number: [places[name] for name in names] for number, names in found.members.items()}
    values = matrix.to_numpy()
    order: dict[int, tuple[str, ...]] = {}
    last = None
    while len(order) < len(members):
        rest = [number for number in members if number not in order]
        if last is not None:
            means = [float(values[np.ix_(members[last], members[number])].mean()) for number in rest]
            rest = [rest[int(np.argmax(means))]]
        last = rest[0]
        own = members[last]
        if len(own) > 2:
            between = squareform(distances[np.ix_(own, own)], checks=False)
            own = [own[i] for i in leaves_list(linkage(between, "average", optimal_ordering=True))]
        order[last] = tuple(str(matrix.index[i]) for i in own)
    return order


def agreement(first: Categories, second: Categories) -> float:
    """The adjusted Rand index of two divisions on the corruptions that both have: 1 the same, about 0 by chance. NaN below two."""
    shared = first.labels.index.intersection(second.labels.index)
    if len(shared) < 2:
        return float("nan")
    return _rand(first.labels[shared].to_numpy(int), second.labels[shared].to_numpy(int))


def stability(
    overlaps: Sequence[pd.DataFrame], k: int, *, seed: int = 0, initialisations: int = INITIALISATIONS
) -> float:
    """The mean adjusted Rand index between the K-means categories of several matrices: seeds of the training, say.

    Args:
        overlaps: two or more, of the same corruptions or a part of them; categories are compared where both have them.
        k: of all.
    """
    if isinstance(overlaps, pd.DataFrame):
        raise arguments.refuse("Stability compares two matrices of overlaps or more", overlaps)
    if len(overlaps) < 2:
        raise InvalidArgumentError(f"Stability compares two matrices of overlaps or more, not {len(overlaps)}.")
    found = [kmeans(table, k, seed=seed, initialisations=initialisations) for table in overlaps]
    pairs = [agreement(a, b) for i, a in enumerate(found) for b in found[:i]]
    return float(np.mean(pairs))


def correlations(matrix: Array) -> Array:
    """(K, K) Pearson correlations between the rows of (K, M); NaN for a row that is constant."""
    centred = matrix - matrix.mean(axis=1, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=1))
    varying = norm > 1e-12
    unit = np.divide(centred, norm[:, None], out=np.full(centred.shape, np.nan), where=varying[:, None])
    found: Array = np.clip(unit @ unit.T, -1, 1)
    return found


def same_and_different(pairs: Array, labels: npt.NDArray[np.int_]) -> tuple[float, float]:
    """Means over the pairs of the same and of different categories, each pair once; NaN where there is none.

    Args:
        pairs: (K, K) symmetric, NaN where undefined.
        labels: (K,) categories; what is in none (0) is in no pair.
    """
    upper = np.triu(np.isfinite(pairs), 1) & (labels != NONE)[:, None] & (labels != NONE)[None]
    same = labels[:, None] == labels[None]
    scc, dcc = pairs[upper & same], pairs[upper & ~same]
    return tuple(float(part.mean()) if len(part) else float("nan") for part in (scc, dcc))  # type: ignore[return-value]


def _fit(matrix: Array, k: int, seed: int, initialisations: int, iterations: int) -> tuple[npt.NDArray[np.int_], float]:
    from sklearn.cluster import KMeans

    k = min(k, len(np.unique(matrix, axis=0)))  # rows that are the same fill fewer categories than asked
    fitted = KMeans(k, n_init=initialisations, max_iter=iterations, random_state=seed).fit(matrix)
    return fitted.labels_.astype(int), float(fitted.inertia_)


def _categories(
    method: str, matrix: pd.DataFrame, labels: npt.NDArray[np.int_], left_out: Mapping[str, Note]
) -> Categories:
    """Numbered from the largest down, ties by the first name; -1 becomes 0, in none."""
    names = list(matrix.index)
    first = {label: int(np.flatnonzero(labels == label)[0]) for label in set(labels.tolist()) - {-1}}
    ranked = sorted(first, key=lambda label: (-int((labels == label).sum()), first[label]))
    number = {label: i for i, label in enumerate(ranked, start=1)} | {-1: NONE}
    renamed = np.array([number[label] for label in labels.tolist()], dtype=int)
    scc, dcc = same_and_different(correlations(matrix.to_numpy()), renamed)
    return Categories(method, pd.Series(renamed, index=names, name="category"), scc, dcc, dict(left_out))


def _distances(matrix: pd.DataFrame) -> Array:
    found = 1 - correlations(matrix.to_numpy())
    found = np.where(np.isfinite(found), found, 1.0)
    np.fill_diagonal(found, 0)
    return found


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
