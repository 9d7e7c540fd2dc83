"""What else is computed in the background from the page Training: calibrated ranges of severity, atlases of overlaps."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import actions, permissions, roots, selection
from dashboard.widgets import data_picker, figure, labels, links, model_picker, states
from dashboard.widgets.jobs import amounts
from robustcore import corruptions, paths
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.jobs import JobStatus
from robustcore.models.architectures import registry

if TYPE_CHECKING:
    from robustcore.atlas.plan import Plan

KEY = "study"
_CALIBRATE = ("severity", "calibrate")
_FOLDER = "severity"  # of the cache: the tables of ranges
_COLUMNS = {
    "name": "Corruption",
    "lower_strength": "One point lost at",
    "upper_strength": "Half lost at",
    "reason": "Note",
}


def pick_ranges() -> CommandRequest:
    """The controls of a calibration."""
    with st.container(border=True, key=f"{KEY}_ranges"):
        left, right = st.columns(2, gap="medium")
        with left:
            model = model_picker.pick("Model", cache.models.model_names(), key=f"{KEY}_model")
        with right:
            dataset = _dataset("test")
        left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
        with left:
            suite = selection.selectbox(
                "Corruptions of",
                [name for name in corruptions.suites.names("corruption") if _ranged(name)],
                key=f"{KEY}_ranged_suite",
                kind="suite",
                text=labels.suite,
                help="Those with a continuous strength; the published severities of ImageNet-C are fixed.",
            )
        with middle:
            limit = selection.number("Images", 20, 1_000_000, key=f"{KEY}_limit", default=1200, kind="number of images")
        with right:
            device = selection.segmented("Device", cache.estimates.devices(), key=f"{KEY}_device", kind="device")
    words = ["--model", roots.model(model), "--dataset", roots.dataset(dataset), "--suite", suite]
    words += ["--limit", str(limit), "--device", device]
    st.caption(
        f"{len(_ranged(suite))} corruptions. For each, the strengths are sought at which the model has lost one point and half of its "
        "accuracy: some ten evaluations."
    )
    digest = hashlib.sha256(shlex.join(words).encode()).hexdigest()[:8]
    stem = re.sub(r"[^\w.+-]+", "-", f"{suite}-{Path(model).stem}-{Path(dataset).name}")[:80]
    output = paths.cache() / _FOLDER / f"{stem}-{digest}.csv"
    title = f"Ranges of {labels.suite(suite)} for {model} on {data_picker.label(dataset)}"
    return CommandRequest((*_CALIBRATE, *words, "--format", "csv", "--output", str(output)), title)


def pick_atlas() -> CommandRequest:
    """The controls of an atlas."""
    with st.container(border=True, key=f"{KEY}_atlas"):
        left, right = st.columns(2, gap="medium")
        with left:
            architecture = selection.selectbox(
                "Architecture", registry.names(), key=f"{KEY}_architecture", kind="architecture"
            )
        with right:
            dataset = _dataset("train")
        left, middle, right = st.columns(3, gap="medium", vertical_alignment="bottom")
        with left:
            suite = selection.selectbox(
                "Corruptions of",
                corruptions.suites.names("corruption"),
                key=f"{KEY}_suite",
                kind="suite",
                text=labels.suite,
                help="One model is trained on each of them, and tested on all.",
            )
        with middle:
            seeds = selection.number("Trainings of each", 1, 20, key=f"{KEY}_seeds", default=1, kind="number")
        with right:
            device = selection.segmented("Device", cache.estimates.devices(), key=f"{KEY}_device", kind="device")
    folder = roots.dataset(dataset)
    words = ["--suite", suite, "--model", architecture, "--dataset", folder, "--seeds", str(seeds), "--device", device]
    _price(suite, architecture, folder, seeds, device)
    return CommandRequest(("overlap", *words), f"Atlas of {labels.suite(suite)} with {architecture}")


def _dataset(split: str) -> str:
    named = [name for name in data_picker.here() if split in cache.datasets.splits(name, evaluated=False)]
    return selection.selectbox(
        "Images of",
        named,
        key=f"{KEY}_dataset",
        kind="dataset",
        text=data_picker.label,
        help="A folder is added on the page Models and data.",
    )


def _ranged(suite: str) -> list[str]:
    return [name for name in corruptions.names(suite) if corruptions.get(name).ranged]


def _price(suite: str, architecture: str, dataset: str, seeds: int, device: str) -> None:
    """How many models an atlas trains, and how long."""
    from robustcore.atlas.plan import Plan
    from robustcore.training import Recipe

    plan = Plan((suite,), Recipe(architecture, dataset), seeds=tuple(range(seeds)))
    missing = [member for member in (*plan.starts(), *plan.members()) if not member.is_there()]
    with st.container(horizontal=True, key=f"{KEY}_price"):
        st.metric("Models", f"{len(plan.members()):,}", border=True, help="The standard one among them.")
        st.metric("Still to train", f"{len(missing):,}", border=True, help="The others were trained before.")
        st.metric(
            "Time",
            _duration(plan, len(missing), device),
            border=True,
            help="Of the trainings, by timing a few steps of one.",
        )


def _duration(plan: Plan, missing: int, device: str) -> str:
    if not missing:
        return "none"
    if permissions.read_only():
        return "unknown"
    with st.spinner("Timing a few steps …"):
        price = cache.estimates.training_price(plan.members()[0].recipe, device)
    assert price is not None
    return amounts.duration(missing * price.seconds)


def launch(request: CommandRequest) -> None:
    """The command, and the button."""
    if permissions.read_only():
        st.info("This dashboard was started with --read-only: nothing can be launched here.", icon=":material/lock:")
        return
    with st.expander("The command that does it", icon=":material/terminal:"):
        st.code(shlex.join(["robustcore", *request.arguments]), language="shell", wrap_lines=True)
    if st.button("Launch", type="primary", icon=":material/play_arrow:", width=260, key=f"{KEY}_launch"):
        try:
            paths.writable_cache(_FOLDER)  # the command writes into folders that are there
            actions.study(request)
        except RobustcoreError as error:
            states.error(str(error), title="The study was not launched")
            return
        st.rerun()


def show_result(listed: list[JobStatus]) -> None:
    """What came of the newest study that has finished."""
    done = next((job for job in listed if job.state == "finished" and isinstance(job.request, CommandRequest)), None)
    if done is None:
        return
    assert isinstance(done.request, CommandRequest)
    if done.request.arguments[: len(_CALIBRATE)] != _CALIBRATE:
        links.to("overlap", "See the overlaps")
        return
    path = Path(done.request.option("--output"))
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        states.notice(f"The ranges are not where they were written: {path} ({error}).")
        return
    shown = table[list(_COLUMNS)].assign(
        name=[display_name(name, "corruption") for name in table["name"]],
        reason=table["reason"].fillna(""),
    )
    st.subheader("Ranges", anchor=False)
    st.caption(
        states.plain(
            f"{table['model'][0]} on {table['dataset'][0]}, {table['n'][0]:,} images, clean accuracy {table['clean_accuracy'][0]:.1%}. A range goes "
            "from the strength at which one accuracy point is lost to that at which half of the accuracy is lost."
        )
    )
    st.dataframe(shown.rename(columns=_COLUMNS), hide_index=True, width="stretch")
    figure.download_csv(table, f"{KEY}_table")
