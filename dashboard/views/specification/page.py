"""Requirements: does a model meet its requirements? A pass/fail sheet to hand on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.cache import specifications
from dashboard.cache.datasets import Data
from dashboard.cache.specifications import Judged
from dashboard.pages import Page
from dashboard.session import actions, permissions, selection
from dashboard.views.specification import promise
from dashboard.widgets import addresses, data_picker, figure, links, markup, states
from dashboard.widgets.markup import Markup
from robustcore.errors import RobustcoreError

if TYPE_CHECKING:
    from robustcore.reports.specification import Specification

PAGE = Page(
    title="Requirements",
    icon=":material/fact_check:",
    order=34,
    group="Compare",
    path="requirements",
    question="Does the model meet its requirements?",
    purpose="Requirements (metric, condition, threshold), and for each model whether it meets them, in plain sentences.",
    help="A specification is a small toml file with a metric, a condition and a threshold for each requirement. Choose one and "
    "some models, then save the sheet as one file to hand on.",
    terms=("Condition", "CE"),
)
KEY = "specification"
OWN = "My own …"


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns([1, 1.6], gap="medium")
        with left:
            specification = _pick()
        if specification is None:
            return
        text, file, spec = specification
        with right:
            models, data = _pick_models(spec)
        if spec.description:
            st.caption(states.plain(spec.description))
    if not models:
        states.empty("Choose a model", "Its verdict appears here.", icon=PAGE.icon)
        return
    if not _images_are_here(data):
        states.empty(
            "Images not found",
            f"This specification needs images of {data_picker.words(data)}. Choose other images above, or give their folder on the command line:",
            icon=":material/folder_off:",
        )
        st.code(_command(file, models), language="shell")
        return
    try:
        judged = specifications.judged(text, file, tuple(models), data)
    except RobustcoreError as error:
        states.error(str(error), title="This specification cannot be judged")
        return
    _missing(judged)
    _sheets(judged, models)
    _files(judged, text)
    promise.show(judged, KEY)


def _pick() -> tuple[str, str, Specification] | None:
    """The text of a specification, what it is called, and what it says; None where it cannot be used, which is said."""
    from robustcore.reports import specification

    names = specification.names()
    name = selection.selectbox(
        "Specification",
        names if permissions.read_only() else [*names, OWN],
        key=f"{KEY}_name",
        kind="specification",
        help="A shipped one, or a file of your own.",
    )
    text, file = _own(names[0]) if name == OWN else (specification.source(name), name)
    try:
        return text, file, specification.parse(text, file)
    except RobustcoreError as error:
        states.error(str(error), title="This specification cannot be used")
        return None


def _own(example: str) -> tuple[str, str]:
    """One that is uploaded or written here; it stays in this browser tab."""
    from robustcore.reports import specification
    from robustcore.reports.specification.reading import LARGEST

    file = st.file_uploader("A toml file", type="toml", key=f"{KEY}_file", max_upload_size=1)
    if file is not None:
        return file.getvalue().decode("utf-8", errors="replace"), file.name
    text = st.text_area(
        "Or write one here",
        specification.source(example),
        height=320,
        max_chars=LARGEST,
        key=f"{KEY}_text",
        help="Thresholds are in percent. This is an example; nothing is saved.",
    )
    return text, "text"


def _pick_models(spec: Specification) -> tuple[list[str], Data]:
    names = list(dict.fromkeys([spec.dataset, *(entry.name for entry in cache.datasets.entries())]))
    data = data_picker.data("Images", names, key=KEY, split=spec.split)
    evaluated = cache.results.evaluated(data) if _images_are_here(data) else []
    offered = list(dict.fromkeys([*evaluated, *cache.models.model_names()]))
    models = selection.multiselect(
        "Models",
        offered,
        key=f"{KEY}_model",
        kind="model",
        default=evaluated[:1] or offered[:1],
        placeholder="Choose one or more",
    )
    return models, data


def _images_are_here(data: Data) -> bool:
    try:
        cache.datasets.evaluated_dataset(data)
    except RobustcoreError:
        return False
    return True


def _missing(judged: Judged) -> None:
    """What has not been evaluated yet, and how to get it."""
    if not judged.missing:
        return
    conditions = sum(len(request.conditions) * len(request.models) for request in judged.missing)
    with st.container(border=True, key=f"{KEY}_missing"):
        st.markdown(
            f":material/hourglass_empty: **Not everything is evaluated yet.** {conditions} "
            f"result{' is' if conditions == 1 else 's are'} missing or on too few images. Their requirements are not judged."
        )
        if permissions.read_only():
            st.caption("This dashboard is read-only: nothing can be evaluated here.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(
                "Evaluate what is missing", type="primary", icon=":material/play_arrow:", key=f"{KEY}_launch"
            )
            first = judged.missing[0]
            links.to(
                "evaluate",
                "See the evaluations",
                addresses.evaluate(first.model_names, first.dataset_name, split=first.split),
            )
    if pressed:
        try:
            for request in judged.missing:
                actions.submit(request)
        except RobustcoreError as error:
            states.error(str(error), title="The evaluation was not launched")
            return
        links.go("evaluate")


def _sheets(judged: Judged, models: list[str]) -> None:
    from robustcore.reports.specification import sheet

    states.origin_badge(judged.provenance.shipped)
    body = Markup().join(sheet.markup(judged.spec, judged.table, model) for model in models)
    markup.show(Markup("<style>{}</style>{}").format(Markup(sheet.CSS), body), key=f"{KEY}_sheet")
    st.caption(sheet.LEGEND)
    st.caption(states.plain(judged.provenance.sentence()))
    figure.evidence(judged.provenance, KEY)


def _files(judged: Judged, text: str) -> None:
    from robustcore.reports.specification import sheet

    with st.expander("Data table", icon=":material/table_chart:"):
        st.dataframe(judged.table, hide_index=True, width="stretch")
    with st.container(horizontal=True, key=f"{KEY}_files"):
        st.download_button(
            "Download sheet",
            lambda: sheet.html(judged.spec, judged.table, judged.provenance.sentence()),
            file_name=f"{judged.spec.name}.html",
            mime="text/html",
            key=f"{KEY}_html",
            icon=":material/print:",
            on_click="ignore",
            help="One HTML file that opens without a network, made to be printed.",
        )
        figure.download_csv(judged.table, judged.spec.name)
        st.download_button(
            "Download specification",
            text,
            file_name=f"{judged.spec.name}.toml",
            mime="application/toml",
            key=f"{KEY}_toml",
            icon=":material/description:",
            on_click="ignore",
            help="The toml file. `robustcore check` judges the same with it and exits with status 0 or 1.",
        )
        models = list(dict.fromkeys(judged.table["model"]))
        links.to("compare", "Compare these models", addresses.compare(models, judged.spec.dataset))


def _command(file: str, models: list[str]) -> str:
    """The line of a shell that judges the same, with the images' folder named."""
    chosen = " ".join(f"--model {shlex.quote(model)}" for model in models)
    return f"robustcore check {shlex.quote(file)} --dataset FOLDER {chosen}"
