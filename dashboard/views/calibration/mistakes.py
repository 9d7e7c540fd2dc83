"""The surest wrong answers as pictures."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from dashboard import cache, data_urls
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.calibration import numbers
from dashboard.views.calibration.controls import KEY, Choice
from dashboard.widgets import labels, markup, states, thumbnails
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.evaluation import Condition
from robustcore.reports.compare import example_images

_CLEAN = "clean"


def show(choice: Choice, rows: pd.DataFrame, condition: str) -> None:
    """The section; where the answers under the condition are not stored one by one, the clean images take their place."""
    with st.container(border=True, key=f"card-{KEY}-mistakes"):
        st.subheader("Confident mistakes", anchor=False)
        model = selection.selectbox("Model", choice.models, key=f"{KEY}_mistakes_model", kind="model", width=320)
        subject = next(each for each in choice.subjects if each.name == model)
        name = str(rows["name"].iloc[0])
        found = numbers.mistakes(choice, subject, condition)
        if found is None and name != _CLEAN:
            st.caption(
                f"Under {states.plain(display_name(name, 'corruption', inside=True))} no confidence is stored for every answer of "
                f"{states.plain(model)}; these are its mistakes on clean images."
            )
            condition = Condition.clean().canonical()
            found = numbers.mistakes(choice, subject, condition)
        if found is None:
            st.markdown(f"No confidence is stored for every answer of {states.plain(model)}.")
            return
        st.caption(f"{found.wrong:,} of {found.answered:,} answers are wrong. The surest of them:")
        if not len(found.places):
            return
        if why := cache.datasets.why_without_images(choice.data):
            states.notice(f"{why} The images themselves are left out.")
            return
        clean = json.loads(condition)["kind"] == _CLEAN
        if not clean and not example_images.can_be_shown(condition):
            states.notice("These images depend on the model: look at them on the page Attack.")
            return
        images = compare.corrupted_images(choice.data, tuple(int(p) for p in found.places), condition, choice.seed)
        classes = subject.classes
        thumbs = [
            thumbnails.Thumb(
                "",
                source,
                f"Image {place}: {classes[label]}, answered {classes[answer]}, {labels.confidence(float(confidence))} sure",
                (
                    (f"{display_name(classes[answer])} {labels.confidence(float(confidence))}", thumbnails.WRONG),
                    (f"is {display_name(classes[label], inside=True)}", thumbnails.UNKNOWN),
                ),
                images.shape[-1] <= data_urls.EXACT_SIDE,
            )
            for place, answer, label, confidence, source in zip(
                found.places, found.answers, found.labels, found.confidence, data_urls.thumbnails(images), strict=True
            )
        ]
        markup.show(
            Markup('<div style="padding-top:.5rem">{}</div>').format(thumbnails.row(thumbs)), key=f"{KEY}_mistakes"
        )
