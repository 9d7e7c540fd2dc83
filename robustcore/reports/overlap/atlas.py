"""An atlas of overlaps as a page shows it: which tables there are, what they say of themselves, and their numbers in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from robustcore import corruptions, paths
from robustcore.evaluation import Condition
from robustcore.overlap import Cell, Overlap
from robustcore.overlap.accuracies import STANDARD
from robustcore.overlap.overlaps import COMPARABLE, at

MEAN = "mean"  # of all seeds
METRICS = {
    "residual": "R(m, c) = accuracy on c less clean accuracy, as in the thesis' experiments",
    "app": "R(m, c) = accuracy on c / clean accuracy, as in the thesis' definition",
}


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


def entries(name: str, path: Path, table: pd.DataFrame) -> list[Entry]:
    """What is in a table of accuracies, `Plan.table` as written to a file.

    Args:
        name: of the file, without its ending.
        path: of the file.
        table: what stands in it.
    """
    shipped = path.is_relative_to(paths.assets())
    found = []
    for architecture, rows in table.groupby(_column(table, "architecture"), sort=False):
        suite = name.removesuffix("-" + str(architecture).replace("/", "-"))
        seeds = tuple(dict.fromkeys(_column(rows, "seed")))
        dataset, split = (str(_column(rows, part).iloc[0]) for part in ("dataset", "split"))
        trained = tuple(name for name in dict.fromkeys(_column(rows, "trained_on")) if name != STANDARD)
        found.append(Entry(suite, str(architecture), path, shipped, seeds, dataset, split, trained))
    return found


def accuracies(table: pd.DataFrame, architecture: str, seed: str = MEAN) -> pd.DataFrame:
    """The rows of one architecture, of all seeds or of one."""
    rows = table[_column(table, "architecture") == architecture]
    return rows if seed == MEAN else rows[_column(rows, "seed") == seed]


def condition(table: pd.DataFrame, name: str) -> Condition | None:
    """What the table's models were tested on under a name: a severity drawn for each image, the middle one of those that were
    averaged, or the condition as defined; where a table does not tell, a severity drawn for each. None for attacks, whose
    images depend on the model, and for corruptions that are not registered here."""
    row = table[table["tested_on"] == name].iloc[0]
    kind = str(row.get("kind", "corruption"))
    if kind not in ("corruption", "shift") or (kind == "corruption" and name not in corruptions.names()):
        return None
    severities = str(row["severities"]).split() if pd.notna(row.get("severities")) else []
    severity = int(float(severities[len(severities) // 2])) if severities else None
    strength = row.get("strength")
    given = {"strength": _strength(strength)} if pd.notna(strength) and str(strength) else {}
    if kind == "corruption" and severity is None and not given and corruptions.get(name).severities:
        given = {"strength": "uniform"}
    params = (("clean", str(row["dataset"])),) if kind == "shift" else ()
    return Condition(kind, name, severity, params=params, **given)  # type: ignore[arg-type]


def pairs(overlap: Overlap) -> pd.DataFrame:
    """One row for each pair of corruptions, in both orders: first, second, overlap, signed, low, high, sd, reason."""
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
    found = pd.DataFrame({"first": np.repeat(names, k), "second": np.tile(names, k)})
    return found.assign(**{name: values.to_numpy().ravel() for name, values in columns.items()})


def telling(overlap: Overlap) -> tuple[str, str]:
    """The pair of different corruptions that overlap most; the first two where none is defined."""
    signed = overlap.signed.to_numpy(copy=True)
    np.fill_diagonal(signed, np.nan)
    if not np.isfinite(signed).any():
        return overlap.names[0], overlap.names[min(1, len(overlap.names) - 1)]
    i, j = np.unravel_index(int(np.nanargmax(signed)), signed.shape)
    return overlap.names[min(i, j)], overlap.names[max(i, j)]


def behind(overlap: Overlap, cell: Cell) -> pd.DataFrame:
    """The accuracies that made an overlap: the standard model and the two trained ones, on clean images and on both corruptions."""
    models = [(STANDARD, cell.standard), (cell.first, cell.trained_first), (cell.second, cell.trained_second)]
    rows = []
    for name, robust in models:
        clean = float(overlap.clean[name])
        known = [r * clean if overlap.metric == "app" else r + clean for r in robust]
        rows.append({"trained_on": name, "clean": clean, cell.first: known[0], cell.second: known[1]})
    return pd.DataFrame(rows)


def worked(cell: Cell) -> tuple[str, ...]:
    """Equation 4.2 with the numbers of a cell filled in, in LaTeX: the two shares, and their mean; each in two lines."""
    m1, m2, s = cell.trained_first, cell.trained_second, cell.standard
    lines = [
        _share("m_1", "m_2", "c_2", (m1[1], m2[1], s[1]), cell.onto_second),
        _share("m_2", "m_1", "c_1", (m2[0], m1[0], s[0]), cell.onto_first),
    ]
    if math.isnan(cell.signed):
        return (*lines, r"O(c_1, c_2)\ \text{is undefined}")
    shown = max(0.0, cell.signed)
    mean = rf"\tfrac{{1}}{{2}}\,({cell.onto_second:.2f} {_signed(cell.onto_first)})"
    return (*lines, _lines(rf"O(c_1, c_2) = \max\big(0,\ {mean}\big)", rf"= \mathbf{{{shown:.2f}}}"))


def _share(model: str, other: str, on: str, values: tuple[float, float, float], share: float) -> str:
    """What training on one thing gains on another, as a share of what that one's own training gains."""
    trained, own, standard = values
    above = rf"R({model},{on}) - R(s,{on})}}{{R({other},{on}) - R(s,{on})"
    numbers = f"{trained:.3f} {_less(standard)}}}{{{own:.3f} {_less(standard)}"
    return _lines(rf"\frac{{{above}}}", rf"= \frac{{{numbers}}} = {share:.2f}")


def _lines(first: str, second: str) -> str:
    """A formula that stands in a narrow place."""
    return rf"\begin{{aligned}} &{first} \\[2pt] &\quad {second} \end{{aligned}}"


def _less(value: float) -> str:
    return f"+ {-value:.3f}" if value < 0 else f"- {value:.3f}"


def _signed(value: float) -> str:
    return f"- {-value:.2f}" if value < 0 else f"+ {value:.2f}"


def said_of_clean(overlap: Overlap, labels: Mapping[str, str]) -> tuple[bool, str]:
    """Whether the clean accuracies are comparable, and that in words; `labels` tell how each corruption is written."""
    known = overlap.clean.dropna()
    if known.empty:
        return False, "No clean accuracy is known."
    spread = float(known.max() - known.min())
    text = f"Clean accuracies of the {len(known)} models: {known.min():.1%} to {known.max():.1%}, {100 * spread:.1f} points apart"
    limit = f"{100 * COMPARABLE:.0f} points"
    if spread <= COMPARABLE:
        return True, f"{text}: comparable (within {limit})."
    return False, (
        f"{text}: not comparable (more than {limit}). A model that was trained too little seems to be robust to what it was "
        f"not trained on. The lowest is {_model(str(known.idxmin()), labels)}."
    )


def _model(trained_on: str, labels: Mapping[str, str]) -> str:
    return "the standard one" if trained_on == STANDARD else f"the one trained on {labels.get(trained_on, trained_on)}"


def models(overlap: Overlap) -> pd.DataFrame:
    """One row for each model, the standard one first: trained_on, clean, self_gain, threshold, defined, reason."""
    rows = pd.DataFrame({"trained_on": list(overlap.clean.index), "clean": overlap.clean.to_numpy(dtype=float)})
    rows["self_gain"] = rows["trained_on"].map(overlap.self_gains.to_dict())
    rows["threshold"] = rows["trained_on"].map(overlap.thresholds.to_dict())
    rows["defined"] = [
        name in overlap.names and math.isfinite(at(overlap.signed, name, name)) for name in rows["trained_on"]
    ]
    rows["reason"] = [overlap.undefined.get(name, "") for name in rows["trained_on"]]
    return rows


def further(overlap: Overlap, table: pd.DataFrame) -> pd.DataFrame:
    """What training on each corruption gains on conditions that nothing was trained on, natural shifts above all.

    Args:
        overlap: with its gains.
        table: the accuracies behind it.

    Returns:
        One row for each model and shift: model (what it was trained on), name (of the shift), value (gain in the metric), low,
        high (95 %, 1.96 standard errors). Empty where the atlas was tested on none.
    """
    kinds = dict(zip(_column(table, "tested_on"), _column(table, "kind"), strict=True))
    known = overlap.gains.columns[overlap.gains.notna().any()]  # images of unknown classes have no accuracy
    shifts = [str(name) for name in known if kinds.get(str(name)) == "shift"]
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
    found = pd.DataFrame(rows, columns=["model", "name", "value", "error"])
    half = 1.96 * found["error"]
    return found.assign(low=found["value"] - half, high=found["value"] + half).drop(columns="error")


def compared(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The pairs of different corruptions that two matrices of overlaps define: first, second, x, y; each pair once."""
    shared = [name for name in first.index if name in second.index]
    i, j = np.triu_indices(len(shared), 1)
    names = np.array(shared, dtype=object)
    found = pd.DataFrame(
        {
            "first": names[i],
            "second": names[j],
            "x": first.loc[shared, shared].to_numpy(float)[i, j],
            "y": second.loc[shared, shared].to_numpy(float)[i, j],
        }
    )
    return found.dropna(ignore_index=True)


def category_names(
    members: Mapping[int, Sequence[str]],
    families: Mapping[str, str],
    labels: Mapping[str, str],
    given: Mapping[tuple[str, ...], str] | None = None,
) -> dict[int, str]:
    """A name for each category: one that a person gave to it or to most of it, else what its members' families suggest.

    Args:
        members: the corruptions of each category.
        families: family of each corruption.
        labels: how each corruption is written.
        given: names by the members that they were given to.
    """
    found: dict[int, str] = {}
    for number, names in members.items():
        own = _given(set(names), given or {})
        found[number] = own or _suggested(names, families, labels)
    seen: dict[str, int] = {}
    for number, name in found.items():
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            found[number] = f"{name} {seen[name]}"
    return found


def _given(members: set[str], given: Mapping[tuple[str, ...], str]) -> str:
    """The name whose corruptions these are, or were for the greater part."""
    shares = {name: len(members & set(of)) / len(members | set(of)) for of, name in given.items() if name}
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


def made_on(entry: Entry, table: pd.DataFrame, overlap: Overlap, seed: str = MEAN) -> str:
    """Which models and which data overlaps come from; the arguments are those of `footer`."""
    seeds = entry.seeds if seed == MEAN else (seed,)
    same = table[_column(table, "kind") != "shift"]  # shifts have images of their own
    images = sorted({int(n) for n in _column(same, "n", 0) if pd.notna(n)})
    count = f"{images[0]:,} images" if len(images) == 1 else f"{images[0]:,} to {images[-1]:,} images" if images else ""
    budget = _column(table, "epochs").iloc[0], _column(table, "further").iloc[0]
    trained = f"{budget[0]} epochs" + (f" and {budget[1]} further ones each" if budget[1] not in ("", "0") else "")
    attacked = " or attack" if (_column(table, "kind") == "attack").any() else ""
    precision = _column(table, "precision", "float32").iloc[0]
    return (
        f"Models: {entry.architecture}, one standard and {len(overlap.clean) - 1} trained on one corruption{attacked} each, "
        f"seed{'' if len(seeds) == 1 else 's'} {', '.join(seeds)}, {trained}. "
        f"Data: {entry.dataset} ({entry.split}), {count}, {_severities(table)}"
        f"{'' if precision in ('', 'float32') else f'; tested in {precision}'}."
    )


def footer(entry: Entry, table: pd.DataFrame, overlap: Overlap, seed: str = MEAN) -> str:
    """Where the overlaps come from: models, data, formula, intervals, version.

    Args:
        entry: which.
        table: the rows of `accuracies`.
        overlap: measured on them.
        seed: one, or the mean of all.
    """
    parts = [
        made_on(entry, table, overlap, seed),
        "O(c1, c2) = max(0, ½ [(R(m1, c2) - R(s, c2)) / (R(m2, c2) - R(s, c2)) + (R(m2, c1) - R(s, c1)) / (R(m1, c1) - R(s, c1))]), "
        f"{METRICS[overlap.metric]}; s the standard model, m1 and m2 those trained on c1 and c2 (Laugros' thesis, equation 4.2).",
        "Undefined where training on a corruption gains less on it than three standard errors. Intervals: 95 %, parametric "
        f"bootstrap over images{' and seeds' if overlap.seeds > 1 else ' alone, one seed'}.",
        f"robustcore {version('robustcore')}; {'demo results, shipped' if entry.shipped else 'computed here'}.",
    ]
    return " ".join(parts)


def _severities(table: pd.DataFrame) -> str:
    """Which severities were tested."""
    rows = table[_column(table, "kind") == "corruption"]
    listed = sorted({s for s in _column(rows, "severities") if s})
    if (_column(rows, "strength") == "uniform").any() or not listed:
        return "a severity or strength drawn for each image in training and testing"
    return f"tested at severities {', '.join(listed[0].split())}, drawn for each image in training"


def _strength(value: object) -> float | str:
    return "uniform" if str(value) == "uniform" else float(str(value))


def _column(table: pd.DataFrame, name: str, missing: object = "") -> pd.Series:
    """A column as text, or of one value where the table has none."""
    if name not in table:
        return pd.Series([missing] * len(table), index=table.index, dtype=object)
    column = table[name]
    return column if name == "n" else column.astype(object).where(column.notna(), "").map(str)
