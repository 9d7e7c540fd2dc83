"""Evaluate: choose, see what it costs, launch, follow the progress."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.pages import Page
from dashboard.session import actions, permissions, roots, selection
from dashboard.widgets import data_picker, labels, links, states
from dashboard.widgets.jobs import amounts, panel
from robustcore import attacks
from robustcore.attacks import budgets
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.evaluation import suites
from robustcore.evaluation.attack_budget import CUSTOMARY, OWN, Budget
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import catalogue

PAGE = Page(
    title="Evaluate",
    icon=":material/play_circle:",
    order=51,
    group="Run",
    question="Run an evaluation",
    purpose="Score models under whole suites. It runs in the background: you can close this page at any time.",
    help="Choose models, images and suites; you see the cost before anything starts. "
    "Results are stored as they come, nothing is computed twice, and Compare shows them.",
    terms=("Condition", "Suite", "Unit", "Surrogate", "Storage"),
)
KEY = "evaluate"
FOLDER = "a folder …"


def render() -> None:
    """The page below its heading."""
    request = _pick()
    tag = st.container()
    st.subheader("Evaluations on this machine", anchor=False)
    below = st.container()
    # The running jobs are drawn first: timing a few images for the estimate takes a second or two.
    with below:
        panel.show("evaluation")
    with tag:
        _launch(request)


def _pick() -> EvaluationRequest | None:
    """The controls; None while something is not chosen."""
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns(2, gap="medium")
        with left:
            models = _pick_models()
        with right:
            data = _pick_dataset()
        chosen = selection.pills(
            "Suites",
            _suites(),
            key=f"{KEY}_suite",
            kind="suite",
            default=["imagenet-c"],
            text=labels.suite,
            wrap=True,
        )
        if chosen:
            st.caption(states.plain(" ".join(suites.load(name).description for name in chosen)))
        chosen, budget = _pick_attacks(chosen)
        left, middle, right = st.columns([1, 1.4, 1], gap="medium", vertical_alignment="bottom")
        size = _size(data)
        with left:
            limit = selection.number(
                "Images",
                1,
                max(1, size or 1_000_000),
                key=f"{KEY}_limit",
                default=min(512, size or 512),
                kind="number of images",
                step=64,
                help=f"The first ones of a fixed, shuffled order{f'; there are {size:,}' if size else ''}. A larger "
                "evaluation later does not repeat them.",
            )
        with middle:
            severities = selection.pills(
                "Severities",
                list(corruptions.SEVERITIES),
                key=f"{KEY}_severity",
                kind="severity",
                default=list(corruptions.SEVERITIES),
                help="All five: every suite as defined, ranged corruptions with strengths drawn from their range.",
            )
        with right:
            further = _pick_more(data)
    if not (models and data.name and chosen and severities) or budget is None:
        return None
    return EvaluationRequest(
        models=tuple(models),
        dataset=data.name,
        split=data.split or "test",
        conditions=tuple(chosen),
        limit=None if limit == size else limit,
        severities=None if len(severities) == len(corruptions.SEVERITIES) else tuple(severities),
        norm=budget.norm,
        eps=budget.eps,
        **further,
    )


def _pick_attacks(chosen: list[str]) -> tuple[list[str], Budget | None]:
    """The suites with single attacks behind them, and the budget of all of them: none where there is no attack, None where it is
    not one."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_attacks"):
        single = selection.multiselect(
            "Single attacks",
            attacks.names(),
            key=f"{KEY}_attack",
            kind="attack",
            text=lambda name: display_name(name, "attack"),
            placeholder="None besides the suites",
            width=360,
        )
        chosen = [*chosen, *single]
        if not any(condition.kind == "attack" for name in chosen for condition in suites.resolve(name)):
            return chosen, OWN
        norm = selection.segmented(
            "Norm of attacks",
            ["", *budgets.TITLES],
            key=f"{KEY}_norm",
            kind="norm",
            text=lambda name: budgets.TITLES.get(name, "As defined"),
            help="What the size of a change is measured in. An attack that lacks the norm is refused: AutoAttack has L-inf and L2.",
        )
        radii = st.text_input(
            "eps",
            key=f"{KEY}_eps",
            bind="query-params",
            placeholder=f"the suite's, or {CUSTOMARY[norm or 'linf']}",
            help="How far attacks may change an image, with pixels in 0 to 1, in the place of the suite's; several with spaces between.",
            max_chars=200,
            width=220,
        )
    try:
        return chosen, Budget.of(norm, re.split(r"[\s,;]+", radii.strip()) if radii and radii.strip() else ())
    except RobustcoreError as error:
        states.error(str(error), title="This is no eps")
        return chosen, None


def _suites() -> list[str]:
    """Suites of corruptions first, in the order of the other pages."""
    first = [name for name in corruptions.suites.names("corruption") if name in suites.names()]
    return [*first, *(name for name in suites.names() if name not in first)]


def _pick_models() -> list[str]:
    names = cache.models.model_names()
    models = selection.multiselect(
        "Models", names, key=f"{KEY}_model", kind="model", default=names[:1], placeholder="Choose one or more"
    )
    if permissions.read_only() and not roots.open_to_paths():
        return models
    other = st.text_input(
        "Another model",
        key=f"{KEY}_other",
        bind="query-params",
        placeholder="path of a checkpoint, or a name such as torchvision/resnet50",
        help="A .safetensors or .pth file, or a name of the catalogue; published weights are downloaded once, when the "
        "evaluation starts.",
        max_chars=500,
    )
    return list(dict.fromkeys([*models, *([other.strip()] if other and other.strip() else [])]))


def _pick_dataset() -> Data:
    name = selection.selectbox(
        "Images of",
        [*data_picker.here(), *([FOLDER] if roots.open_to_paths() else [])],
        key=f"{KEY}_dataset",
        kind="dataset",
        text=data_picker.label,
        help="scenes is the dataset that comes with the package: its test images. A folder has one folder of images for each class.",
    )
    if name == FOLDER:
        path = st.text_input(
            "Folder", key=f"{KEY}_folder", bind="query-params", placeholder="/data/imagenet", max_chars=1000
        )
        name = (path or "").strip()
    return Data(name, data_picker.pick_split(name, key=f"{KEY}_split", evaluated=False))


def _size(data: Data) -> int | None:
    """The number of images, where the dataset can be read; `_launch` shows what is wrong with it."""
    if not data.name:
        return None
    try:
        return len(cache.datasets.dataset(data))
    except RobustcoreError:
        return None


def _pick_more(data: Data) -> dict[str, Any]:
    """The settings that are rarely changed, behind one button, as fields of the request."""
    with st.popover("Seed, storage, device, attacks", icon=":material/tune:", width="stretch"):
        seed = selection.number(
            "Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed", help="For every random draw."
        )
        storage = selection.segmented(
            "Storage",
            list(corruptions.STORAGES),
            key=f"{KEY}_storage",
            kind="storage",
            text=labels.storage,
            help="The released ImageNet-C went through a second JPEG of quality 85; choose it to compare with published "
            "numbers.",
        )
        device = selection.segmented(
            "Device",
            cache.estimates.devices(),
            key=f"{KEY}_device",
            kind="device",
            help="auto uses a CUDA device if there is one.",
        )
        precision = selection.segmented(
            "Precision",
            ["float32", "bf16"],
            key=f"{KEY}_precision",
            kind="precision",
            help="bf16 is faster on CUDA; its results are stored separately.",
        )
        further = {"seed": seed, "storage": storage, "device": device, "precision": precision}
        return further | _pick_answers(data) | _pick_released(data) | _pick_surrogates()


def _pick_answers(data: Data) -> dict[str, Any]:
    """Which classes models may answer with; images of the package have the classes of their models."""
    if data.name == "scenes":
        return {}
    answers = selection.segmented(
        "Answers",
        list(catalogue.ANSWERS),
        key=f"{KEY}_answers",
        kind="answers",
        text={"all": "All classes of the model", "folder": "The folder's classes"}.__getitem__,
        help="The folder's alone, as for an ImageNet model on ten of the 1,000 classes, or for figures on ImageNet-R. Results are "
        "stored separately.",
    )
    return {"answers": answers}


def _pick_released(data: Data) -> dict[str, Any]:
    """The folder of a released set of the same corruptions."""
    if data.name == "scenes" or not roots.open_to_paths():
        return {}
    folder = st.text_input(
        "Released images of the same corruptions",
        key=f"{KEY}_released",
        bind="query-params",
        placeholder="/data/ImageNet-C",
        max_chars=1000,
        help="A folder such as ImageNet-C or CIFAR-10-C: its images are scored next to those made here.",
    )
    return {"released": (folder or "").strip()}


def _pick_surrogates() -> dict[str, Any]:
    """The models that attacks are crafted on besides the model itself."""
    surrogates = selection.multiselect(
        "Attacks crafted on",
        cache.models.model_names(),
        key=f"{KEY}_surrogate",
        kind="model",
        placeholder="The model itself",
        help="Surrogates with the same classes: each attack of a suite is crafted on each of them too, and judged by the models.",
    )
    only = bool(surrogates) and selection.toggle(
        "On these alone", key=f"{KEY}_only_surrogate", help="Without the attack that knows the model."
    )
    return {"surrogates": tuple(surrogates), "only_surrogate": only}


def _launch(request: EvaluationRequest | None) -> None:
    """The cost, and the button."""
    if request is None:
        st.info("Choose at least one model, images, a suite or an attack, and a severity to see the cost.")
        return
    try:
        price = cache.estimates.price(request.to_json())
    except RobustcoreError as error:
        states.error(str(error), title="This cannot be evaluated")
        return
    pending = price.units - price.cached
    cells = [
        ("Units", f"{price.units:,}", "One unit is up to 256 images under one condition for one model."),
        ("Already stored", f"{price.cached:,}", "Not computed again."),
        (
            "Time remaining",
            "0" if not pending else amounts.duration(price.seconds),
            f"{price.images:,} scored images on {price.device}, estimated by timing a few of them now.",
        ),
        ("Disk", "0" if not pending else f"about {amounts.size(price.bytes)}", "Added to the results file."),
    ]
    with st.container(horizontal=True, key=f"{KEY}_price"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)
    if pending and price.seconds > 0:
        rate = price.images / price.seconds
        st.caption(f"On {states.plain(price.device)}, about {rate:,.{0 if rate >= 10 else 1}f} images a second.")
    for sentence in (*price.left_out, *filter(None, [price.advice])):
        states.notice(sentence)
    if permissions.read_only():
        st.info(
            "This dashboard was started with --read-only: evaluations cannot be launched here.", icon=":material/lock:"
        )
        return
    if not pending:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("All of this is already stored.", width="content")
            links.to("compare", "Compare the results", panel.compare_address(request.resolved()))
        return
    launched = st.button("Launch", type="primary", icon=":material/play_arrow:", width=260, key=f"{KEY}_launch")
    if launched:
        try:
            actions.submit(request)
        except RobustcoreError as error:
            states.error(str(error), title="The evaluation was not launched")
            return
        st.rerun()
