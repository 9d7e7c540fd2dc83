"""Compare: corruption by corruption, severity by severity, the models side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import data, selection
from dashboard.pages import Page
from dashboard.widgets import figure, labels, links, model_strip, robust_accuracy, states
from robustcore.errors import InvalidArgumentError
from robustcore.reports import measures, references
from robustcore.reports.compare import Comparison
from robustcore.reports.measures import MEASURES, Bars, Measure

PAGE = Page(
    title="Compare",
    icon=":material/bar_chart:",
    order=30,
    question="Which model survives what?",
    purpose="The evaluated models side by side, on the images that they share, with their clean accuracy in sight.",
    help="Choose models, suites and a metric. Bars stand for corruptions, curves for severities, 0 being the clean images. "
    "Everything drawn can be downloaded as a table, and the address of this page leads back to it.",
)
KEY = "compare"
ORDERS = {"family": "By family", "value": "By value", "name": "By name"}
CURVES = {"mean": "Mean over the corruptions", "one": "One corruption", "all": "Each corruption"}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the controls say."""

    models: tuple[str, ...]
    dataset: str
    suites: tuple[str, ...]
    measure: Measure
    reference: str
    severities: tuple[int, ...]
    seed: int
    storage: str
    order: str

    @property
    def evaluation(self) -> links.Address:
        """The same as values for the page Evaluate: what its controls show, since that is what stands in an address."""
        return {
            "evaluate_model": list(self.models),
            "evaluate_dataset": self.dataset,
            "evaluate_suite": [labels.suite(name) for name in self.suites],
            "evaluate_seed": str(self.seed),
            "evaluate_storage": labels.storage(self.storage),
        }


def render() -> None:
    """The page below its heading."""
    choice = _pick()
    if not choice.models or not choice.suites:
        what = "model" if not choice.models else "suite"
        place = states.empty(f"Choose a {what}", "Its results are drawn here.", icon=":material/bar_chart:")
        if not data.evaluated(choice.dataset):
            with place:
                links.to("evaluate", f"Nothing was evaluated on {choice.dataset} yet: evaluate", choice.evaluation)
        return
    asked = tuple(dict.fromkeys([*choice.models, *_reference_to_read(choice)]))
    found = data.comparison(asked, choice.dataset, choice.suites, choice.severities, choice.storage, choice.seed)
    if found.only(choice.models).empty:
        _nothing(choice)
        return
    states.origin_badge(found.provenance.shipped)
    result = _measured(found, choice)
    if result is None:
        return
    _beside(found, result, choice)
    _bars(found, result, choice)
    _curves(found.only(choice.models), choice)
    _missing(found, choice)
    robust_accuracy.panel(KEY, choice.models, choice.dataset, choice.seed)


def _pick() -> Choice:
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns([2.2, 1], gap="medium")
        with right:
            folders = data.folders()
            dataset = "scenes"
            if folders:
                dataset = selection.selectbox("Dataset", ["scenes", *folders], key=f"{KEY}_dataset", kind="dataset")
        with left:
            known = data.evaluated(dataset)
            offered = list(dict.fromkeys([*known, *data.model_names()]))
            models = selection.multiselect(
                "Models",
                offered,
                key=f"{KEY}_model",
                kind="model",
                default=known[:4],
                placeholder="Choose one or more",
                text=str,
            )
        with right if not folders else left:
            suites = selection.pills(
                "Suites",
                [s for s in corruptions.SUITES if corruptions.names(s)],
                key=f"{KEY}_suite",
                kind="suite",
                default=["imagenet-c"],
                text=labels.suite,
                wrap=True,
            )
        name = selection.segmented(
            "Metric", list(MEASURES), key=f"{KEY}_measure", kind="metric", text=lambda m: MEASURES[m].title
        )
        measure = MEASURES[name]
        left, right = st.columns([2.2, 1], gap="medium", vertical_alignment="bottom")
        with left:
            reference = _pick_reference(list(dict.fromkeys([*known, *models]))) if measure.reference else ""
            if not measure.reference:
                st.caption(f"{measure.formula}; {measure.better} is better.")
        with right:
            order, severities, seed, storage = _pick_more()
    return Choice(tuple(models), dataset, tuple(suites), measure, reference, severities, seed, storage, order)


def _pick_reference(known: list[str]) -> str:
    return selection.selectbox(
        "Reference",
        [*known, references.ALEXNET],
        key=f"{KEY}_reference",
        kind="reference",
        text=references.title,
        help="Errors are divided by this model's: below 100 is better than the reference.",
    )


def _pick_more() -> tuple[str, tuple[int, ...], int, str]:
    """What is chosen more rarely, behind one button."""
    with st.popover("Order, severities, seed", icon=":material/tune:", width="stretch"):
        order = selection.segmented(
            "Order of the bars", list(ORDERS), key=f"{KEY}_order", kind="order", text=ORDERS.__getitem__
        )
        severities = selection.pills(
            "Severities",
            list(corruptions.SEVERITIES),
            key=f"{KEY}_severity",
            kind="severity",
            default=list(corruptions.SEVERITIES),
            help="Bars are means over these.",
        )
        seed = selection.number(
            "Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed", help="That the evaluation was run with."
        )
        storage = selection.segmented(
            "Storage",
            list(corruptions.STORAGES),
            key=f"{KEY}_storage",
            kind="storage",
            text=labels.storage,
            help="Results through the second JPEG of the released ImageNet-C are results of their own.",
        )
    return order, tuple(severities) or corruptions.SEVERITIES, seed, storage


def _reference_to_read(choice: Choice) -> list[str]:
    return [choice.reference] if choice.reference and choice.reference != references.ALEXNET else []


def _nothing(choice: Choice) -> None:
    """No result at all: say what would have to be computed."""
    these = choice.models[0] if len(choice.models) == 1 else "these models"
    place = states.empty(
        f"Nothing is stored of {these} here",
        f"Suites {', '.join(map(labels.suite, choice.suites))}, {labels.storage(choice.storage).lower()}, seed {choice.seed}, "
        f"on {choice.dataset}: an evaluation computes it.",
        icon=":material/query_stats:",
    )
    with place:
        links.to("evaluate", "Evaluate this", choice.evaluation)


def _measured(found: Comparison, choice: Choice) -> Bars | None:
    try:
        return measures.bars(found, choice.measure.name, reference=choice.reference, models=choice.models)
    except InvalidArgumentError as error:
        states.error(str(error), title="This reference cannot be used here")
        return None


def _beside(found: Comparison, result: Bars, choice: Choice) -> None:
    """The clean accuracies and the means, and what has to be said beside them."""
    from robustcore import metrics

    for note in result.notes:
        if "clean accuracies differ" in note:
            st.warning(states.plain(note), icon=":material/balance:")
        else:
            st.caption(f":material/info: {states.plain(note)}")
    clean = metrics.accuracy(found.clean).set_index("model")
    rows, small = [], []
    for row in result.means.to_dict("records"):
        own = clean.loc[row["model"]]
        known = "not evaluated"
        if own["n"]:
            known = f"{100 * own['accuracy']:.1f} %\n{100 * own['low']:.1f} to {100 * own['high']:.1f} %"
        rows.append((row["model"], [known, choice.measure.text(row["value"]), f"{int(own['n']):,}"]))
        small.append("" if pd.notna(row["value"]) else f"mean {row['reason']}")
    model_strip.show(["Clean accuracy", choice.measure.short, "Images"], rows, notes=small)
    if choice.measure.reference:
        _mean_in_words(found, result, choice)


def _mean_in_words(found: Comparison, result: Bars, choice: Choice) -> None:
    words = references.mean_in_words(found, choice.measure.name == "relative_ce", choice.reference)
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(states.plain(words))
    with right.popover("With its numbers", icon=":material/calculate:", width="stretch"):
        st.markdown(f"**{states.plain(choice.measure.formula)}**, in percent; the mean over the corruptions:")
        for row in result.means.to_dict("records"):
            values = result.table.loc[result.table["model"] == row["model"], "value"]
            terms = " + ".join("undefined" if pd.isna(v) else f"{v:.1f}" for v in values)
            st.markdown(
                states.plain(f"{row['model']}: ({terms}) / {len(values)} = {choice.measure.text(row['value'])}")
            )


def _bars(found: Comparison, result: Bars, choice: Choice) -> None:
    from robustcore.figures import bars

    measure = choice.measure
    table = measures.ordered(result, choice.order)
    if choice.order == "family":
        table = table.assign(group=table["group"].map(labels.pretty))
    footer = result.footer
    reference = references.title(choice.reference)
    scale = bars.Scale(
        title=measure.axis,
        factor=100 if measure.percent else 1,
        number=".1f" if measure.percent or measure.reference else ".2f",
        unit=measure.unit,
        limits=(0, 100) if measure.name == "accuracy" else (None, None) if measure.name != "app" else (0, None),
        reference=100 if measure.reference else 1 if measure.name == "app" else None,
        reference_label=f"100: as {reference}" if measure.reference else "1: as on clean images",
    )
    title = f"{measure.title} under each corruption"
    says = f"{measure.better.capitalize()} is better. "
    says += f"Below 100: fewer errors than {reference}." if measure.reference else _extremes(result, measure)
    marks = None
    if measure.name == "accuracy":
        marks = {str(row["model"]): row["clean"] for row in result.means.to_dict("records")}
        says += " Dotted: accuracy on clean images."
    figure.card(
        bars.condition_bars(table, scale, footer=footer, alt=title, legend=_legend(found), marks=marks),
        key=f"{KEY}-{measure.name}",
        title=title,
        says=says,
        table=table.drop(columns="group", errors="ignore").reset_index(drop=True),
        footer=footer,
        alt=f"{title}, models {', '.join(choice.models)}",
    )


def _legend(found: Comparison) -> dict[str, str]:
    """Every model's clean accuracy beside its name, wherever it is drawn."""
    from robustcore.figures import short

    clean = found.clean.set_index("model")["accuracy"].to_dict()
    return {str(m): short(str(m)) + ("" if pd.isna(v) else f" (clean {100 * v:.1f} %)") for m, v in clean.items()}


def _extremes(result: Bars, measure: Measure) -> str:
    found = measures.extremes(result)
    if found is None:
        return ""
    worst, best = (labels.inner(labels.pretty(name)) for name in found)
    return f"On the whole {worst} costs most and {best} least."


def _curves(found: Comparison, choice: Choice) -> None:
    from robustcore.figures import curves

    table = measures.curves(found)
    names = sorted(set(table["name"]))
    if not names or len(choice.severities) < 2:
        return
    st.subheader("Accuracy against severity", anchor=False)
    left, right = st.columns([2.2, 1], vertical_alignment="bottom", gap="medium")
    with left:
        how = selection.segmented("Show", list(CURVES), key=f"{KEY}_curve", kind="view", text=CURVES.__getitem__)
    one = names[0]
    if how == "one":
        with right:
            one = selection.selectbox(
                "Corruption", names, key=f"{KEY}_condition", kind="corruption", text=labels.pretty
            )
    legend = _legend(found)
    footer = found.provenance.sentence(
        formula="Accuracy = correct / images; severity 0: the clean images", interval=measures.INTERVAL
    )
    draw: Callable[..., Any] = curves.severity_panels if how == "all" else curves.severity_curve
    if how == "all":
        shown, title = table, "Each corruption"
    elif how == "one":
        shown, title = table[table["name"] == one], labels.pretty(one)
    else:
        shown = measures.mean_curve(found)
        count = int(shown["conditions"].max()) if len(shown) else 0
        title = f"Mean over {count} corruption{'s' if count > 1 else ''}"
    if shown.empty:
        st.caption(
            "The models have no corruption and severity in common that a mean could be taken over: choose one corruption."
        )
        return
    figure.card(
        draw(shown, footer=footer, alt=f"Accuracy against severity: {title}", legend=legend),
        key=f"{KEY}-curve-{how}",
        title=title,
        table=shown.reset_index(drop=True),
        footer=footer,
    )


def _missing(found: Comparison, choice: Choice) -> None:
    if not found.missing:
        return
    names = ", ".join(labels.inner(labels.pretty(name)) for name in found.missing[:6])
    more = f" and {len(found.missing) - 6} more" if len(found.missing) > 6 else ""
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(states.plain(f"Not evaluated for any of these models, and not drawn: {names}{more}."))
    with right:
        links.to("evaluate", "Evaluate them", choice.evaluation)
