"""A temperature, fitted on validation images by one button: before and after."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import permissions, selection
from dashboard.views.calibration import numbers
from dashboard.views.calibration.controls import KEY, Choice
from dashboard.widgets import data_picker, figure, states
from robustcore import metrics
from robustcore.figures.confidence import calibration as figures
from robustcore.metrics import calibration
from robustcore.reports.calibration import Tempered
from robustcore.reports.provenance import Footer, package_version

_WANTED = f"{KEY}_tempered"  # in the session: the model that somebody asked for
_SLIGHT = 0.05  # a temperature so close to 1 changes hardly anything
MOST = 5000  # images of each split


def show(choice: Choice) -> None:
    """The section; where a temperature cannot be fitted, a sentence says why."""
    with st.container(border=True, key=f"card-{KEY}-temperature"):
        st.subheader("Does one number fix it?", anchor=False)
        st.caption(
            "A temperature divides all logits; it is fitted on validation images. No answer changes, only how sure it is. Clean images."
        )
        reason = _why_not(choice)
        if reason:
            st.markdown(states.plain(reason))
            return
        here = [name for name in choice.models if name in cache.models.model_names()]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = selection.selectbox("Model", here, key=f"{KEY}_temperature_model", kind="model", width=320)
            st.button(
                "Fit a temperature",
                icon=":material/thermostat:",
                key=f"{KEY}_fit",
                on_click=st.session_state.__setitem__,
                args=(_WANTED, model),
            )
        if st.session_state.get(_WANTED) != model:
            return
        images = cache.datasets.dataset(choice.data)
        validation = cache.datasets.validation(choice.data)
        assert validation is not None
        place = st.empty()
        with place.container():
            found = numbers.tempered(
                model,
                images,
                validation,
                min(MOST, max(len(images), len(validation))),
                lambda: st.session_state.pop(_WANTED, None),
            )
        place.empty()
        _result(choice, model, found)


def _why_not(choice: Choice) -> str:
    if permissions.read_only():
        return "This dashboard was started with --read-only: no model runs for a temperature."
    if why := cache.datasets.why_without_images(choice.data):
        return why
    if cache.datasets.validation(choice.data) is None:
        return f"{data_picker.words(choice.data)} has no validation images to fit a temperature on."
    if not any(name in cache.models.model_names() for name in choice.models):
        return "The weights of the chosen models are not on this machine."
    return ""


def _result(choice: Choice, model: str, found: Tempered) -> None:
    states_ = {"before": found.before, f"after (T = {found.temperature:.2f})": found.after}
    lines, errors = {}, []
    for name, confidence in states_.items():
        bins = calibration.equal_mass(confidence, found.right)
        lines[name] = pd.DataFrame({"confidence": bins.confidence, "accuracy": bins.accuracy, "images": bins.images})
        ece = float(metrics.get("ece")(confidence=confidence, right=found.right))
        errors.append((bins.debiased_rms, ece))
    (rms, ece), (rms_after, ece_after) = errors
    word = "was too sure" if found.temperature > 1 else "was not sure enough"
    if abs(found.temperature - 1) < _SLIGHT:
        word = "hardly needs one"
    st.markdown(
        f"**T = {found.temperature:.2f}**: {states.plain(model)} {word}. RMS error, debiased: {100 * rms:.1f} % before, "
        f"{100 * rms_after:.1f} % after. ECE: {100 * ece:.1f} % before, {100 * ece_after:.1f} % after."
    )
    footer = Footer(
        further=(
            f"{model} on {len(found.right):,} clean images of {data_picker.words(choice.data)}; fitted on {found.validation:,} validation "
            "images by the least cross-entropy (Guo et al. 2017). Bins of 100 images.",
            package_version(),
        )
    )
    figure.card(
        figures.reliability(
            lines, footer=footer.text, alt=f"Reliability of {model} before and after a fitted temperature"
        ),
        key=f"{KEY}-tempered",
        title="Before and after",
        says="After a good fit the points lie on the dotted line.",
        table=pd.concat([each.assign(state=name) for name, each in lines.items()], ignore_index=True),
        footer=footer,
    )
