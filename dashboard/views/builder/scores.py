"""The figures, one at a time: what a selection predicts, counts twice and leaves out, and what size and balance do to prediction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from html import escape
from importlib.metadata import version
from typing import Any

import pandas as pd

from dashboard.cache import builder as building
from dashboard.session import selection
from dashboard.views.builder.inputs import KEY, CandidateAtlas
from dashboard.widgets import figure, states
from robustcore.atlas.populations import Population
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.figures import predictive
from robustcore.overlap import benchmarks, criteria
from robustcore.overlap.correlation import FEW
from robustcore.reports.overlap import benchmark
from robustcore.reports.overlap.benchmark import Assessment

VIEWS = {
    "predicts": "Predicts",
    "weighs": "Counts twice",
    "forgets": "Leaves out",
    "size": "Size",
    "imbalance": "Imbalance",
}
_VERDICTS = ("not covered", "undecided", "covered", "undefined")  # in this order, from the top
CAUTION = "The models are few and small, and many were trained from the same weights. The intervals assume independent models and are too narrow."


def show(
    atlas: CandidateAtlas, own: Assessment | None, correlations: pd.DataFrame, models: Population, seed: int
) -> None:
    """The chosen figure in its card."""
    view = selection.segmented(
        "Figure", list(VIEWS), key=f"{KEY}_view", kind="view", text=VIEWS.__getitem__, label_visibility="collapsed"
    )
    views: dict[str, Callable[[], None]] = {
        "predicts": lambda: _predicts(atlas, correlations, models),
        "weighs": lambda: _weighs(atlas, own),
        "forgets": lambda: _forgets(atlas, own),
        "size": lambda: _size(atlas, seed),
        "imbalance": lambda: _imbalance(atlas, seed),
    }
    views[view]()


def _predicts(atlas: CandidateAtlas, correlations: pd.DataFrame, models: Population) -> None:
    known = correlations[correlations["r"].notna()]
    if known.empty:
        states.empty(
            "Too few models for a prediction",
            f"A correlation needs three models tested on every corruption of the benchmark and on natural shifts; there are "
            f"{len(models)}. Evaluate more models, or remove the corruptions they were not tested on.",
            icon=":material/scatter_plot:",
        )
        return
    few = int(known["models"].min())
    _warn_of_few(few)
    partial = [f"{name}: {len(b.names)} of {b.size}" for name, b in atlas.others(models).items() if b.partial]
    tested = f" Tested on here: {'; '.join(partial)} corruptions." if partial else ""
    footer = (
        f"Pearson correlation over {few} models between residual robustness (clean accuracy minus accuracy) to a benchmark, averaged "
        f"over its corruptions, and to a natural shift; bars: Fisher's 95 % intervals. {_images(models)}{tested} {CAUTION} "
        f"{_version()}"
    )
    figure.card(
        predictive.predicted(
            correlations,
            footer=footer,
            alt="Correlations of each benchmark with each natural shift",
            names=sets(correlations),
        ),
        key=f"{KEY}-predicts",
        title="Does robustness to the benchmark predict robustness to natural shifts?",
        says="Further right: models robust to the benchmark are also robust to the natural shift. Intervals that cross 0 are "
        "inconclusive.",
        table=correlations,
        footer=footer,
    )


def _weighs(atlas: CandidateAtlas, own: Assessment | None) -> None:
    if own is None or own.balance is None:
        states.empty(
            "Too few corruptions", "Choose two or more corruptions with defined overlaps.", icon=":material/balance:"
        )
        return
    means = own.balance.means
    table = pd.DataFrame(
        {
            "name": [atlas.display_name(n) for n in means.index],
            "value": means["mean"].to_numpy(),
            "low": means["low"].to_numpy(),
            "high": means["high"].to_numpy(),
            "category": [int(atlas.labels[n]) for n in means.index],
        }
    ).sort_values(["category", "value"], ascending=[True, False], ignore_index=True)
    table["group"] = [f"Category {c}" for c in table["category"]]
    table["hover"] = [_hover(row) for row in table.to_dict("records")]
    footer = f"Mean overlap of each corruption with the rest of the benchmark and its 95 % interval. {_origin(atlas)}"
    figure.card(
        predictive.rows(table, "mean overlap with the others", footer=footer, alt="Mean overlap of each corruption"),
        key=f"{KEY}-weighs",
        title="Which corruptions does the benchmark count twice?",
        says="Further right: other corruptions of the benchmark measure the same, so robustness to it counts more.",
        table=table.drop(columns="hover"),
        footer=footer,
    )


def _forgets(atlas: CandidateAtlas, own: Assessment | None) -> None:
    if own is None or not len(own.coverage):
        states.empty(
            "Nothing is left out",
            "Every candidate is in the benchmark.",
            icon=":material/select_all:",
        )
        return
    rows = own.coverage
    table = pd.DataFrame(
        {
            "name": [atlas.display_name(str(n)) for n in rows.index],
            "value": rows["best"].to_numpy(),
            "low": rows["low"].to_numpy(),
            "high": rows["high"].to_numpy(),
            "verdict": rows["verdict"].to_numpy(),
            "by": [atlas.display_name(b) if b else "" for b in rows["by"]],
        }
    )
    table["group"] = table["verdict"]
    table = table.sort_values("value", ascending=False).sort_values(
        "verdict", key=lambda v: v.map(_VERDICTS.index), kind="stable"
    )
    table["hover"] = [f"{_hover(row)}<br>with {escape(row['by'])}" for row in table.to_dict("records")]
    footer = (
        "Greatest overlap of each other candidate with a member of the benchmark and its 95 % interval. Covered: one interval is "
        f"above 0.1; not covered: all intervals are below 0.1. {_origin(atlas)}"
    )
    figure.card(
        predictive.rows(
            table[table["value"].notna()],
            "greatest overlap with a member",
            footer=footer,
            alt="Coverage of each candidate outside the benchmark",
            reference=0.1,
            reference_label="margin 0.1",
        ),
        key=f"{KEY}-forgets",
        title="Which corruptions does the benchmark leave out?",
        says="A corruption that is not covered can break a model that is robust to the whole benchmark.",
        table=table.drop(columns=["hover", "group"]),
        footer=footer,
    )


def _size(atlas: CandidateAtlas, seed: int) -> None:
    labelled, models, left = _tested(atlas)
    if _too_few(models, labelled):
        return
    table = building.couples(labelled, models, seed)
    known = table[table["r"].notna()].copy()
    if known.empty:
        states.empty(
            "Too few categories",
            "These categories allow no benchmarks of 6 or more corruptions. Choose other candidates or more categories.",
            icon=":material/casino:",
        )
        return
    known["couple"] = [f"{n} × {k}" for n, k in zip(known["n"], known["k"], strict=True)]
    all_of_them = set(benchmarks.COUPLES) <= set(zip(known["n"], known["k"], strict=True))
    notes = [] if all_of_them else ["Not all of the thesis' couples are possible with these categories."]
    printed = {f"{n} × {k}": value for (n, k), value in building.printed_couples().items()}
    footer = _footer_of_groups(
        f"Up to {benchmarks.COUNT:,} random benchmarks (algorithm 2) for each (n, k), seed {seed}",
        models,
        left,
        notes,
        atlas,
    )
    figure.card(
        predictive.lines(
            known,
            "couple",
            "categories × corruptions per category",
            footer=footer,
            names=sets(known),
            alt="Mean correlation against n and k",
            beside=printed,
            beside_label="thesis, table 4.4 (ImageNet)",
            marks=_marks(atlas, models),
        ),
        key=f"{KEY}-size",
        title="Do more categories and more corruptions predict better?",
        says="Left to right: 6, 12 and 18 corruptions, and within each size more categories. The thesis' values rise; they are of "
        "other models and shifts, so compare the direction only.",
        table=known.drop(columns=["couple"]),
        footer=footer,
    )


def _imbalance(atlas: CandidateAtlas, seed: int) -> None:
    labelled, models, left = _tested(atlas)
    if _too_few(models, labelled):
        return
    sizes = pd.Series(dict(labelled)).value_counts()
    couple = (min(6, int((sizes >= 2).sum())), 2)
    try:
        table = building.deviations(labelled, models, couple, seed)
    except InvalidArgumentError as error:
        states.empty("Too few corruptions per category", str(error), icon=":material/casino:")
        return
    kept = table[table["benchmarks"] > criteria.LEAST]
    if kept["deviation"].nunique() < 2:
        states.empty(
            "Too few corruptions per category",
            f"These categories allow fewer than {criteria.LEAST} benchmarks of different imbalance.",
            icon=":material/casino:",
        )
        return
    printed = benchmark.printed_deviations()
    footer = _footer_of_groups(
        f"{benchmarks.COUNT:,} random benchmarks of {couple[0]} categories with {couple[1]} corruptions each, 1 to 5 of them "
        f"substituted, seed {seed}; groups of more than {criteria.LEAST}",
        models,
        left,
        [],
        atlas,
    )
    figure.card(
        predictive.lines(
            kept,
            "deviation",
            "standard deviation of the corruptions per category",
            footer=footer,
            names=sets(kept),
            alt="Mean correlation against the imbalance",
            beside=printed,
            beside_label="thesis, table 4.5 (ImageNet)",
        ),
        key=f"{KEY}-imbalance",
        title="Do unbalanced benchmarks predict worse?",
        says="Further right: less balanced, at the same size. The thesis' values fall; they are of other models and shifts, so "
        "compare the direction only.",
        table=kept,
        footer=footer,
    )


def sets(table: pd.DataFrame) -> dict[str, str]:
    """The names of the natural shifts."""
    return {name: display_name(name, "shift") for name in dict.fromkeys(table["natural"])}


def _tested(atlas: CandidateAtlas) -> tuple[tuple[tuple[str, int], ...], Population, list[str]]:
    """The candidates that models were tested on, these models, and the candidates left out.

    A candidate that fewer than half as many models know as the best known one is left out, rather than the models.
    """
    counts = {
        name: int(atlas.models.synthetic[name].notna().sum()) if name in atlas.models.synthetic else 0
        for name, _ in atlas.labelled
    }
    most = max(counts.values(), default=0)
    kept = tuple((name, label) for name, label in atlas.labelled if most and 2 * counts[name] >= most)
    return kept, atlas.tested([name for name, _ in kept]), [name for name, _ in atlas.labelled if (name, _) not in kept]


def _too_few(models: Population, labelled: tuple[tuple[str, int], ...]) -> bool:
    if len(models) >= 3 and labelled:
        _warn_of_few(len(models))
        return False
    states.empty(
        "Too few models for a prediction",
        f"A correlation needs three models tested on these candidates and on natural shifts; there are {len(models)}.",
        icon=":material/scatter_plot:",
    )
    return True


def _warn_of_few(models: int) -> None:
    if models < FEW:
        states.notice(f"{models} models are too few: {FEW} or more are needed to tell a correlation of 0.6 from 0.")


def _marks(atlas: CandidateAtlas, models: Population) -> dict[str, float]:
    """ImageNet-C as a level line."""
    known = {
        name: b.names for name, b in atlas.others(models).items() if name == benchmark.IMAGENET_C and not b.partial
    }
    r = benchmark.predicted(known, models)["r"]
    return {benchmark.IMAGENET_C: float(r.mean())} if len(r) and r.notna().all() else {}


def _footer_of_groups(
    benchmarks_drawn: str, models: Population, left: list[str], notes: list[str], atlas: CandidateAtlas
) -> str:
    left_out = [f"Left out, because the models were not tested on them: {len(left)} candidates."] if left else []
    formula = (
        f"{benchmarks_drawn}: mean Pearson correlation over {len(models)} models between residual robustness to the benchmarks and "
        "to each natural shift (algorithm 3)."
    )
    return " ".join([formula, *notes, *left_out, _images(models), CAUTION, _origin(atlas)])


def _images(models: Population) -> str:
    return f"Each accuracy is over {models.images:,} or more images of scenes."


def _origin(atlas: CandidateAtlas) -> str:
    """The atlas that the overlaps are of, and what limits them; what it was also tested on does not matter here."""
    source = atlas.source
    limits = [note.text for note in atlas.overlap.notes if note.kind != "not_trained_on"]
    facts = (
        f"Overlaps: {atlas.name}, {atlas.overlap.metric}, {source.architecture} on {source.dataset}, {source.count}, training "
        f"seeds {', '.join(source.seeds)}."
    )
    return " ".join([facts, *limits, _version()])


def _version() -> str:
    return f"robustcore {version('robustcore')}."


def _hover(row: Mapping[Hashable, Any]) -> str:
    text = f"<b>{escape(str(row['name']))}</b>: {row['value']:.2f}"
    return text + (f"<br>95 % interval {row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else "")
