"""What a specification promises, what it does not, and what nobody knows (Laugros' thesis, 1.3, 1.4 and 5.1).

A model that meets a specification has shown what its rows say, on these images. Beyond that there is evidence only where the overlaps
of an atlas give it: training on a required corruption helps on one that overlaps with it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from robustcore import corruptions, overlap
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, operations
from robustcore.notes import Note
from robustcore.overlap import Overlap
from robustcore.overlap.categories import NONE
from robustcore.overlap.overlaps import at
from robustcore.reports.overlap import atlas
from robustcore.reports.overlap.atlas import Entry
from robustcore.reports.specification.promise_notes import (
    CLOSE,
    by_the_atlas,
    categories_without_a_row,
    cheapest_row,
    covered_by_overlap,
    no_atlas_for,
    no_row_about,
    not_beyond_the_images,
    not_covered,
    nothing_about_others,
    required_alone,
    required_attacks,
    required_on_average,
    required_sequences,
    required_shifts,
    some_evidence_by_overlap,
    undecided_overlaps,
)
from robustcore.reports.specification.reading import Specification

if TYPE_CHECKING:
    from robustcore.overlap.categories import Categories

COVERED, SOME, NOT_COVERED = "covered", "some evidence", "not covered"
COLUMNS = ["corruption", "verdict", "by", "overlap", "low", "high", "isolated"]


@dataclasses.dataclass(frozen=True, eq=False)
class Promise:
    """What follows from meeting a specification.

    Attributes:
        promised, evidence, denied, unknown: sentences: what it promises, what there is some evidence on (overlaps below 0.5), what
            it does not promise, what nobody knows.
        coverage: one row for each corruption of the atlas that no row is about: corruption, verdict ("covered", "some
            evidence" for a smaller overlap than 0.5, "not covered", "undecided" or "undefined"), by (the corruption with a row of
            its own with the greatest overlap, of a covered one that with the greatest lower end; "" without), overlap, low and high
            (95 %), isolated (whether its greatest overlap with any other corruption of the atlas is below 0.1). Empty without an
            atlas.
        categories: one row for each category of the atlas: category, required (how many of its corruptions have rows of their own),
            corruptions (how many it has).
        cheapest: one row for each corruption that could be added: corruption, adds (how many of those not covered so far a row about it would
            cover, itself among them), images (how many a row at one severity asks for); the best first.
        basis: the sentence on the atlas, or why there is none.
    """

    promised: tuple[Note, ...]
    evidence: tuple[Note, ...]
    denied: tuple[Note, ...]
    unknown: tuple[Note, ...]
    coverage: pd.DataFrame
    categories: pd.DataFrame
    cheapest: pd.DataFrame
    basis: Note


def entry_for(spec: Specification, entries: Sequence[Entry]) -> Entry | None:
    """The atlas on the specification's dataset that has most of the corruptions it requires, of equal ones the largest; None
    without one that has any."""
    wanted = {name for name, _ in required(spec)}
    here = [entry for entry in entries if entry.dataset == spec.dataset and wanted & set(entry.corruptions)]
    return max(here, key=lambda entry: (len(wanted & set(entry.corruptions)), len(entry.corruptions)), default=None)


def required(spec: Specification) -> list[tuple[str, bool]]:
    """The corruptions that rows are about, each with whether a row is about it alone: a mean over several can hide one."""
    alone: dict[str, bool] = {}
    for row in spec.rows:
        if row.kind == "corruption":
            for name, _ in row.terms:
                alone[name] = alone.get(name, False) or len(row.terms) == 1
    return list(alone.items())


def of(
    spec: Specification,
    images: int,
    entry: Entry | None = None,
    matrix: Overlap | None = None,
    categories: Categories | None = None,
    names: Mapping[int, str] | None = None,
) -> Promise:
    """The promise of a specification.

    Args:
        spec: the specification.
        images: how many images of its dataset a row is judged on.
        entry, matrix: the atlas that says which corruptions overlap, and its overlaps with intervals; None without one.
        categories: of the matrix; None where they are not known.
        names: category -> its name.
    """
    wanted = required(spec)
    promised, unknown = _of_rows(spec, wanted)
    if entry is None or matrix is None:
        return Promise(
            promised,
            (),
            (),
            (*unknown, nothing_about_others()),
            pd.DataFrame(columns=COLUMNS),
            pd.DataFrame(columns=["category", "required", "corruptions"]),
            pd.DataFrame(columns=["corruption", "adds", "images"]),
            no_atlas_for(spec.dataset),
        )
    # A mean over several corruptions says of none of them that it is met, and so nothing of what overlaps with it.
    inside = [name for name, alone in wanted if alone and name in matrix.names and name not in matrix.undefined]
    others = [name for name in matrix.names if name in corruptions.names() and name not in dict(wanted)]
    coverage = _coverage(matrix, inside, others)
    of_categories = _categories(categories, names or {}, [name for name, alone in wanted if alone])
    covered = _named(coverage, COVERED)
    denied = _named(coverage, NOT_COVERED)
    some = _named(coverage, SOME)
    rest = coverage[~coverage["verdict"].isin([COVERED, SOME, NOT_COVERED])]
    if covered:
        promised = (*promised, covered_by_overlap(covered))
    missing = tuple(str(name) for name in of_categories.loc[of_categories["required"] == 0, "category"])
    no = (
        *([categories_without_a_row(missing, len(of_categories))] if missing else []),
        *([not_covered(denied)] if denied else []),
        not_beyond_the_images(spec.dataset),
    )
    if not inside:
        unknown = (*unknown, nothing_about_others())
    elif len(rest):
        unknown = (*unknown, undecided_overlaps(tuple(str(name) for name in rest["corruption"])))
    return Promise(
        promised,
        (some_evidence_by_overlap(some),) if some else (),
        no,
        unknown,
        coverage,
        of_categories,
        _cheapest(matrix, coverage, images),
        by_the_atlas(entry.suite, entry.architecture, len(matrix.names), len(matrix.undefined)),
    )


def _of_rows(spec: Specification, wanted: Sequence[tuple[str, bool]]) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """What the rows themselves promise, and the kinds of conditions that no row is about."""
    promised: list[Note] = []
    alone = tuple(name for name, single in wanted if single)
    together = tuple(name for name, single in wanted if not single)
    if alone:
        promised.append(required_alone(alone))
    if together:
        promised.append(required_on_average(together))
    unknown = []
    for kind, what in (("attack", required_attacks), ("shift", required_shifts), ("sequence", required_sequences)):
        names = tuple(
            dict.fromkeys(
                name
                for row in spec.rows
                if row.kind == kind and not _unlabelled(row.conditions)
                for name, _ in row.terms
            )
        )
        if names:
            promised.append(what(names))
        else:
            unknown.append(no_row_about(kind))
    return tuple(promised), tuple(unknown)


def _unlabelled(conditions: Sequence[Condition]) -> bool:
    return all(operations.of(condition).unlabelled(condition) for condition in conditions)


def _coverage(matrix: Overlap, inside: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
    if not inside or not others:
        rows = pd.DataFrame({"corruption": list(others)})
        unknown = math.nan
        return rows.assign(verdict="undefined", by="", overlap=unknown, low=unknown, high=unknown, isolated=False)[
            COLUMNS
        ]
    table = overlap.coverage(matrix, list(inside), list(others)).rename_axis("corruption").reset_index()
    isolated = set(overlap.isolated(matrix))
    covered = table["verdict"] == COVERED
    # Of what is covered the interval that decides, which need not be that of the greatest overlap.
    deciding = {
        str(name): str(matrix.low.loc[name, list(inside)].idxmax()) for name in table.loc[covered, "corruption"]
    }
    table["by"] = [deciding.get(str(name), by) for name, by in zip(table["corruption"], table["by"], strict=True)]
    for column, values in (("best", matrix.signed), ("low", matrix.low), ("high", matrix.high)):
        table[column] = [
            float(at(values, str(name), str(by))) if by else math.nan
            for name, by in zip(table["corruption"], table["by"], strict=True)
        ]
    table = table.rename(columns={"best": "overlap"}).assign(isolated=table["corruption"].isin(isolated))
    table["verdict"] = _graded(table["verdict"], table["overlap"])
    order = [COVERED, SOME, NOT_COVERED, "undecided", "undefined"]
    places = table["verdict"].map({verdict: place for place, verdict in enumerate(order)})
    return table.assign(place=places).sort_values(["place", "corruption"], kind="stable", ignore_index=True)[COLUMNS]


def _graded(verdicts: pd.Series[str], overlaps: pd.Series[float]) -> pd.Series[str]:
    """The verdicts, "some evidence" where the overlap that covers is small."""
    return verdicts.mask((verdicts == COVERED) & (overlaps < CLOSE), SOME)


def _named(coverage: pd.DataFrame, verdict: str) -> tuple[tuple[str, str, float, float, float], ...]:
    """(corruption, by, overlap, low, high) of the rows with a verdict."""
    rows = coverage.loc[coverage["verdict"] == verdict, ["corruption", "by", "overlap", "low", "high"]]
    return tuple((str(a), str(b), float(c), float(d), float(e)) for a, b, c, d, e in rows.itertuples(index=False))


def _categories(categories: Categories | None, names: Mapping[int, str], alone: Sequence[str]) -> pd.DataFrame:
    if categories is None:
        return pd.DataFrame(columns=["category", "required", "corruptions"])
    rows = [
        (names.get(number, f"category {number}"), sum(name in alone for name in members), len(members))
        for number, members in categories.members.items()
        if number != NONE
    ]
    return pd.DataFrame(rows, columns=["category", "required", "corruptions"])


def _cheapest(matrix: Overlap, coverage: pd.DataFrame, images: int) -> pd.DataFrame:
    """What a further row would cover, by the corruption that it is about."""
    open_ = [str(name) for name in coverage.loc[coverage["verdict"] != COVERED, "corruption"]]
    defined = [name for name in open_ if name not in matrix.undefined]
    rows = []
    for name in defined:
        others = [other for other in open_ if other != name]
        covers = 0
        if others:
            table = overlap.coverage(matrix, [name], others)
            covers = int((_graded(table["verdict"], table["best"]) == COVERED).sum())
        rows.append((name, 1 + covers, images))
    adding = pd.DataFrame(rows, columns=["corruption", "adds", "images"])
    return adding.sort_values(["adds", "corruption"], ascending=[False, True], kind="stable", ignore_index=True)


def load(spec: Specification, images: int) -> Promise:
    """The promise by the atlases that ship or were computed here.

    Args:
        spec: the specification.
        images: how many images its rows are judged on.
    """
    from robustcore import derived
    from robustcore.reports.claims.sources import Sources

    here = Sources.here()
    key = derived.digest(spec, images, here.files(here.atlases))
    promise: Promise = derived.once("promise", key, lambda: _computed(spec, images))
    return promise


def _computed(spec: Specification, images: int) -> Promise:
    from robustcore.atlas import plan
    from robustcore.overlap import categories

    paths = plan.tables()
    tables = {name: plan.read(path) for name, path in paths.items()}
    files = {
        (entry.path, entry.architecture): (entry, table)
        for name, table in tables.items()
        for entry in atlas.entries(name, paths[name], table)
    }
    entry = entry_for(spec, [entry for entry, _ in files.values()])
    if entry is None:
        return of(spec, images)
    _, table = files[entry.path, entry.architecture]
    matrix = overlap.measure(atlas.accuracies(table, entry.architecture), metric="residual")
    try:
        found = categories.by_rule(matrix.scores)
    except InvalidArgumentError:  # too few corruptions with defined overlaps
        return of(spec, images, entry, matrix)
    return of(spec, images, entry, matrix, found, category_names(entry, found))


def category_names(entry: Entry, categories: Categories) -> dict[int, str]:
    """The categories' names, by the families of what is in them."""
    families = {name: corruptions.get(name).family for name in entry.corruptions if name in corruptions.names()}
    labels = {name: display_name(name, "corruption") for name in entry.corruptions}
    return atlas.category_names(categories.members, families, labels)


def text(promise: Promise) -> str:
    """The promise as lines of plain text."""
    lines = []
    for title, notes in (
        ("It promises", promise.promised),
        ("Some evidence", promise.evidence),
        ("It does not promise", promise.denied),
        ("Nobody knows", promise.unknown),
    ):
        if notes:
            lines += [f"{title}:", *(f"  - {each.text}" for each in notes)]
    if len(promise.cheapest):
        best = promise.cheapest.iloc[0]
        lines.append(cheapest_row(str(best["corruption"]), int(best["adds"]), int(best["images"])).text)
    return "\n".join([*lines, promise.basis.text])
