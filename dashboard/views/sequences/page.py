"""Stability: one image under a perturbation that changes frame by frame, and where the model's prediction flips."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, data_urls
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.widgets import figure, image_picker, labels, markup, pair, states, thumbnails
from dashboard.widgets.choice import Choice
from dashboard.widgets.markup import Markup
from robustcore import corruptions, sequences
from robustcore.display import display_name
from robustcore.metrics import Metric
from robustcore.reports import stability
from robustcore.reports.preview import gallery, sequence_frames

PAGE = Page(
    title="Stability",
    icon=":material/movie:",
    order=21,
    group="Explore",
    path="stability",
    question="How stable are the model's predictions?",
    purpose="ImageNet-P: a perturbation changes a little from frame to frame. A stable model keeps its prediction.",
    help="Choose an image and a sequence. The strip shows every frame with the model's prediction; a prediction that differs from "
    "the compared frame has flipped. Below: the stability of all evaluated models.",
    terms=("Sequence", "Flip probability", "Relative CE"),
)
KEY = "sequences"
NONE = "no model"


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls"):
        model, seed = _pick_model()
        choice = image_picker.pick(KEY, model)
        name, difficulty = _pick_sequence()
    if choice is None:
        states.empty("Choose an image", "Upload one above, or take a photograph or a scene.", icon=":material/image:")
    else:
        _frames(choice, name, difficulty, seed, model)
    _stability(difficulty)


def _pick_model() -> tuple[str, int]:
    a, b = st.columns([3, 1], vertical_alignment="bottom")
    with a:
        model = image_picker.choose_model(KEY, NONE)
    with b:
        seed = selection.number(
            "Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed", help="Of the random draws."
        )
    return model, seed


def _pick_sequence() -> tuple[str, int]:
    names = sorted(sequences.names(), key=lambda n: (corruptions.families.place(sequences.get(n).family), n))
    a, b = st.columns([3, 1], vertical_alignment="bottom")
    with a:
        name = selection.selectbox(
            "Sequence",
            names,
            key=f"{KEY}_name",
            kind="sequence",
            default="scale",
            text=lambda n: f"{display_name(n)} · {sequences.get(n).summary.rstrip('.')}",
        )
    with b:
        difficulty = selection.segmented(
            "Difficulty",
            list(sequences.DIFFICULTIES),
            key=f"{KEY}_difficulty",
            kind="difficulty",
            default=1,
            width="stretch",
            help="Noise gets stronger; other sequences compare frames further apart.",
        )
    return name, difficulty


def _frames(choice: Choice, name: str, difficulty: int, seed: int, model: str) -> None:
    frames = cache.sequence_frames.sequence_frames(choice.item, name, difficulty, seed)
    answers = None
    if model != NONE and gallery.is_in_domain(cache.models.card(model), choice.item):
        answers = cache.sequence_frames.frame_answers(model, frames)
    crisp = frames.frames.shape[-1] <= data_urls.EXACT_SIDE
    classes = cache.models.card(model).classes if answers is not None else ()
    flips = None if answers is None else sequence_frames.flips(answers.classes, name, difficulty=difficulty)
    left, right = st.columns([1, 1.75], gap="medium")
    with left, st.container(key=f"{KEY}_detail"):
        st.markdown(_sentence(choice, name, difficulty, model, flips))
        playing = selection.toggle("Play", key=f"{KEY}_play", default=True)
        if playing:
            alt = f"{choice.title}: the frames of {display_name(name).lower()}, one after another"
            markup.show(
                Markup('<img class="rc-player{}" src="{}" alt="{}">').format(
                    " crisp" if crisp else "", frames.animation, alt
                ),
                key=f"{KEY}_player",
            )
        else:
            _one_frame(frames, answers, classes, crisp)
    with right:
        thumbs = []
        for i, source in enumerate(frames.thumbnails):
            lines: tuple[tuple[str, str], ...] = ()
            answer = ""
            if answers is not None and flips is not None:
                answer = (
                    f"{display_name(classes[answers.classes[i, 0]])} {labels.confidence(answers.probabilities[i, 0])}"
                )
                lines = ((answer, thumbnails.CHANGED if flips.flipped[i] else thumbnails.RIGHT),)
            alt = f"Frame {i}" + (f": {answer}" if answer else "") + (", flipped" if flips and flips.flipped[i] else "")
            thumbs.append(thumbnails.Thumb(str(i), source, alt, lines, crisp))
        markup.show(thumbnails.strip(thumbs), key=f"{KEY}_strip_of_frames", on_pick=_choose_frame)
        st.caption("Click a frame to enlarge it. ≠ marks a flipped prediction.")


def _choose_frame(frame: str) -> None:
    st.session_state.update({f"{KEY}_play": False, f"{KEY}_frame": int(frame)})


def _one_frame(
    frames: cache.sequence_frames.SequenceFrames, answers: gallery.Answers | None, classes: tuple[str, ...], crisp: bool
) -> None:
    last = len(frames.frames) - 1
    frame = selection.number("Frame", 0, last, key=f"{KEY}_frame", default=0, kind="frame")
    bars = []
    if answers is not None:
        best = zip(answers.classes[frame], answers.probabilities[frame], strict=True)
        bars = [pair.Bars("", [(classes[int(k)], float(p), False) for k, p in best])]
    side = pair.Side(data_urls.exact(frames.frames[frame]), f"Frame {frame}", f"Frame {frame}", bars, crisp)
    markup.show(pair.single(side), key=f"{KEY}_one")


def _sentence(choice: Choice, name: str, difficulty: int, model: str, flipping: sequence_frames.Flips | None) -> str:
    compared = (
        "the first frame"
        if sequences.stability.compares_with_first(name)
        else ("the frame before" if difficulty == 1 else f"the frame {difficulty} before")
    )
    if flipping is None:
        if model == NONE:
            return "No model chosen: only the frames are shown."
        return (
            "The demo models know only the twelve shapes of the test images. Their prediction for "
            f"{states.plain(choice.title)} would be meaningless, so only the frames are shown."
        )
    flips = int(flipping.flipped.sum())
    return (
        f"**{states.plain(model)}** flips its prediction in **{flips} of {flipping.comparisons}** comparisons with {compared}: "
        f"flip probability **{flipping.flip_probability:.2f}**, top-5 distance **{flipping.top5_distance:.2f}**."
    )


def _stability(difficulty: int) -> None:
    st.subheader("Stability of the evaluated models", anchor=False)
    names = cache.models.model_names()
    a, b, c = st.columns([2.2, 1.2, 1.4], vertical_alignment="bottom")
    with a:
        chosen = selection.multiselect("Models", names, key=f"{KEY}_models", kind="model", default=names[:2])
    with b:
        suite = selection.segmented(
            "Suite",
            [suite for suite in sequences.suites.names("sequence") if sequences.names(suite)],
            key=f"{KEY}_suite",
            kind="suite",
            text=corruptions.suites.title,
            width="stretch",
        )
    with c:
        reference = selection.selectbox(
            "Reference", [stability.ALEXNET, *chosen], key=f"{KEY}_reference", kind="reference"
        )
    if not chosen:
        states.empty("Choose a model", "Its flips are shown for each sequence.", icon=":material/movie:")
        return
    report = cache.results.stability(tuple(chosen), suite, difficulty, reference)
    if not (report.rows["n"] > 0).any():
        evaluation = f"robustcore evaluate --dataset scenes --suite {{}} --limit 240 --model {chosen[0]}"
        states.empty(
            f"None of these models has been evaluated on the sequences at difficulty {difficulty} yet",
            f"Choose the suite “{suite}” on the page Evaluate, or run: {evaluation.format(suite)}"
            if difficulty == 1
            else f"The suite “{suite}” is of difficulty 1. Write the sequences into a file, each as a [[condition]] with "
            f'kind = "sequence", its name and params = {{ difficulty = {difficulty} }}, and run: {evaluation.format("FILE")}',
            icon=":material/movie:",
        )
        return
    offered = {metric.name: metric for metric in stability.offered()}
    name = selection.segmented(
        "Metric", list(offered), key=f"{KEY}_metric", kind="metric", text=lambda name: offered[name].title
    )
    _bars(report, offered[name], difficulty)
    _means(report)
    _printed(offered[name])


# Metric -> the document's table that prints it, or that it follows from.
_TABLES = {"flip_rate": "3", "flip_probability": "3", "t5d": "4", "top5_distance": "4"}


def _printed(metric: Metric) -> None:
    """What the document prints for its networks on ImageNet-P, in the same metric."""
    from robustcore.figures import compared, heatmap
    from robustcore.reports import printed_tables

    if metric.name not in _TABLES:
        return
    name = f"{printed_tables.DOCUMENTS['hendrycks']} {_TABLES[metric.name]}"
    with st.expander(f"As printed: {metric.title.lower()} of networks on ImageNet-P", icon=":material/menu_book:"):
        rows = printed_tables.rows(name, metric.name)
        footer = printed_tables.source(name).text
        figure.card(
            heatmap.heatmap(
                rows,
                compared.metric_scale(metric, stability.ALEXNET),
                footer=footer,
                alt=f"{metric.title} of published networks for each sequence",
                better=metric.better,
            ),
            key=f"{KEY}-printed-{metric.name}",
            title=states.plain(name),
            says="ImageNet at 224 pixels: compare the pattern with ours, not the values. Bright is better.",
            table=rows[["model", "name", "value"]],
            footer=footer,
            wide=True,
        )


def _bars(report: stability.Stability, metric: Metric, difficulty: int) -> None:
    from robustcore.figures import bars, compared

    rows = report.rows.assign(
        value=report.rows[metric.name],
        group=report.rows["family"].map(corruptions.families.title),
        name=report.rows["name"].map(display_name),
    )
    rows["reason"] = rows["reason"].where(rows["reason"] != "", rows[f"{metric.name}_reason"])
    rows = rows.sort_values(
        ["family", "name"], key=lambda c: c.map(corruptions.families.place) if c.name == "family" else c
    )
    scale = compared.metric_scale(metric, report.reference)
    footer = stability.footer(report, metric.name, difficulty)
    drawn = bars.condition_bars(rows, scale, footer=footer.text, alt=f"{metric.title} for each sequence and model")
    figure.card(
        drawn,
        key=f"{KEY}-{metric.name}",
        title=metric.title,
        says=f"{metric.formula}; {metric.better} is better.",
        table=report.rows,
        footer=footer,
        origin=report.provenance,
    )


def _means(report: stability.Stability) -> None:
    columns = {metric.mean_name or metric.name: metric for metric in stability.offered()}
    means = report.means.rename(columns={"model": "Model"} | {name: each.mean for name, each in columns.items()})
    for metric in columns.values():
        means[metric.mean] *= metric.written.percent if metric.reference else metric.written.factor
    st.dataframe(
        means,
        hide_index=True,
        width="stretch",
        column_config={
            each.mean: st.column_config.NumberColumn(
                format="%.1f" if each.reference else "%.1f %%" if each.written.in_percent else "%.2f", help=each.formula
            )
            for each in columns.values()
        },
    )
    st.caption(
        f"Means over the suite's sequences; mFR and mT5D in percent of {states.plain(report.reference)}, where 100 is equally stable. "
        "Empty: a sequence is missing, or the reference has no figures for one or never flips on it."
    )
