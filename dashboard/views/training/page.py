"""Training: choose, see what it costs, launch, follow the progress, see how it went."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.pages import Page
from dashboard.session import actions, permissions, roots, selection
from dashboard.views.training import studies, trained
from dashboard.widgets import data_picker, states
from dashboard.widgets.jobs import amounts, panel
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.models.architectures import registry, torchvision_names
from robustcore.training import interventions
from robustcore.training.recipe import OPTIMIZERS, SCHEDULES, Recipe

if TYPE_CHECKING:
    from robustcore.training.estimates import Price

PAGE = Page(
    title="Training",
    icon=":material/model_training:",
    order=52,
    group="Run",
    question="Train a model",
    purpose="Choose what a model is trained with, or what is calibrated or trained for a study. It runs in the background: you can close this page at any time.",
    help="Choose an architecture, images, interventions and a budget; you see the cost before anything starts. An interrupted training "
    "goes on after its last complete epoch, and a finished one is a model on every page.",
    terms=("Intervention",),
)
KEY = "training"
FOLDER = "a folder …"
RATES = ("0.1", "0.05", "0.02", "0.01", "0.005", "0.002", "0.001", "0.0005", "0.0001")


_TASKS = {"training": "A model", "ranges": "Ranges of severity", "atlas": "Atlas of overlaps"}


def render() -> None:
    """The page below its heading."""
    task = selection.segmented(
        "What",
        list(_TASKS),
        key=f"{KEY}_task",
        kind="task",
        text=_TASKS.__getitem__,
        help="A model; the strengths of corruptions at which a model has lost one point and half of its accuracy; or a model for each "
        "corruption, from which overlaps are computed.",
    )
    if task == "training":
        _training()
    else:
        _study(task)


def _study(task: str) -> None:
    cost = st.container()
    st.subheader("Studies on this machine", anchor=False)
    below = st.container()
    with below:
        panel.show("study")
        studies.show_result(panel.listed_jobs("study"))
    with cost:
        try:
            studies.launch(studies.pick_ranges() if task == "ranges" else studies.pick_atlas())
        except RobustcoreError as error:
            states.error(str(error), title="This cannot be computed")


def _training() -> None:
    request: TrainingRequest | None = None
    wrong = ""
    try:
        request = _pick()
    except RobustcoreError as error:  # a recipe that no training can have
        wrong = str(error)
    cost = st.container()
    st.subheader("Trainings on this machine", anchor=False)
    below = st.container()
    # The running jobs are drawn first: timing a few steps takes some seconds.
    with below:
        panel.show("training")
        trained.show()
    with cost:
        if wrong:
            states.error(wrong, title="This cannot be trained")
        else:
            _launch(request)


def _pick() -> TrainingRequest | None:
    """The controls; None while something is not chosen.

    Raises:
        RobustcoreError: settings that an intervention does not have, interventions that cannot be joined.
    """
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns(2, gap="medium")
        with left:
            architecture = selection.selectbox(
                "Architecture",
                [*registry.names(), *torchvision_names()],
                key=f"{KEY}_architecture",
                kind="architecture",
                help="The scenes' own networks take 64 pixels and train in minutes on a CPU.",
            )
        with right:
            dataset = _pick_dataset()
        chosen = selection.multiselect(
            "Interventions",
            [name for name in interventions.names() if name != "standard"],
            key=f"{KEY}_intervention",
            kind="intervention",
            text=lambda name: interventions.get(name).plain_title,
            placeholder="None: standard training",
            help="Several are joined in this order; at most one of them decides the loss.",
        )
        for name in chosen:
            st.caption(states.plain(f"{interventions.get(name).plain_title}: {interventions.get(name).summary}"))
        settings = _pick_settings(chosen)
        left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
        with left:
            epochs = selection.number("Epochs", 1, 1000, key=f"{KEY}_epochs", default=8, kind="number of epochs")
        with middle:
            start = selection.optional(
                "Start from",
                cache.models.model_names(),
                key=f"{KEY}_start",
                kind="model",
                placeholder="Random weights",
                help="A model of the same architecture and classes; without one the weights are random.",
            )
        with right:
            recipe, device = _pick_more(architecture, dataset, chosen, settings, epochs, start)
    return None if recipe is None else TrainingRequest(recipe, device)


def _pick_dataset() -> str:
    """The name of a dataset that has training images, or a folder; "" while none is typed."""
    named = [name for name in data_picker.here() if "train" in cache.datasets.splits(name, evaluated=False)]
    name = selection.selectbox(
        "Images of",
        [*named, *([FOLDER] if roots.open_to_paths() else [])],
        key=f"{KEY}_dataset",
        kind="dataset",
        text=data_picker.label,
        help="Their training split. A folder has a folder train, in it one folder of images for each class.",
    )
    if name != FOLDER:
        return name
    typed = st.text_input(
        "Folder", key=f"{KEY}_folder", bind="query-params", placeholder="/data/imagenette", max_chars=1000
    )
    return (typed or "").strip()


def _pick_more(
    architecture: str, dataset: str, chosen: list[str], settings: dict[str, str], epochs: int, start: str | None
) -> tuple[Recipe | None, str]:
    """The settings that are rarely changed, behind one button; the recipe, and the device."""
    with st.popover("Rate, images, seed, device", icon=":material/tune:", width="stretch"):
        rate = selection.selectbox(
            "Greatest learning rate",
            RATES,
            key=f"{KEY}_rate",
            kind="learning rate",
            default="0.05" if start else "0.1",
        )
        optimizer = selection.segmented(
            "Optimiser",
            list(OPTIMIZERS),
            key=f"{KEY}_optimizer",
            kind="optimiser",
            text=lambda name: "SGD" if name == "sgd" else name.capitalize(),
        )
        schedule = selection.segmented(
            "Schedule",
            list(SCHEDULES),
            key=f"{KEY}_schedule",
            kind="schedule",
            text=lambda name: name.replace("-", " ").capitalize(),
            help="How the rate changes: up and down once, in steps, or lower where accuracy stays.",
        )
        batch = selection.number("Images in a step", 2, 4096, key=f"{KEY}_batch", default=64, kind="number of images")
        limit = selection.number(
            "Training images",
            0,
            100_000_000,
            key=f"{KEY}_limit",
            default=0,
            kind="number of images",
            help="The first ones of a fixed, shuffled order; 0 takes all.",
        )
        seed = selection.number("Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed")
        device = selection.segmented("Device", cache.estimates.devices(), key=f"{KEY}_device", kind="device")
    if not dataset:
        return None, device
    name = "+".join(chosen) or "standard"
    recipe = Recipe(
        architecture,
        roots.dataset(dataset),
        name,
        tuple(interventions.parse(name, settings).items()),
        epochs=epochs,
        batch=batch,
        learning_rate=float(rate),
        optimizer=optimizer,
        schedule=schedule,
        seed=seed,
        limit=limit or None,
        start=start,
    )
    recipe.make()  # refuses what cannot be joined
    return recipe, device


def _pick_settings(chosen: list[str]) -> dict[str, str]:
    """What is said of the interventions' settings, name -> text; none where no intervention is chosen, or none has any."""
    known = interventions.usage("+".join(chosen)) if chosen else []
    if not known:
        return {}
    typed = st.text_input(
        "Settings",
        key=f"{KEY}_settings",
        bind="query-params",
        placeholder=" ".join(known),
        help="NAME=VALUE, separated by spaces. Shown are the defaults; what is in capitals has none.",
        max_chars=500,
    )
    return _pairs(typed or "")


def _pairs(text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"The settings cannot be read ({error}): write NAME=VALUE, separated by spaces."
        ) from error
    pairs = dict(word.partition("=")[::2] for word in words)
    if wrong := [word for word in words if "=" not in word]:
        raise InvalidArgumentError(f"A setting is NAME=VALUE, as alpha=0.4, not {wrong[0]!r}.")
    return pairs


def _price(request: TrainingRequest) -> Price | None:
    """The cost; of a network that is not the project's own, and may take gigabytes and a minute, only when it is asked for."""
    kept = cache.estimates.training_price(request.recipe, request.device, known=True)
    if kept is not None:
        return kept
    if request.recipe.model not in registry and not st.button(
        "Time a few steps",
        icon=":material/timer:",
        key=f"{KEY}_time",
        help="Says how long the training takes; a large network needs up to a minute for it.",
    ):
        return None
    with st.spinner("Timing a few steps …"):
        return cache.estimates.training_price(request.recipe, request.device)


def _launch(request: TrainingRequest | None) -> None:
    """The cost, and the button."""
    if request is None:
        st.info("Choose images to see the cost.")
        return
    if permissions.read_only():
        st.info(
            "This dashboard was started with --read-only: trainings cannot be launched here.", icon=":material/lock:"
        )
        return
    try:
        price = _price(request)
    except RobustcoreError as error:
        states.error(str(error), title="This cannot be trained")
        return
    if price is not None:
        cells = [
            ("Training images", f"{price.images:,}", "Of the training split."),
            ("Steps", f"{price.steps:,}", "Batches, over all epochs."),
            (
                "Time",
                amounts.duration(price.seconds),
                f"On {price.device}, estimated by timing a few steps; measuring accuracies comes on top.",
            ),
        ]
        with st.container(horizontal=True, key=f"{KEY}_price"):
            for label, value, help in cells:
                st.metric(label, value, help=help, border=True)
    with st.expander("The command that trains it", icon=":material/terminal:"):
        st.code(request.recipe.command(), language="shell", wrap_lines=True)
    if st.button("Launch", type="primary", icon=":material/play_arrow:", width=260, key=f"{KEY}_launch"):
        try:
            actions.train(request)
        except RobustcoreError as error:
            states.error(str(error), title="The training was not launched")
            return
        st.rerun()
