"""Atlases of overlaps: which there are, and tables and names for their figures; `origin` has what they were computed from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from robustcore import corruptions, paths
from robustcore.atlas import published
from robustcore.evaluation import Condition, suites
from robustcore.notes import Note, note
from robustcore.overlap import Overlap, Pair
from robustcore.overlap.accuracies import STANDARD
from robustcore.overlap.overlaps import at
from robustcore.overlap.reasons import COMPARABLE

MEAN = "mean"  # of all seeds


@dataclasses.dataclass(frozen=True)
class Entry:
    """The part of one file that is about one architecture.

    Attributes:
        suite: what was trained on and tested, from the file's name: "imagenet-c+laugros".
        architecture: "scenes/resnet".
        path: of the file.
        shipped: whether it comes with the package.
        seeds: of the trainings.
        dataset, split: what was tested on.
        corruptions: that were trained on.
    """

    suite: str
    architecture: str
    path: Path
    shipped: bool
    seeds: tuple[str, ...]
    dataset: str
    split: str
    corruptions: tuple[str, ...]

    @property
    def is_published(self) -> bool:
        """Whether its figures are published ones, of models that are not here."""
        return self.suite == published.NAME


def suite_title(suite: str) -> str:
    """A table's name for people: the suites that were trained on, or that it is published."""
    if suite == published.NAME:
        return published.TITLE
    return " + ".join(suites.title(part) for part in suite.split("+"))


def entries(name: str, path: Path, table: pd.DataFrame) -> list[Entry]:
    """What is in a table of accuracies, `Plan.table` as written to a file.

    Args:
        name: of the file, without its ending.
        path: of the file.
        table: its content.
    """
    shipped = path.is_relative_to(paths.assets())
    listed = []
    for architecture, rows in table.groupby(text_column(table, "architecture"), sort=False):
        suite = name.removesuffix("-" + str(architecture).replace("/", "-"))
        seeds = tuple(dict.fromkeys(text_column(rows, "seed")))
        dataset, split = (str(text_column(rows, part).iloc[0]) for part in ("dataset", "split"))
        trained = tuple(name for name in dict.fromkeys(text_column(rows, "trained_on")) if name != STANDARD)
        listed.append(Entry(suite, str(architecture), path, shipped, seeds, dataset, split, trained))
    return listed


def accuracies(table: pd.DataFrame, architecture: str, seed: str = MEAN) -> pd.DataFrame:
    """The rows of one architecture, of all seeds or of one."""
    rows = table[text_column(table, "architecture") == architecture]
    return rows if seed == MEAN else rows[text_column(rows, "seed") == seed]


def condition(table: pd.DataFrame, name: str) -> Condition | None:
    """The condition that the table's models were tested on under a name.

    It has the middle one of the severities that were averaged, or a severity drawn for each image, also where the table does
    not say. None for attacks, whose images depend on the model, and for corruptions that are not registered here.
    """
    row = table[table["tested_on"] == name].iloc[0]
    kind = str(row.get("kind", "corruption"))
    if kind not in ("corruption", "shift") or (kind == "corruption" and name not in corruptions.names()):
        return None
    severities = str(row["severities"]).split() if pd.notna(row.get("severities")) else []
    severity = int(float(severities[len(severities) // 2])) if severities else None
    strength = row.get("strength")
    fields = {"strength": _strength(strength)} if pd.notna(strength) and str(strength) else {}
    if kind == "corruption" and severity is None and not fields and corruptions.get(name).severities:
        fields = {"strength": "uniform"}
    params = (("clean", str(row["dataset"])),) if kind == "shift" else ()
    return Condition(kind, name, severity, params=params, **fields)  # type: ignore[arg-type]


def pairs(overlap: Overlap) -> pd.DataFrame:
    """One row for each pair of corruptions, in both orders: first, second, overlap, signed, low, high, sd, reason (a note, or
    None)."""
    names = list(overlap.names)
    k = len(names)
    columns = {
        "overlap": overlap.scores,
        "signed": overlap.signed,
        "low": overlap.low,
        "high": overlap.high,
        "sd": overlap.sd,
        "reason": overlap.reasons,
    }
    both = pd.DataFrame({"first": np.repeat(names, k), "second": np.tile(names, k)})
    return both.assign(**{name: values.to_numpy().ravel() for name, values in columns.items()})


def most_overlapping(overlap: Overlap) -> tuple[str, str]:
    """The pair of different corruptions that overlap most; the first two where none is defined."""
    signed = overlap.signed.to_numpy(copy=True)
    np.fill_diagonal(signed, np.nan)
    if not np.isfinite(signed).any():
        return overlap.names[0], overlap.names[min(1, len(overlap.names) - 1)]
    i, j = np.unravel_index(int(np.nanargmax(signed)), signed.shape)
    return overlap.names[min(i, j)], overlap.names[max(i, j)]


def accuracies_of_pair(overlap: Overlap, pair: Pair) -> pd.DataFrame:
    """The accuracies that an overlap is computed from: three models (standard, trained on the first corruption, trained on the
    second) on clean images and on both corruptions."""
    models = [(STANDARD, pair.standard), (pair.first, pair.trained_first), (pair.second, pair.trained_second)]
    rows = []
    for name, robust in models:
        clean = float(overlap.clean[name])
        first, second = (r * clean if overlap.metric == "app" else r + clean for r in robust)
        rows.append({"trained_on": name, "clean": clean, pair.first: first, pair.second: second})
    return pd.DataFrame(rows)


def worked_formula(pair: Pair) -> tuple[str, ...]:
    """Equation 4.2 with the numbers of a pair filled in, in LaTeX: the two shares, and their mean; each in two lines."""
    m1, m2, s = pair.trained_first, pair.trained_second, pair.standard
    lines = [
        _share("m_1", "m_2", "c_2", (m1[1], m2[1], s[1]), pair.onto_second),
        _share("m_2", "m_1", "c_1", (m2[0], m1[0], s[0]), pair.onto_first),
    ]
    if math.isnan(pair.signed):
        return (*lines, r"O(c_1, c_2)\ \text{is undefined}")
    score = max(0.0, pair.signed)
    mean = rf"\tfrac{{1}}{{2}}\,({pair.onto_second:.2f} {_signed(pair.onto_first)})"
    return (*lines, _lines(rf"O(c_1, c_2) = \max\big(0,\ {mean}\big)", rf"= \mathbf{{{score:.2f}}}"))


def _share(model: str, other: str, on: str, values: tuple[float, float, float], share: float) -> str:
    """What training on one thing gains on another, as a share of what that one's own training gains."""
    trained, own, standard = values
    above = rf"R({model},{on}) - R(s,{on})}}{{R({other},{on}) - R(s,{on})"
    numbers = f"{trained:.3f} {_less(standard)}}}{{{own:.3f} {_less(standard)}"
    return _lines(rf"\frac{{{above}}}", rf"= \frac{{{numbers}}} = {share:.2f}")


def _lines(first: str, second: str) -> str:
    """A formula in two lines, for a narrow column."""
    return rf"\begin{{aligned}} &{first} \\[2pt] &\quad {second} \end{{aligned}}"


def _less(value: float) -> str:
    return f"+ {-value:.3f}" if value < 0 else f"- {value:.3f}"


def _signed(value: float) -> str:
    return f"- {-value:.2f}" if value < 0 else f"+ {value:.2f}"


def clean_comparison(overlap: Overlap) -> Note:
    """Whether the clean accuracies of the models are close enough to compare their robustness: `clean_comparable`,
    `clean_not_comparable` or `clean_unknown`."""
    clean = overlap.clean.dropna()
    if clean.empty:
        return clean_unknown()
    low, high = float(clean.min()), float(clean.max())
    if high - low <= COMPARABLE:
        return clean_comparable(len(clean), low, high)
    lowest = str(clean.idxmin())
    return clean_not_comparable(None if lowest == STANDARD else lowest, len(clean), low, high)


@note
def clean_unknown() -> str:
    return "No clean accuracy is known."


@note
def clean_comparable(models: int, low: float, high: float) -> str:
    return f"{_clean_range(models, low, high)}. Comparable: within {100 * COMPARABLE:.0f} points."


@note
def clean_not_comparable(lowest: str | None, models: int, low: float, high: float) -> str:
    who = "the standard model" if lowest is None else f"the model trained on {lowest}"
    return (
        f"{_clean_range(models, low, high)}. Not comparable: more than {100 * COMPARABLE:.0f} points. The lowest is {who}. "
        "An undertrained model looks robust to corruptions it was not trained on."
    )


def _clean_range(models: int, low: float, high: float) -> str:
    return f"Clean accuracy of the {models} models: {low:.1%} to {high:.1%}, {100 * (high - low):.1f} points apart"


def models(overlap: Overlap) -> pd.DataFrame:
    """One row for each model, the standard one first: trained_on, clean, self_gain, threshold, defined, reason (a note, or
    None)."""
    rows = pd.DataFrame({"trained_on": list(overlap.clean.index), "clean": overlap.clean.to_numpy(dtype=float)})
    rows["self_gain"] = rows["trained_on"].map(overlap.self_gains.to_dict())
    rows["threshold"] = rows["trained_on"].map(overlap.thresholds.to_dict())
    rows["defined"] = [
        name in overlap.names and math.isfinite(at(overlap.signed, name, name)) for name in rows["trained_on"]
    ]
    reasons = [overlap.undefined.get(name) for name in rows["trained_on"]]
    return rows.assign(reason=pd.Series(reasons, index=rows.index, dtype=object))


def gains_on_shifts(overlap: Overlap, table: pd.DataFrame) -> pd.DataFrame:
    """What training on each corruption gains on natural shifts, which no model was trained on.

    Args:
        overlap: with its gains.
        table: the accuracies that it was computed from.

    Returns:
        One row for each model and shift: model (what it was trained on), name (of the shift), value (gain in the metric), low,
        high (95 %, 1.96 standard errors). Empty where the atlas was tested on none.
    """
    kinds = dict(zip(text_column(table, "tested_on"), text_column(table, "kind"), strict=True))
    with_gains = overlap.gains.columns[overlap.gains.notna().any()]  # images of unknown classes have no accuracy
    shifts = [str(name) for name in with_gains if kinds.get(str(name)) == "shift"]
    rows = [
        {
            "model": str(on),
            "name": name,
            "value": at(overlap.gains, str(on), name),
            "error": at(overlap.errors, str(on), name),
        }
        for on in overlap.gains.index
        for name in shifts
    ]
    gains = pd.DataFrame(rows, columns=["model", "name", "value", "error"])
    half = 1.96 * gains["error"]
    return gains.assign(low=gains["value"] - half, high=gains["value"] + half).drop(columns="error")


def shared_pairs(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The pairs of different corruptions that two matrices of overlaps both define: first, second, x, y; each pair once."""
    shared = [name for name in first.index if name in second.index]
    i, j = np.triu_indices(len(shared), 1)
    names = np.array(shared, dtype=object)
    both = pd.DataFrame(
        {
            "first": names[i],
            "second": names[j],
            "x": first.loc[shared, shared].to_numpy(float)[i, j],
            "y": second.loc[shared, shared].to_numpy(float)[i, j],
        }
    )
    return both.dropna(ignore_index=True)


def category_names(
    members: Mapping[int, Sequence[str]],
    families: Mapping[str, str],
    labels: Mapping[str, str],
    typed: Mapping[tuple[str, ...], str] | None = None,
) -> dict[int, str]:
    """A name for each category: one that a person typed for it or for most of it, else what its members' families suggest.

    Args:
        members: the corruptions of each category.
        families: family of each corruption.
        labels: how each corruption is written.
        typed: the corruptions of a category -> the name that a person typed for them.
    """
    chosen: dict[int, str] = {}
    for number, names in members.items():
        chosen[number] = _typed(set(names), typed or {}) or _suggested(names, families, labels)
    counts: dict[str, int] = {}
    for number, name in chosen.items():
        counts[name] = counts.get(name, 0) + 1
        if counts[name] > 1:
            chosen[number] = f"{name} {counts[name]}"
    return chosen


def _typed(members: set[str], typed: Mapping[tuple[str, ...], str]) -> str:
    """The name typed for these corruptions, or for a set that shares more than half with them."""
    shares = {name: len(members & set(of)) / len(members | set(of)) for of, name in typed.items() if name}
    best = max(shares, key=shares.__getitem__, default="")
    return best if best and shares[best] > 0.5 else ""


def _suggested(names: Sequence[str], families: Mapping[str, str], labels: Mapping[str, str]) -> str:
    if len(names) == 1:
        return labels.get(names[0], names[0])
    counts: dict[str, int] = {}
    for name in names:
        family = families.get(name, "other")
        counts[family] = counts.get(family, 0) + 1
    ranked = sorted(counts, key=lambda family: -counts[family])
    first = ranked[0].capitalize()
    if counts[ranked[0]] > 0.5 * len(names):
        return first if counts[ranked[0]] > 0.75 * len(names) else f"Mostly {ranked[0]}"
    return f"{first} and {ranked[1]}" if len(ranked) == 2 else f"{first}, {ranked[1]} …"


def _strength(value: object) -> float | str:
    return "uniform" if str(value) == "uniform" else float(str(value))


def text_column(table: pd.DataFrame, name: str, missing: object = "") -> pd.Series:
    """A column as text, or of one value where the table has none."""
    if name not in table:
        return pd.Series([missing] * len(table), index=table.index, dtype=object)
    column = table[name]
    return column if name == "n" else column.astype(object).where(column.notna(), "").map(str)
