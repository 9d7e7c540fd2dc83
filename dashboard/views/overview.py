"""Overview: how each evaluated model holds up, what breaks it first, and where to go from here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, selection
from dashboard.comparing import modes, severities
from dashboard.pages import Page
from dashboard.widgets import figure, labels, links, model_table, report, states
from dashboard.widgets.model_table import Cell, Heading, Row, Target
from robustcore.errors import RobustcoreError
from robustcore.figures import short
from robustcore.reports import findings, look
from robustcore.reports.findings import Finding
from robustcore.reports.overview import EPS, Overview

PAGE = Page(
    title="Overview",
    icon=":material/home:",
    order=10,
    question="How do the models hold up?",
    purpose="What breaks an image classifier, why, and what mends it: the evaluated models at a glance.",
    help="Every model that was evaluated here or ships with the package: its accuracy on clean images, under corruption, under "
    "attack and under natural shifts, and what breaks it first. Every number leads to the page that proves it.",
)
KEY = "overview"

# What the strip of examples shows: one corruption of each family, at a severity that people still read.
EXAMPLES = ("gaussian_noise", "motion_blur", "fog", "contrast", "jpeg_compression")
SEVERITY = 4
IMAGE = 54  # of the test images: colourful enough to have something to lose
FIT = 12  # rows that are read at a glance; of more models the best of each group
FEW = 8  # models up to this number stand in an address by name

FIRST, SECOND = (findings.eps(eps) for eps in EPS)
ORDERS = {
    "mean": "Corruptions", "clean": "Clean images", "attack_1": "Attack", "shifted": "Natural shifts", "balance": "Trade-off",
}  # fmt: skip
GROUPS = {"architecture": "Architecture", "intervention": "Training", "none": "Not at all"}


def render() -> None:
    """The page below its heading."""
    _introduction()
    dataset = _pick_dataset()
    models = data.evaluated(dataset)
    if not models:
        place = states.empty(
            "No model has been evaluated yet",
            "An evaluation scores models on clean and on corrupted images; its results stand here as soon as they come.",
            icon=":material/query_stats:",
        )
        with place:
            links.to("evaluate", "Evaluate a model")
        _go_on([], dataset)
        return
    found = data.overview(tuple(models), dataset)
    kinds = {name: _kind(name) for name in found.table["model"]}
    _headline(found, kinds)
    _tiles(found, dataset)
    _table(found, kinds, dataset)
    _go_on(list(found.table["model"]), dataset)


def _introduction() -> None:
    """What this is, in two sentences and six images."""
    left, right = st.columns([1, 1.25], gap="large", vertical_alignment="center")
    left.markdown(
        "An image classifier that is right on clean images may be wrong as soon as there is noise, fog or a strong "
        "compression. Here you see **what breaks a model**, measure **how much of its accuracy survives**, and compare "
        "**which training mends it**. Everything is computed on this machine."
    )
    left.caption(
        "The demo: small networks that name the shape in 64-pixel images, twelve shapes in all. Your own models and images "
        "take the same path."
    )
    with right:
        _examples()


def _examples() -> None:
    cells = tuple(look.Cell(name, SEVERITY, SEVERITY, None, 0) for name in EXAMPLES)
    shown = data.grid(data.test_image(IMAGE), cells, "memory")
    names = ["clean", *(labels.inner(labels.pretty(name)) for name in EXAMPLES)]
    figures = "".join(
        f'<figure style="margin:0"><img src="{source}" alt="A test image, {escape(name)}" style="width:100%;'
        f'border-radius:5px;image-rendering:pixelated;display:block"><figcaption style="font-size:.78rem;opacity:.75;'
        f'text-align:center;margin-top:3px">{escape(name)}</figcaption></figure>'
        for name, source in zip(names, shown.thumbnails, strict=True)
    )
    st.html(
        f'<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(calc(118px - 3vw),1fr));gap:8px">{figures}</div>'
    )


def _pick_dataset() -> str:
    names = ["scenes", *data.folders()]
    if len(names) == 1:
        return names[0]
    return selection.selectbox("Dataset", names, key=f"{KEY}_dataset", kind="dataset")


def _kind(model: str) -> tuple[str, str]:
    """A model's architecture and its training, as its card says them; one whose card is not here is of an unknown kind."""
    try:
        card = data.card(model)
    except RobustcoreError:
        return "unknown", "unknown"
    return card.architecture.rpartition("/")[2] or "unknown", card.intervention or "unknown"


def _headline(found: Overview, kinds: dict[str, tuple[str, str]]) -> None:
    said = findings.headline(found, {model: training for model, (_, training) in kinds.items()})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {states.plain(said)}", anchors=False)
        states.origin_badge(found.provenance.shipped)


def _tiles(found: Overview, dataset: str) -> None:
    """What one should know, each with the page that proves it."""
    shown = findings.findings(found)
    if not shown:
        return
    for column, finding in zip(st.columns(len(shown), gap="small"), shown, strict=True):
        with column, st.container(border=True, height="stretch", gap="small"):
            st.caption(finding.title)
            st.html(f'<div style="{_NUMBER}">{100 * finding.value:.1f}\N{NO-BREAK SPACE}%</div>')
            what = labels.pretty(finding.condition) if finding.condition else short(finding.model, 40)
            st.markdown(
                f"**{states.plain(what)}**", help=states.plain(finding.model) if len(finding.model) > 40 else None
            )
            st.caption(states.plain(finding.sentence))
            if finding.key == "shift":
                st.button("See each set", icon=":material/table_rows:", type="tertiary", on_click=_show_shifts)
            else:
                view, address = _proof(finding, found, dataset)
                links.to(view, _WORDS[finding.key], address)


def _show_shifts() -> None:
    st.session_state[f"{KEY}_shifts"] = True


_NUMBER = "font-size:1.9rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums"
_WORDS = {
    "corruption": "See the ranking",
    "attack": "See the curves",
    "balance": "See the trade-off",
    "weakest": "See all models there",
}


def _proof(finding: Finding, found: Overview, dataset: str) -> Target:
    several = [m for m in (finding.model, finding.next) if m]
    models = list(found.table["model"])
    if finding.key == "attack":
        return _compare(dataset, several, view="attacks")
    if finding.key == "balance":
        return _compare(dataset, models, view="tradeoff")
    return _compare(dataset, models, view="ranking", under=finding.condition)


def _compare(dataset: str, models: list[str], *, view: str, under: str = "", condition: str = "") -> Target:
    """The page Compare; it takes all evaluated models where the address names none. What its controls show stands in it."""
    address: dict[str, str | list[str]] = {"compare_view": modes.TITLES[view]}
    if under:
        address["compare_under"] = labels.pretty(under)
    if condition:
        address |= {"compare_curve": severities.CURVES["one"], "compare_condition": labels.pretty(condition)}
    if dataset != "scenes":
        address["compare_dataset"] = dataset
    if len(models) <= FEW:
        address["compare_model"] = models
    return "compare", address


def _table(found: Overview, kinds: dict[str, tuple[str, str]], dataset: str) -> None:
    """Models against what they were tried on, and what is needed to trust it."""
    with st.container(border=True, key=f"card-{KEY}"):
        st.subheader("How each model holds up", anchor=False)
        st.caption(
            "Accuracy, higher is better; a bar is full at 100 %. What breaks a model first is the corruption that leaves it less "
            "than half of its clean accuracy at the lowest severity (1 to 5), and the smallest attack (eps, the change allowed "
            "for each pixel value) that does. Numbers and names lead to the page that proves them."
        )
        table, by, hidden = _chosen(found.table, kinds)
        if table.empty:
            st.caption("No model has that in its name, its architecture or its training.")
        else:
            model_table.show(_headings(found), _grouped(table, found, kinds, by, dataset), key=f"{KEY}_models")
        if hidden:
            st.caption(f"The best of each group; {hidden} more models stand behind “Show all”, and in the search.")
        _shifts(found, table)
        for note in found.notes:
            st.caption(states.plain(note))
        missing = [title for title, column in _COLUMNS.items() if found.table[column].isna().all()]
        if missing:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"Not evaluated for any of these models: {', '.join(missing).lower()}.")
                links.to("evaluate", "Evaluate them", _evaluation(missing, dataset, list(found.table["model"])))
        st.caption(
            states.plain(
                found.provenance.sentence(
                    formula="Corruptions: mean over the severities of each, then over them; natural shifts: mean over the sets; "
                    "attack: PGD in L-inf, 10 steps, which knows the model"
                )
            )
        )
        figure.evidence(found.provenance, KEY)
        with st.container(horizontal=True):
            figure.download_csv(found.table, KEY)
            report.button(tuple(table["model"]), dataset, key=KEY)


def _shifts(found: Overview, table: pd.DataFrame) -> None:
    """Each shifted set, behind a switch: their mean hides which of them a model fails on."""
    sets = found.by_condition[found.by_condition["kind"] == "shift"]
    if sets.empty or not selection.toggle("Natural shifts, set by set", key=f"{KEY}_shifts"):
        return
    known = [m for m in table["model"] if m in set(sets["model"])]
    shown = (
        100
        * sets.pivot(index="model", columns="name", values="accuracy").reindex(known)[list(dict.fromkeys(sets["name"]))]
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.rename(columns=labels.pretty).reset_index().rename(columns={"model": "Model"}), hide_index=True,
        column_config={labels.pretty(name): number(format="%.1f %%") for name in shown.columns},
    )  # fmt: skip


_COLUMNS = {"Corruptions": "mean", "Attacks": "attack_1", "Natural shifts": "shifted"}
_SUITES = {"Corruptions": "imagenet-c", "Attacks": "robust-accuracy", "Natural shifts": "scenes-shifts"}


def _evaluation(missing: list[str], dataset: str, models: list[str]) -> links.Address:
    named = {"evaluate_model": models} if len(models) <= FEW else {}
    return named | {"evaluate_suite": [labels.suite(_SUITES[title]) for title in missing], "evaluate_dataset": dataset}


def _chosen(table: pd.DataFrame, kinds: dict[str, tuple[str, str]]) -> tuple[pd.DataFrame, str, int]:
    """The rows that are shown, best first, how they are grouped, and how many are not shown."""
    table = table.assign(
        architecture=[kinds[m][0] for m in table["model"]], intervention=[kinds[m][1] for m in table["model"]]
    )
    if len(table) <= 3:
        return table.sort_values("mean", ascending=False, na_position="last", kind="stable"), "none", 0
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_controls"):
        wanted = st.text_input(
            "Find", key=f"{KEY}_find", bind="query-params", placeholder="a model, a training", width=220, max_chars=100
        )
        order = selection.selectbox(
            "Best first in", list(ORDERS), key=f"{KEY}_order", kind="order", text=ORDERS.__getitem__, width=190
        )
        by = selection.segmented("Grouped by", list(GROUPS), key=f"{KEY}_group", kind="group", text=GROUPS.__getitem__)
        everything = len(table) > FIT and selection.toggle(f"Show all {len(table)}", key=f"{KEY}_all")
    if wanted:
        words = (table["model"] + " " + table["architecture"] + " " + table["intervention"]).str.lower()
        table = table[words.str.contains(wanted.strip().lower(), regex=False)]
    table = table.sort_values(order, ascending=False, na_position="last", kind="stable")
    if everything or wanted or len(table) <= FIT:
        return table, by, 0
    groups = table["model"].str[:0] if by == "none" else table[by]
    shown = table[table.groupby(groups).cumcount() < max(1, FIT // groups.nunique())].head(2 * FIT)
    return shown, by, len(table) - len(shown)


def _grouped(
    table: pd.DataFrame, found: Overview, kinds: dict[str, tuple[str, str]], by: str, dataset: str
) -> list[tuple[str, list[Row]]]:
    """The rows in groups, that with the best model first."""
    columns = ("clean", "mean", "attack_1", "attack_2", "shifted")
    best = {c: found.table[c].max() for c in columns if found.table[c].nunique() > 1}
    usual = {column: found.table[column].max() for column in ("n", "conditions", "shifts")}
    groups: dict[str, list[Row]] = {}
    for row in table.to_dict("records"):
        architecture, training = kinds[row["model"]]
        kind = {"architecture": training, "intervention": architecture}.get(by, "unknown")
        title = str(row["model"]) if kind == "unknown" else kind.replace("_", " ")
        heading = "" if by == "none" else str(row[by]).replace("_", " ")
        groups.setdefault(heading, []).append(_row(row, title, best, usual, dataset))
    return list(groups.items())


def _headings(found: Overview) -> list[Heading]:
    table = found.table
    images = int(table["n"].max())
    attacked = int(table["attack_images"].max())
    under = f"{attacked:,} images" if attacked else ""
    corruptions, shifts = int(table["conditions"].max()), int(table["shifts"].max())
    return [
        Heading("Model"),
        Heading("Clean", f"{images:,} images"),
        Heading("Corruptions", f"mean of {corruptions}" if corruptions else ""),
        Heading(f"PGD {FIRST}", under),
        Heading(f"PGD {SECOND}", under),
        Heading("Shifts", f"mean of {shifts}, {int(table['shift_images'].max()):,} images" if shifts else ""),
        Heading("What breaks it first"),
    ]


def _row(row: Mapping[Hashable, Any], title: str, best: dict[str, float], usual: dict[str, int], dataset: str) -> Row:
    model = str(row["model"])
    ranking = _compare(dataset, [model], view="corruptions")
    attacks = _compare(dataset, [model], view="attacks")

    def cell(column: str, target: Target | None, note: str = "") -> Cell:
        value = float(row[column])
        return Cell(value, value == best.get(column), note, target=target)

    n, conditions, shifts = (int(row[c]) for c in ("n", "conditions", "shifts"))
    cells = [
        cell("clean", ranking, f"{n:,} images" if n < usual["n"] else ""),
        cell("mean", ranking, f"{conditions} of {usual['conditions']}" if conditions < usual["conditions"] else ""),
        cell("attack_1", attacks),
        cell("attack_2", attacks),
        cell("shifted", None, f"{shifts} of {usual['shifts']}" if shifts < usual["shifts"] else ""),
    ]
    return Row(title, model, cells, _breaks(row, dataset), ("corruptions", {"corruptions_model": model}))


def _breaks(row: Mapping[Hashable, Any], dataset: str) -> list[tuple[str, Target | None]]:
    """What breaks a model first: a corruption, and an attack."""
    model, said = str(row["model"]), list[tuple[str, Target | None]]()
    if row["conditions"]:
        name = str(row["broken_name"])
        there = _compare(dataset, [model], view="severities", condition=name or str(row["worst_name"]))
        text = (
            f"{labels.pretty(name)} at severity {row['broken_severity']} ({100 * float(row['broken_at']):.0f} % left)"
        )
        if not name:
            worst = labels.inner(labels.pretty(str(row["worst_name"])))
            severity = "" if pd.isna(row["worst_severity"]) else f" {row['worst_severity']}"
            text = f"No corruption halves it; the worst, {worst}{severity}, leaves {100 * float(row['worst']):.0f} %"
        said.append((text, there))
    if row["attack_known"]:
        eps = float(row["broken_eps"])
        text = "No evaluated attack halves it" if pd.isna(eps) else f"PGD at eps {findings.eps(eps)}"
        said.append((text, _compare(dataset, [model], view="attacks")))
    return said or [("not evaluated", None)]


def _go_on(models: list[str], dataset: str) -> None:
    st.subheader("Where to go next", anchor=False)
    chosen = models[:4]
    same = {} if dataset == "scenes" else {"dataset": dataset}
    cards: list[tuple[str, str, str, links.Address]] = [
        ("corruptions", "Look at it", "One image under every corruption, with what the model answers.",
         {"corruptions_model": chosen[:1]} if chosen else {}),
        ("compare", "Compare the models", "Corruption by corruption, severity by severity, against a reference.",
         {"compare_model": chosen} | {f"compare_{k}": v for k, v in same.items()}),
        ("evaluate", "Evaluate more", "Your own model, your own images, other corruptions; it runs behind the page.",
         {f"evaluate_{k}": v for k, v in same.items()}),
    ]  # fmt: skip
    for column, (view, title, text, address) in zip(st.columns(3, gap="medium"), cards, strict=True):
        with column, st.container(border=True, height="stretch"):
            links.to(view, f"**{title}**", address)
            st.caption(text)
