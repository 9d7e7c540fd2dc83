"""Claims of chapter 4 about categories, and about what makes a benchmark predictive of natural shifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore.atlas.populations import Population
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks, categories, correlation, criteria
from robustcore.reports.claims._base import NOT_SEEN, SEEN, UNSAID, Claim
from robustcore.reports.claims._evidence import (
    PUBLISHED_K,
    SCENES,
    Evidence,
    Judged,
    alone,
    claim,
    defined,
    ends,
    of_interval,
    signed,
)

DRAWS = 200  # of the models
REPEATS = 20  # drawings of the overlaps that the number of categories is told from
GAIN = 0.02  # of a mean correlation; a smaller one is none. The thesis' tables 4.4 and 4.5 have 0.03 to 0.06
APART = 0.1  # of a correlation within categories against across
RELATED = (
    "The models are small, few, and many of them were trained from the same weights: the interval over them takes them as "
    "independent and is too narrow."
)


def number(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        found = evidence.candidates
        sweep = evidence.sweep
        _, again = signed(found, list(found.names))
        chosen = [_chosen(pd.DataFrame(np.clip(each, 0, None), found.names, found.names)) for each in again[:REPEATS]]
        known = sorted(k for k in chosen if k)
        if len(known) < REPEATS / 2 or sweep.chosen is None:
            return UNSAID, f"No K up to {max(sweep.categories)} passes the rule surely enough.", sweep.table
        low, high = known[0], known[-1]
        row = sweep.table.set_index("k").loc[sweep.chosen]
        said = (
            f"The rule takes K = {sweep.chosen} for {defined(found)} candidates (SCC {row['scc']:.2f}, DCC {row['dcc']:.2f}; "
            f"stability {row['stability']:.2f}); over {REPEATS} drawings of images and seeds {low} to {high}. {alone(found)}"
        )
        if not low <= PUBLISHED_K <= high:
            return NOT_SEEN, said, sweep.table
        return SEEN if abs(sweep.chosen - PUBLISHED_K) <= 1 else UNSAID, said, sweep.table

    return claim(
        judge,
        text="Forty candidate corruptions fall into six categories.",
        source="Laugros' thesis, section 4.3.3.1, figure 4.7",
        rule="The first K at which rows of one category correlate by more than 0.5 is 5, 6 or 7, and 6 lies within what drawings over "
        "images and seeds give; not seen where it lies outside.",
        caution=f"The candidates are calibrated for scenes, and some of them cannot be tested there. {SCENES}",
    )


def over_models(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        labels, tested = evidence.tested
        told = correlation.check(tested.synthetic, labels)
        draw = np.random.default_rng(0)
        gaps = []
        for _ in range(DRAWS):
            pick = draw.integers(0, len(tested), len(tested))
            if len(set(pick.tolist())) >= 3:
                drawn = correlation.check(tested.synthetic.iloc[pick].reset_index(drop=True), labels)
                gaps.append(drawn.scc - drawn.dcc)
        low, high = ends(np.array(gaps))
        said = (
            f"Over {told.models} models the robustnesses to two corruptions of one category correlate by {told.scc:.2f} ({told.same} "
            f"pairs), of different ones by {told.dcc:.2f} ({told.different}): {told.scc - told.dcc:+.2f} ({low:+.2f} to {high:+.2f}). "
            "The thesis has 0.67 and 0.10."
        )
        table = pd.DataFrame(
            {"pairs": ["same category", "different categories"], "r": [told.scc, told.dcc], "thesis": [0.67, 0.10]}
        )
        return of_interval(low, high, APART), said, table

    return claim(
        judge,
        text="Models that are robust to a corruption are robust to those of its category, and not to others.",
        source="Laugros' thesis, section 4.3.3.2 (0.67 against 0.10)",
        rule="Mean correlation over models within categories less that across them: the 95 % interval over models lies above 0; not seen "
        "where it ends below 0.1.",
        caution=RELATED,
    )


def more_categories(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        labels, tested = evidence.tested
        groups, _ = criteria.groups(labels, criteria.couples(labels))
        sizes: dict[int, list[tuple[int, int]]] = {}
        for n, k in sorted(groups):
            sizes.setdefault(n * k, []).append((n, k))
        pairs = [(couples[-1], couples[0]) for couples in sizes.values() if len(couples) > 1]
        return _compared([(_couple(a), groups[a], _couple(b), groups[b]) for a, b in pairs], tested)

    return claim(
        judge,
        text="Of benchmarks of one size, those of more categories are more predictive of natural shifts.",
        source="Laugros' thesis, section 4.3.4.1, table 4.4",
        rule="For each size the mean correlation of 1,000 benchmarks of the most categories less that of the fewest, over the natural "
        "sets: the 95 % intervals over models lie above 0; not seen where all end below 0.02.",
        caution=RELATED,
    )


def balance(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        labels, tested = evidence.tested
        n = min(PUBLISHED_K, int((labels.value_counts() >= 2).sum()))
        parts = criteria.substituted(benchmarks.draw(labels, n, 2))
        kept = [value for value, group in parts.items() if len(group) > criteria.LEAST]
        if len(kept) < 2 or kept[0] != 0:
            raise InvalidArgumentError("the categories allow too few substitutions")
        last = kept[-1]
        return _compared([("deviation 0", parts[0.0], f"deviation {last:g}", parts[last])], tested)

    return claim(
        judge,
        text="Of benchmarks of one size, those that are balanced over their categories are more predictive of natural shifts.",
        source="Laugros' thesis, section 4.3.4.2, table 4.5",
        rule="Mean correlation of balanced benchmarks (6 categories, 2 corruptions each) less that of the group of more than 200 that "
        "substitutions unbalance most: the 95 % interval over models lies above 0; not seen where it ends below 0.02.",
        caution=RELATED,
    )


def size(evidence: Evidence) -> Claim:
    def judge() -> Judged:
        labels, tested = evidence.tested
        counts = labels.value_counts()
        k = 3 if (counts >= 3).sum() >= 2 else 2
        n = min(PUBLISHED_K, int((counts >= k).sum()))
        groups, refused = criteria.groups(labels, [(n, 1), (n, k)])
        if refused:
            raise InvalidArgumentError(next(iter(refused.values())))
        return _compared([(_couple((n, k)), groups[n, k], _couple((n, 1)), groups[n, 1])], tested)

    return claim(
        judge,
        text="More corruptions of each category make a benchmark more predictive of natural shifts.",
        source="Laugros' thesis, section 4.3.4.3, table 4.4",
        rule="Mean correlation of 1,000 benchmarks with 3 corruptions of each category (2 where categories are small) less that with "
        "1: the 95 % interval over models lies above 0; not seen where it ends below 0.02.",
        caution=RELATED,
    )


def _compared(
    pairs: Sequence[tuple[str, benchmarks.Benchmarks, str, benchmarks.Benchmarks]], tested: Population
) -> Judged:
    """The verdict over differences that have to hold all together."""
    if not pairs:
        raise InvalidArgumentError("the categories allow no two groups to compare")
    told = [criteria.difference(a, b, tested.synthetic, tested.natural) for _, a, _, b in pairs]
    said = [
        f"{first} against {second}: {d.first:.3f} and {d.second:.3f}, {d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f})"
        for (first, _, second, _), d in zip(pairs, told, strict=True)
    ]
    sentence = f"{'; '.join(said)}; over {told[0].models} models and {tested.natural.shape[1]} natural sets."
    table = pd.DataFrame(
        [
            {"first": first, "second": second, "r_first": d.first, "r_second": d.second, "low": d.low, "high": d.high}
            for (first, _, second, _), d in zip(pairs, told, strict=True)
        ]
    )
    return of_interval(min(d.low for d in told), max(d.high for d in told), GAIN), sentence, table


def _chosen(scores: pd.DataFrame) -> int | None:
    """K by the rule, by a few initialisations."""
    known, _ = categories.complete(scores)
    for k in range(2, min(16, len(known))):
        if categories.kmeans(scores, k, initialisations=5).scc > categories.RULE:
            return k
    return None


def _couple(couple: tuple[int, int]) -> str:
    return f"(n = {couple[0]}, k = {couple[1]})"
