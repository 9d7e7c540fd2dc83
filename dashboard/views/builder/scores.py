"""The figures, one at a time: what a selection predicts, counts twice and leaves out, and what size and balance do to prediction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from html import escape
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
from robustcore.notes import Note
from robustcore.overlap import benchmarks, criteria
from robustcore.overlap.balance import MARGIN
from robustcore.overlap.correlation import FEW, too_few_models
from robustcore.reports.overlap import benchmark, benchmark_footers
from robustcore.reports.overlap.benchmark import Assessment

VIEWS = {
    "predicts": "Predicts",
    "weighs": "Counts twice",
    "forgets": "Leaves out",
    "size": "Size",
    "imbalance": "Imbalance",
}
_VERDICTS = ("not covered", "undecided", "covered", "undefined")  # in this order, from the top


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
    defined = correlations[correlations["r"].notna()]
    if defined.empty:
        states.empty(
            "Too few models for a prediction",
            f"A correlation needs three models tested on every corruption of the benchmark and on natural shifts; there are "
            f"{len(models)}. Evaluate more models, or remove the corruptions they were not tested on.",
            icon=":material/scatter_plot:",
        )
        return
    few = int(defined["models"].min())
    _warn_of_few(few)
    footer = benchmark_footers.of_predictions(models, few, atlas.others(models))
    figure.card(
        predictive.predicted(
            correlations,
            footer=footer.text,
            alt="Correlations of each benchmark with each natural shift",
            names=sets(correlations),
        ),
        key=f"{KEY}-predicts",
        title="Does robustness to the benchmark predict robustness to natural shifts?",
        says="Further right: models robust to the benchmark are also robust to the natural shift. Intervals that cross 0 are "
        "inconclusive.",
        table=with_texts(correlations),
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
    names_of = atlas.category_names
    table["group"] = [names_of.get(c, "No category") for c in table["category"]]
    table["hover"] = [_hover(row) for row in table.to_dict("records")]
    footer = benchmark_footers.of_mean_overlaps(_origin(atlas))
    figure.card(
        predictive.rows(
            table, "mean overlap with the others", footer=footer.text, alt="Mean overlap of each corruption"
        ),
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
    footer = benchmark_footers.of_coverage(_origin(atlas))
    figure.card(
        predictive.rows(
            table[table["value"].notna()],
            "greatest overlap with a member",
            footer=footer.text,
            alt="Coverage of each candidate outside the benchmark",
            reference=MARGIN,
            reference_label=f"margin {MARGIN:g}",
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
    defined = table[table["r"].notna()].copy()
    if defined.empty:
        states.empty(
            "Too few categories",
            "These categories allow no benchmarks of 6 or more corruptions. Choose other candidates or more categories.",
            icon=":material/casino:",
        )
        return
    defined["couple"] = [f"{n} × {k}" for n, k in zip(defined["n"], defined["k"], strict=True)]
    all_of_them = set(benchmarks.COUPLES) <= set(zip(defined["n"], defined["k"], strict=True))
    printed = {f"{n} × {k}": value for (n, k), value in building.printed_couples().items()}
    footer = benchmark_footers.of_couples(models, seed, complete=all_of_them, left_out=len(left), origin=_origin(atlas))
    figure.card(
        predictive.lines(
            defined,
            "couple",
            "categories × corruptions per category",
            footer=footer.text,
            names=sets(defined),
            alt="Mean correlation against n and k",
            beside=printed,
            beside_label="thesis, table 4.4 (ImageNet)",
            marks=_marks(atlas, models),
        ),
        key=f"{KEY}-size",
        title="Do more categories and more corruptions predict better?",
        says="Left to right: 6, 12 and 18 corruptions, and within each size more categories. The thesis' values rise; they are of "
        "other models and shifts, so compare the direction only.",
        table=with_texts(defined.drop(columns=["couple"])),
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
    footer = benchmark_footers.of_deviations(models, seed, couple, left_out=len(left), origin=_origin(atlas))
    figure.card(
        predictive.lines(
            kept,
            "deviation",
            "standard deviation of the corruptions per category",
            footer=footer.text,
            names=sets(kept),
            alt="Mean correlation against the imbalance",
            beside=printed,
            beside_label="thesis, table 4.5 (ImageNet)",
        ),
        key=f"{KEY}-imbalance",
        title="Do unbalanced benchmarks predict worse?",
        says="Further right: less balanced, at the same size. The thesis' values fall; they are of other models and shifts, so "
        "compare the direction only.",
        table=with_texts(kept),
        footer=footer,
    )


def with_texts(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose reasons, which are notes, are written out."""
    return table.assign(reason=[str(why or "") for why in table["reason"]])


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
        states.notice(f"{too_few_models(models)}.")


def _marks(atlas: CandidateAtlas, models: Population) -> dict[str, float]:
    """ImageNet-C as a level line."""
    whole = {
        name: b.names for name, b in atlas.others(models).items() if name == benchmark.IMAGENET_C and not b.partial
    }
    r = benchmark.predicted(whole, models)["r"]
    return {benchmark.IMAGENET_C: float(r.mean())} if len(r) and r.notna().all() else {}


def _origin(atlas: CandidateAtlas) -> tuple[Note, ...]:
    return benchmark_footers.of_overlaps(atlas.name, atlas.overlap, atlas.source)


def _hover(row: Mapping[Hashable, Any]) -> str:
    text = f"<b>{escape(str(row['name']))}</b>: {row['value']:.2f}"
    return text + (f"<br>95 % interval {row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else "")
