"""Detection: how well anomaly scores tell unknown images from known ones."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st
import torch

from dashboard import cache, data_urls
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.detection import controls, course, score_table, scoring
from dashboard.views.detection.controls import KEY, Choice
from dashboard.widgets import figure, markup, states, thumbnails
from dashboard.widgets.markup import Markup
from robustcore import metrics
from robustcore.detection import scores
from robustcore.display import display_name
from robustcore.figures.confidence import detection as figures
from robustcore.metrics import detection
from robustcore.reports.detection import DetectionReport, UnknownSet, evidence, imagenet_o, printed
from robustcore.reports.provenance import Footer, package_version

PAGE = Page(
    title="Detection",
    icon=":material/help_center:",
    order=32,
    group="Compare",
    question="Does the model notice unknown images?",
    purpose="Anomaly scores compare images that the model knows with noise, other datasets or your own images.",
    help="A table of scores and sets, the distributions behind each number, the unknown images that look most familiar to the model, and "
    "one image on its way through a corruption, an attack or a natural shift.",
    terms=("Anomaly score", "Unknown image", "AUROC", "AUPR", "FPR95"),
)
_SHOWN = 12  # images that seem most familiar
_FIRST = "max_logit"


def render() -> None:
    """The page below its heading."""
    choice = controls.pick()
    if choice is None:
        return
    report = scoring.report(choice)
    if report is None:
        return
    names = score_table.scores_of(report)
    if not names:
        states.empty("No score can be had", " ".join(score_table.reasons(report)), icon=PAGE.icon)
        return
    score, of_set = _chosen(report, names)
    _table(choice, report, names, score, of_set)
    values = report.unknown_scores[score, of_set.name]
    known = report.known_scores[score]
    if not (np.isfinite(known).all() and np.isfinite(values).all()):
        states.notice(f"{scores.get(score).title} is undefined for some of these images.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _histograms(choice, report, score, of_set)
    with right:
        _curves(choice, report, score, of_set)
    _familiar(choice, report, score, of_set)
    course.show(choice, report, score, of_set)
    validation = cache.datasets.validation(choice.data)
    figure.provenance(lambda: evidence(report, choice.case.model[1], choice.dataset, validation), KEY)


def _chosen(report: DetectionReport, names: list[str]) -> tuple[str, UnknownSet]:
    """The score and the set that are looked at: those of the two pickers, which are drawn below the table."""
    score = st.session_state.get(f"{KEY}_score", st.query_params.get(f"{KEY}_score"))
    name = st.session_state.get(f"{KEY}_set", st.query_params.get(f"{KEY}_set"))
    titles = {scores.get(each).title: each for each in names}
    score = titles.get(str(score), score)
    if score not in names:
        score = _FIRST if _FIRST in names else names[0]
    of_set = next((each for each in report.sets if name in (each.name, each.title)), report.sets[0])
    return str(score), of_set


def _table(choice: Choice, report: DetectionReport, names: list[str], score: str, of_set: UnknownSet) -> None:
    offered = [each.name for each in metrics.of_input("scores") if each.name in report.table]
    with st.container(border=True, key=f"card-{KEY}-table"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Scores and sets", anchor=False)
            metric = selection.segmented(
                "Metric",
                offered,
                key=f"{KEY}_metric",
                kind="metric",
                text=lambda name: metrics.get(name).title,
                label_visibility="collapsed",
            )
        st.markdown(_finding(report, metric))
        st.caption(states.plain(f"{metrics.get(metric).summary} {_READING.get(metric, '')}"))
        markup.show(
            score_table.markup(report, metric, (score, of_set.name)),
            key=f"{KEY}_table",
            on_pick=_pick_cell,
            leads_to=f"{KEY}_looked_at",
        )
        for sentence in score_table.reasons(report):
            st.caption(states.plain(sentence))
        without = int((choice.dataset.labels[: report.known] < 0).sum())
        if 0 < without < report.known:
            st.caption(
                f"{without:,} of the {report.known:,} known images show no class of the model; they count as known all the same."
            )
        _printed(choice, report)
        footer = _footer(choice, report, metric)
        st.caption(states.plain(footer.text))
        figure.download_csv(report.table, f"{KEY}-table")
    with st.container(horizontal=True, key=f"{KEY}_looked_at"):
        selection.selectbox(
            "Score",
            names,
            key=f"{KEY}_score",
            kind="score",
            default=score,
            text=lambda name: scores.get(name).title,
            width=260,
            help="Or click a number in the table.",
        )
        titles = {each.name: each.title for each in report.sets}
        selection.selectbox(
            "Unknown images",
            list(titles),
            key=f"{KEY}_set",
            kind="set",
            default=of_set.name,
            text=titles.__getitem__,
            width=260,
        )


def _printed(choice: Choice, report: DetectionReport) -> None:
    """Published figures of the same images, beside those of the table."""
    rows = printed(choice.dataset, report.sets)
    if rows.empty:
        return
    with st.expander("Printed figures", icon=":material/menu_book:", key=f"{KEY}_printed"):
        st.caption(
            "Of the same unknown or known images, by other networks. ImageNet-O: the maximum softmax over 200 logits, chance 16.67 %: "
            "AUPR compares only at the same share of unknown images."
        )
        for each in report.sets:
            if imagenet_o.is_it(each, choice.dataset):
                st.caption(states.plain(_as_published(report, each)))
        shown = rows.assign(metric=[metrics.get(name).title for name in rows["metric"]], value=100 * rows["value"])
        st.dataframe(
            shown,
            hide_index=True,
            width="stretch",
            column_config={"value": st.column_config.NumberColumn("%", format="%.2f")},
        )


def _as_published(report: DetectionReport, of_set: UnknownSet) -> str:
    """How a report of ImageNet-O compares with the published figures."""
    row = next(row for row in report.table.to_dict("records") if row["set"] == of_set.name)
    sizes = (
        f"{int(row['known']):,} known and {int(row['unknown']):,} unknown images, chance {100 * row['chance']:.2f} %"
    )
    if (row["known"], row["unknown"]) == (imagenet_o.KNOWN, imagenet_o.UNKNOWN) and report.among:
        return f"Here: as published, {sizes}, over {len(report.among)} logits."
    over = f"over {len(report.among)} logits" if report.among else "over all logits"
    return (
        f"Here: {sizes}, {over}. Published figures are of {imagenet_o.KNOWN:,} validation images of {imagenet_o.CLASSES} classes and "
        f"all {imagenet_o.UNKNOWN:,} unknown ones: choose a folder of these and as many images of each set."
    )


_READING = {
    "auroc": "At 100 % no known image seems stranger than an unknown one.",
    "aupr": "Guessing gives the share of unknown images, which stands below each set's name.",
    "fpr95": "Guessing gives 95 %, 0 % is perfect.",
}


def _pick_cell(value: str) -> None:
    score, _, name = value.partition(score_table.SEPARATOR)
    st.session_state.update({f"{KEY}_score": score, f"{KEY}_set": name})


def _finding(report: DetectionReport, metric: str) -> str:
    """The best score over all sets, and the set that is hardest for every score; of too few images that they are too few."""
    if report.too_few is not None:
        return states.plain(report.too_few.text)
    wide = report.table.pivot(index="score", columns="set", values=metric).dropna(how="all")
    higher = metrics.get(metric).better == "higher"
    means = wide.mean(axis=1)
    best = str(means.idxmax() if higher else means.idxmin())
    per_set = wide.max() if higher else wide.min()
    hardest = str(per_set.idxmin() if higher else per_set.idxmax())
    titles = {each.name: each.title for each in report.sets}
    over = (
        f"on average over {wide.shape[1]} sets" if wide.shape[1] > 1 else f"on {states.plain(titles[hardest].lower())}"
    )
    sentence = f"Best score: **{states.plain(scores.get(best).title)}**, {metrics.get(metric).title} {100 * means[best]:.1f} % {over}."
    if wide.shape[1] > 1:
        sentence += f" Hardest set: **{states.plain(titles[hardest])}**, {100 * per_set[hardest]:.1f} % with the best score there."
    return sentence


def _footer(choice: Choice, report: DetectionReport, metric: str = "") -> Footer:
    """Where the numbers come from."""
    fitted = (
        f"Fitted scores: {report.validation:,} images of the split {report.validation_split}."
        if report.validation
        else ""
    )
    among = f"Scores over the {len(report.among):,} logits of the known images' classes. " if report.among else ""
    formula = f"{metrics.get(metric).formula}. " if metric else ""
    interval = f"Intervals: 95 %, {report.draws:,} drawings of images. " if metric else ""
    model, fingerprint = choice.case.model
    return Footer(
        further=(
            f"{model} ({fingerprint[:12]}) on {report.known:,} known images of {report.dataset} ({report.split}). {formula}{interval}"
            f"Higher scores are stranger; the unknown image is the positive class. {among}{fitted}".strip(),
            package_version(),
        )
    )


def _threshold(report: DetectionReport, score: str, of_set: UnknownSet) -> float:
    return detection.threshold_at_recall(report.known_scores[score], report.unknown_scores[score, of_set.name])


def _histograms(choice: Choice, report: DetectionReport, score: str, of_set: UnknownSet) -> None:
    known, unknown = report.known_scores[score], report.unknown_scores[score, of_set.name]
    title = scores.get(score).title
    footer = _footer(choice, report)
    footer = footer.replace(before=(f"{title}: {scores.get(score).formula}.",))
    figure.card(
        figures.histograms(
            known,
            unknown,
            threshold=_threshold(report, score, of_set),
            known_title="known",
            title=of_set.title,
            score=title,
            footer=footer.text,
            alt=f"Distribution of {title} for {len(known):,} known images and {len(unknown):,} of {of_set.title}",
        ),
        key=f"{KEY}-histograms",
        title="How strange do the images seem?",
        says="The less the two overlap, the better the score. Right of the dashed line images are flagged.",
        table=pd.DataFrame(
            {"set": ["known"] * len(known) + [of_set.name] * len(unknown), "score": np.concatenate([known, unknown])}
        ),
        footer=footer,
    )


def _curves(choice: Choice, report: DetectionReport, score: str, of_set: UnknownSet) -> None:
    known, unknown = report.known_scores[score], report.unknown_scores[score, of_set.name]
    points = pd.DataFrame(detection.operating_points(known, unknown))
    chance = len(unknown) / (len(known) + len(unknown))
    footer = _footer(choice, report)
    fpr = detection.fpr95(known, unknown)
    figure.card(
        figures.operating_curves(
            points,
            chance=chance,
            auroc=float(detection.auroc(known, unknown)),
            aupr=float(detection.aupr(known, unknown)),
            chosen=detection.RECALL,
            footer=footer.text,
            alt=f"ROC curve and precision against recall of {scores.get(score).title} on {of_set.title}, each with guessing",
        ),
        key=f"{KEY}-curves",
        title="What does each threshold give?",
        says=f"To flag 95 % of the unknown images, {100 * fpr:.1f} % of the known ones are flagged too (diamond). Dotted: guessing; "
        f"{100 * chance:.1f} % of the images are unknown. Precision: the unknown ones among those that are flagged.",
        table=points,
        footer=footer,
    )


def _familiar(choice: Choice, report: DetectionReport, score: str, of_set: UnknownSet) -> None:
    """The unknown images with the lowest scores, each with the model's answer."""
    values = report.unknown_scores[score, of_set.name]
    answers = report.answers[of_set.name]
    threshold = _threshold(report, score, of_set)
    places = [int(place) for place in np.argsort(values, kind="stable")[:_SHOWN]]
    images = torch.stack([of_set.images[place][0] for place in places])
    thumbs = []
    for place, source in zip(places, data_urls.thumbnails(images), strict=True):
        answer = display_name(choice.card.classes[int(answers[place])])
        mark = thumbnails.RIGHT if values[place] >= threshold else thumbnails.UNKNOWN
        thumbs.append(
            thumbnails.Thumb(
                "",
                source,
                f"Unknown image {place}, answered {answer}",
                ((answer, mark), (_score(score, float(values[place])), mark)),
                images.shape[-1] <= data_urls.EXACT_SIDE,
            )
        )
    with st.container(border=True, key=f"card-{KEY}-familiar"):
        st.subheader("Which unknown images seem most familiar?", anchor=False)
        missed = int((values < threshold).sum())
        st.caption(
            f"The lowest scores of {states.plain(of_set.title)}, with the model's answer to each. At the threshold of the dashed line "
            f"{missed:,} of {len(values):,} are missed."
        )
        markup.show(
            Markup('<div style="padding-top:.4rem">{}</div>').format(thumbnails.row(thumbs)), key=f"{KEY}_familiar"
        )


def _score(name: str, value: float) -> str:
    """A score in a few characters; the maximum softmax as the confidence that it is."""
    if name == "msp":
        return f"{-100 * value:.0f} % sure"
    return "–" if math.isnan(value) else f"score {value:.3g}"
