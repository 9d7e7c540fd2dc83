"""One scene along a factor, with the accuracy curve of the models beside it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache, data_urls
from dashboard.session import selection
from dashboard.views.factors.controls import KEY, Choice
from dashboard.widgets import figure, labels, markup, pair, states, thumbnails
from robustcore.datasets.scenes import FACTORS
from robustcore.display import display_name
from robustcore.figures.scenes import factors as figures
from robustcore.reports.factors import Gaps
from robustcore.reports.factors.walk import STEP, Walk
from robustcore.reports.provenance import Provenance


def show(choice: Choice, gaps: Gaps | None, origin: Provenance) -> None:
    """The slider with the scene on the left, the curve on the right."""
    factor = FACTORS[choice.factor]
    walk = cache.scenes.factors.walk(choice.models, choice.index, choice.factor)
    left, right = st.columns([1.1, 1], gap="medium")
    with left, st.container(border=True, key=f"card-{KEY}-scene"):
        st.subheader(f"One {display_name(choice.shape, inside=True)}, one factor", anchor=False)
        strength = selection.fraction(
            f"{factor.title}: {factor.ends[0]} to {factor.ends[1]}",
            factor.low,
            1.0,
            STEP,
            key=f"{KEY}_strength_{'two' if factor.low < 0 else 'one'}",
            default=0.5,
            kind="strength",
            help="0 is the test image itself.",
        )
        place = min(range(len(walk.strengths)), key=lambda i: abs(walk.strengths[i] - strength))
        _scene(choice, walk, place)
    with right:
        _curve(choice, gaps, walk.strengths[place], origin)


def _scene(choice: Choice, walk: Walk, place: int) -> None:
    of_models = [cache.models.card(model).classes for model in choice.models]
    classes, label = of_models[0], walk.labels[0]
    origin = walk.strengths.index(0.0)
    sources = [data_urls.exact(image) for image in walk.images]
    right = display_name(classes[label])
    sides = [
        pair.Side(
            sources[at],
            title,
            f"{title}, {choice.shape}",
            [
                pair.Bars(
                    model,
                    [
                        (of_models[m][int(k)], float(p), int(k) == walk.labels[m])
                        for k, p in zip(walk.classes[m, at, :3], walk.probabilities[m, at, :3], strict=True)
                    ],
                )
                for m, model in enumerate(choice.models)
            ],
            True,
        )
        for at, title in ((origin, "Test image"), (place, f"Strength {walk.strengths[place]:g}"))
    ]
    markup.show(pair.row(sides), key=f"{KEY}_pair")
    thumbs = []
    for at, source in enumerate(sources):
        best = int(walk.classes[0, at, 0])
        mark = thumbnails.RIGHT if best == label else thumbnails.WRONG
        answer = f"{thumbnails.SIGNS.get(mark, '')}{display_name(classes[best])} {labels.confidence(float(walk.probabilities[0, at, 0]))}"
        thumbs.append(
            thumbnails.Thumb("", source, f"Strength {walk.strengths[at]:g}: {answer}", ((answer, mark),), True)
        )
    wrong = [
        f"{display_name(classes[answer])} at {walk.strengths[at]:g}"
        for at, answer in enumerate(walk.classes[0, : len(thumbs), 0].tolist())
        if answer != label
    ]
    said = "is right at every step" if not wrong else f"is wrong at some: {', '.join(wrong)}"
    st.caption(
        f"The {right}, all steps from {walk.strengths[0]:g} to 1: {states.plain(choice.models[0])} {states.plain(said)}."
    )
    markup.show(thumbnails.row(thumbs), key=f"{KEY}_steps")


def _curve(choice: Choice, gaps: Gaps | None, strength: float, origin: Provenance) -> None:
    factor = FACTORS[choice.factor]
    if gaps is None:
        states.empty(
            "No accuracies yet",
            "Evaluate these models with the suite “Controlled factors of scenes” on the page Evaluate.",
            icon=":material/show_chart:",
        )
        return
    if gaps.incomplete:
        states.notice(
            f"No results under all factors for {', '.join(gaps.incomplete)}: evaluate with the suite “Controlled factors of scenes”."
        )
    sets = gaps.sets[gaps.sets["factor"] == choice.factor]
    iid = gaps.models.assign(
        strength=0.0, accuracy=gaps.models["iid"], low=gaps.models["iid_low"], high=gaps.models["iid_high"]
    )
    columns = ["model", "strength", "accuracy", "low", "high"]
    table = pd.concat([iid[columns], sets[columns]], ignore_index=True)
    table = table.sort_values(
        ["model", "strength"],
        key=lambda column: column if column.name == "strength" else column.map(list(gaps.models["model"]).index),
    )
    footer = origin.footer(
        formula=f"Accuracy over {gaps.images:,} test images with this factor changed, the same images at every strength",
        interval="Bands: 95 %, bootstrap over the images",
    )
    figure.card(
        figures.curve(
            table,
            at=strength,
            ends=factor.ends,
            footer=footer.text,
            alt=f"Accuracy along the strength of {factor.title.lower()} for {len(gaps.models)} models",
        ),
        key=f"{KEY}-curve",
        title=f"Accuracy along {factor.title.lower()}",
        says="0 is the test images as they are. The dashed line is the slider's strength.",
        table=table,
        footer=footer,
        origin=origin,
    )
