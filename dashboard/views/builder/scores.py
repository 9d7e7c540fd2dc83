"""The figures, one at a time: what a selection predicts, weighs and forgets, and what n, k and balance do to groups of benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from html import escape
from importlib.metadata import version
from typing import Any

import pandas as pd

from dashboard.cache import builder as building
from dashboard.session import selection
from dashboard.views.builder.inputs import KEY, Ground
from dashboard.widgets import figure, labels, states
from robustcore.atlas.populations import Population
from robustcore.errors import InvalidArgumentError
from robustcore.figures import predictive
from robustcore.overlap import benchmarks, criteria
from robustcore.overlap.correlation import FEW
from robustcore.reports.overlap import benchmark
from robustcore.reports.overlap.benchmark import Meter

VIEWS = {
    "predicts": "Predicts",
    "weighs": "Weighs",
    "forgets": "Forgets",
    "size": "n and k",
    "imbalance": "Imbalance",
}
_VERDICTS = {
    "not covered": "not covered",
    "undecided": "cannot be told",
    "covered": "covered",
    "undefined": "undefined",
}
CAUTION = (
    "The models are small, few, and many of them were trained from the same weights: intervals take them as independent and are "
    "too narrow."
)


def show(found: Ground, meter: Meter | None, told: pd.DataFrame, models: Population, seed: int) -> None:
    """The chosen figure in its card."""
    view = selection.segmented(
        "Figure", list(VIEWS), key=f"{KEY}_view", kind="view", text=VIEWS.__getitem__, label_visibility="collapsed"
    )
    sights: dict[str, Callable[[], None]] = {
        "predicts": lambda: _predicts(found, told, models),
        "weighs": lambda: _weighs(found, meter),
        "forgets": lambda: _forgets(found, meter),
        "size": lambda: _size(found, seed),
        "imbalance": lambda: _imbalance(found, seed),
    }
    sights[view]()


def _predicts(found: Ground, told: pd.DataFrame, models: Population) -> None:
    known = told[told["r"].notna()]
    if known.empty:
        states.empty(
            "Too few models to say what it predicts",
            f"A correlation needs three models that were tested on every corruption of the benchmark and on the natural sets; "
            f"there are {len(models)}. Evaluate the models under these corruptions and under the shifts, or take out what they "
            "were not tested on.",
            icon=":material/scatter_plot:",
        )
        return
    few = int(known["models"].min())
    if few < FEW:
        states.notice(
            f"{few} models are too few to say: {FEW} or more are needed to tell a correlation of 0.6 from none."
        )
    what = [f"{name}: {len(b.names)} of {b.size}" for name, b in found.others(models).items() if b.partial]
    notes = f" Tested on here: {'; '.join(what)} corruptions." if what else ""
    footer = (
        f"Pearson correlation over {few} models of the residual robustness (clean accuracy less accuracy) to a benchmark, the mean "
        f"over its corruptions, with that to a natural set; bars are Fisher's 95 % intervals. {_images(models)}{notes} {CAUTION} "
        f"{_version()}"
    )
    figure.card(
        predictive.predicted(
            told, footer=footer, alt="Correlations of each benchmark with each natural set", names=sets(told)
        ),
        key=f"{KEY}-predicts",
        title="Does robustness to it go with robustness to natural shifts?",
        says="To the right: models that are robust to the benchmark are robust to the natural set too. Where an interval crosses 0 "
        "the models cannot tell.",
        table=told,
        footer=footer,
    )


def _weighs(found: Ground, meter: Meter | None) -> None:
    if meter is None or meter.balance is None:
        states.empty(
            "Nothing to weigh", "Choose two corruptions or more whose overlaps are defined.", icon=":material/balance:"
        )
        return
    means = meter.balance.means
    table = pd.DataFrame(
        {
            "name": [found.word(n) for n in means.index],
            "value": means["mean"].to_numpy(),
            "low": means["low"].to_numpy(),
            "high": means["high"].to_numpy(),
            "category": [int(found.labels[n]) for n in means.index],
        }
    ).sort_values(["category", "value"], ascending=[True, False], ignore_index=True)
    table["group"] = [f"Category {c}" for c in table["category"]]
    table["said"] = [_said(row) for row in table.to_dict("records")]
    footer = (
        f"Mean overlap of each corruption with the others of the benchmark, with its 95 % interval. {_atlas(found)}"
    )
    figure.card(
        predictive.rows(table, "mean overlap with the others", footer=footer, alt="Mean overlap of each corruption"),
        key=f"{KEY}-weighs",
        title="Which corruptions does it weigh twice?",
        says="What stands far to the right is measured again by the others: robustness to it counts more than to what stands left.",
        table=table.drop(columns="said"),
        footer=footer,
    )


def _forgets(found: Ground, meter: Meter | None) -> None:
    if meter is None or not len(meter.coverage):
        states.empty(
            "Nothing is left outside",
            "Coverage is asked of the candidates that are not in the benchmark.",
            icon=":material/select_all:",
        )
        return
    rows = meter.coverage
    order = list(_VERDICTS)
    table = pd.DataFrame(
        {
            "name": [found.word(str(n)) for n in rows.index],
            "value": rows["best"].to_numpy(),
            "low": rows["low"].to_numpy(),
            "high": rows["high"].to_numpy(),
            "verdict": rows["verdict"].to_numpy(),
            "by": [found.word(b) if b else "" for b in rows["by"]],
        }
    )
    table["group"] = table["verdict"].map(_VERDICTS)
    table = table.sort_values("value", ascending=False).sort_values(
        "verdict", key=lambda v: v.map(order.index), kind="stable"
    )
    table["said"] = [f"{_said(row)}<br>with {escape(row['by'])}" for row in table.to_dict("records")]
    footer = (
        "The greatest overlap of each candidate outside with a member of the benchmark, and its 95 % interval. Covered: the lower "
        f"end of an overlap exceeds 0.1; not covered: every upper end stays below 0.1. {_atlas(found)}"
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
        title="Which corruptions does it forget?",
        says="What is not covered can break a model that is robust to the whole benchmark.",
        table=table.drop(columns=["said", "group"]),
        footer=footer,
    )


def _size(found: Ground, seed: int) -> None:
    labelled, models, left = _tested(found)
    if _too_few(models, labelled):
        return
    table = building.couples(labelled, models, seed)
    known = table[table["r"].notna()].copy()
    if known.empty:
        states.empty(
            "Nothing can be drawn",
            "From the categories of these candidates no benchmarks of 6 corruptions or more can be drawn.",
            icon=":material/casino:",
        )
        return
    known["couple"] = [f"{n} × {k}" for n, k in zip(known["n"], known["k"], strict=True)]
    all_of_them = set(benchmarks.COUPLES) <= set(zip(known["n"], known["k"], strict=True))
    notes = [] if all_of_them else ["the categories do not allow all of the thesis' couples"]
    printed = {
        f"{n} × {k}": value
        for n, k in benchmarks.COUPLES
        if (value := building.printed_couples().get(f"n={n}, k={k}")) is not None
    }
    footer = _footer_of_groups(
        f"Up to {benchmarks.COUNT:,} benchmarks of algorithm 2 for each (n, k), seed {seed}; ",
        models,
        left,
        notes,
        found,
    )
    figure.card(
        predictive.lines(
            known,
            "couple",
            "categories n × corruptions of each k",
            footer=footer,
            names=sets(known),
            alt="Mean correlation against n and k",
            beside=printed,
            beside_label="thesis, table 4.4 (ImageNet)",
            marks=_marks(found, models),
        ),
        key=f"{KEY}-size",
        title="Do more categories and more corruptions predict better?",
        says="Three sizes from left to right, 6, 12 and 18 corruptions, and in each of them more and more categories. The thesis' own "
        "figures rise; those are of other models and sets, and only the direction is to be compared.",
        table=known.drop(columns=["couple"]),
        footer=footer,
    )


def _imbalance(found: Ground, seed: int) -> None:
    labelled, models, left = _tested(found)
    if _too_few(models, labelled):
        return
    sizes = pd.Series(dict(labelled)).value_counts()
    couple = (min(6, int((sizes >= 2).sum())), 2)
    try:
        table = building.deviations(labelled, models, couple, seed)
    except InvalidArgumentError as error:
        states.empty("Nothing can be substituted", str(error), icon=":material/casino:")
        return
    kept = table[table["benchmarks"] > criteria.LEAST]
    if kept["deviation"].nunique() < 2:
        states.empty(
            "Nothing can be substituted",
            f"From the categories of these candidates no {criteria.LEAST} benchmarks of more than one deviation can be made.",
            icon=":material/casino:",
        )
        return
    printed = {float(name.removeprefix("std ")): value for name, value in benchmark.printed("4.5").items()}
    footer = _footer_of_groups(
        f"{benchmarks.COUNT:,} benchmarks with n = {couple[0]}, k = {couple[1]}, and 1 to 5 substitutions in each, seed {seed}; groups "
        f"of more than {criteria.LEAST}; ",
        models,
        left,
        [],
        found,
    )
    figure.card(
        predictive.lines(
            kept,
            "deviation",
            "standard deviation of the representatives",
            footer=footer,
            names=sets(kept),
            alt="Mean correlation against the imbalance",
            beside=printed,
            beside_label="thesis, table 4.5 (ImageNet)",
        ),
        key=f"{KEY}-imbalance",
        title="Does imbalance cost prediction?",
        says="To the right some categories have more and more representatives, at the same size. The thesis' own figures fall; those "
        "are of other models and sets, and only the direction is to be compared.",
        table=kept,
        footer=footer,
    )


def sets(table: pd.DataFrame) -> dict[str, str]:
    """What natural sets are called."""
    return {name: labels.pretty(name.rpartition("/")[2]) for name in dict.fromkeys(table["natural"])}


def _tested(found: Ground) -> tuple[tuple[tuple[str, int], ...], Population, list[str]]:
    """The candidates that models were tested on, these models, and the candidates left out.

    A candidate that fewer than half as many models know as the best known one is left out, rather than the models.
    """
    counts = {
        name: int(found.models.synthetic[name].notna().sum()) if name in found.models.synthetic else 0
        for name, _ in found.labelled
    }
    most = max(counts.values(), default=0)
    kept = tuple((name, label) for name, label in found.labelled if most and 2 * counts[name] >= most)
    return kept, found.tested([name for name, _ in kept]), [name for name, _ in found.labelled if (name, _) not in kept]


def _too_few(models: Population, labelled: tuple[tuple[str, int], ...]) -> bool:
    if len(models) >= 3 and labelled:
        if len(models) < FEW:
            states.notice(
                f"{len(models)} models are too few to say: {FEW} or more are needed to tell a correlation of 0.6 from none."
            )
        return False
    states.empty(
        "Too few models to say",
        f"A correlation needs three models that were tested on these candidates and on the natural sets; there are {len(models)}.",
        icon=":material/scatter_plot:",
    )
    return True


def _marks(found: Ground, models: Population) -> dict[str, float]:
    """ImageNet-C as a level line."""
    known = {
        name: b.names for name, b in found.others(models).items() if name == benchmark.IMAGENET_C and not b.partial
    }
    told = benchmark.predicted(known, models)
    return {benchmark.IMAGENET_C: float(told["r"].mean())} if len(told) and told["r"].notna().all() else {}


def _footer_of_groups(begins: str, models: Population, left: list[str], notes: list[str], found: Ground) -> str:
    more = [f"{len(left)} candidates are left out that the models were not tested on"] if left else []
    said = "; ".join([*notes, *more])
    return (
        f"{begins}mean Pearson correlation over {len(models)} models of residual robustness to the benchmarks and to each natural set "
        f"(algorithm 3). {said[:1].upper() + said[1:] + '. ' if said else ''}{_images(models)} {CAUTION} {_atlas(found)}"
    )


def _images(models: Population) -> str:
    return f"Each accuracy over {models.images:,} images or more of scenes."


def _atlas(found: Ground) -> str:
    facts = found.facts
    return (
        f"Overlaps: {found.name}, {found.overlap.metric}, {facts.get('architecture', '?')} on {facts.get('dataset', '?')}, "
        f"{facts['n']} test images, training seeds {facts.get('seed', '?')}. {_notes(found)}{_version()}"
    )


def _notes(found: Ground) -> str:
    """What the overlaps say beside their figures, but for the list of what was tested besides."""
    kept = [note for note in found.overlap.notes if not note.startswith("Tested on and not trained on")]
    return "".join(f"{note} " for note in kept)


def _version() -> str:
    return f"robustcore {version('robustcore')}."


def _said(row: Mapping[Hashable, Any]) -> str:
    text = f"<b>{escape(str(row['name']))}</b>: {row['value']:.2f}"
    return text + (f"<br>95 % interval {row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else "")
