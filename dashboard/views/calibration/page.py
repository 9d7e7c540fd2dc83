"""Calibration: reliability, answers that could be left out, errors by severity and corruption, temperature, confident mistakes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.calibration import controls, mistakes, numbers, temperature
from dashboard.views.calibration.controls import KEY, Choice
from dashboard.views.calibration.numbers import Numbers
from dashboard.widgets import data_picker, figure, labels, markup, states
from dashboard.widgets.markup import Markup
from robustcore import metrics
from robustcore.display import display_name
from robustcore.figures.confidence import calibration as figures
from robustcore.metrics.calibration import BIN, Bins
from robustcore.reports.provenance import Footer, Provenance, package_version

PAGE = Page(
    title="Calibration",
    icon=":material/balance:",
    order=33,
    group="Compare",
    question="Is the model as accurate as it is confident?",
    purpose="Confidence against accuracy, on clean and on corrupted images, models side by side.",
    help="A reliability diagram, the accuracy when unsure answers may be left out, errors by severity and by corruption, a fitted "
    "temperature before and after, and the surest mistakes as pictures.",
    terms=("Calibration error", "AURRA"),
)
CLEAN = "clean"
_COLUMNS = ("accuracy", "confidence", "debiased", "rms_calibration", "ece", "aurra")
_TITLES = {
    "accuracy": "Accuracy",
    "confidence": "Mean confidence",
    "debiased": "RMS error, debiased",
    "rms_calibration": "RMS error",
}


def render() -> None:
    """The page below its heading."""
    choice = controls.pick()
    if choice is None:
        states.empty("No model is chosen", "Choose one or more models above.", icon=PAGE.icon)
        return
    with st.spinner("Reading confidences …"):
        found = numbers.gather(choice)
    if found.table["debiased"].notna().sum() == 0:
        states.empty("No confidences are stored", " ".join(_reasons(found.table)), icon=PAGE.icon)
        return
    _finding(found)
    condition = _pick_condition(found)
    rows = found.table[found.table["condition"] == condition]
    _reliability(choice, found, rows, condition)
    left, right = st.columns(2, gap="medium")
    with left:
        _by_severity(choice, found)
    with right:
        _by_condition(choice, found)
    temperature.show(choice)
    mistakes.show(choice, rows, condition)
    figure.evidence(_provenance(choice, found), KEY)


def _provenance(choice: Choice, found: Numbers) -> Provenance:
    """Where the confidences come from."""
    images = found.table.loc[found.table["n"].notna(), "n"]
    return Provenance(
        models=tuple(choice.models),
        dataset=choice.dataset.name,
        split=choice.dataset.split,
        images=(int(images.min()), int(images.max())),
        seed=choice.seed,
        suites=(choice.suite,),
        storage="memory",
        shipped="some",
        updated="",
        keys=found.keys,
    )


def _finding(found: Numbers) -> None:
    """How far confidence and accuracy are apart on clean images, and under the strongest corruptions."""
    table = found.table[found.table["debiased"].notna()]
    clean = table[table["kind"] == CLEAN].set_index("model")
    parts = []
    if len(clean):
        best, worst = str(clean["debiased"].idxmin()), str(clean["debiased"].idxmax())
        error = "On clean images confidence and accuracy are "
        if len(clean) > 1:
            error += (
                f"{_percent(clean['debiased'][best])} (**{states.plain(best)}**) to {_percent(clean['debiased'][worst])} "
                f"(**{states.plain(worst)}**) apart."
            )
        else:
            error += f"{_percent(clean['debiased'][best])} apart."
        parts.append(error)
    hard = table[table["severity"] == table["severity"].max()]
    if len(hard):
        means = hard.groupby("model", sort=False)[["debiased", "confidence", "accuracy"]].mean()
        worst = str(means["debiased"].idxmax())
        gap = means["confidence"][worst] - means["accuracy"][worst]
        word = "too sure" if gap > 0 else "not sure enough"
        parts.append(
            f"At severity {int(table['severity'].max())} **{states.plain(worst)}** is off by {_percent(means['debiased'][worst])} on average: "
            f"{_percent(means['confidence'][worst])} sure, {_percent(means['accuracy'][worst])} right, so {word}."
        )
    st.markdown(" ".join(parts))


def _pick_condition(found: Numbers) -> str:
    """The condition that is looked at closely, as canonical JSON."""
    table = found.table
    names = [CLEAN, *dict.fromkeys(table.loc[table["kind"] != CLEAN, "name"])]
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_looked_at"):
        name = selection.selectbox(
            "Images",
            names,
            key=f"{KEY}_under",
            kind="condition",
            default=CLEAN,
            text=lambda n: "Clean images" if n == CLEAN else display_name(n, "corruption"),
            width=260,
        )
        rows = table[(table["kind"] == CLEAN) if name == CLEAN else (table["name"] == name) & (table["kind"] != CLEAN)]
        levels = sorted({int(level) for level in rows["severity"].dropna()})
        if len(levels) > 1:
            level = selection.segmented(
                "Severity", levels, key=f"{KEY}_severity", kind="severity", default=levels[len(levels) // 2]
            )
            rows = rows[rows["severity"] == level]
    return str(rows["condition"].iloc[0])


def reliability_rows(bins: Bins) -> pd.DataFrame:
    """Bins as the figure takes them."""
    return pd.DataFrame({"confidence": bins.confidence, "accuracy": bins.accuracy, "images": bins.images})


def footer_of(choice: Choice, *sentences: str) -> Footer:
    """Where the numbers come from."""
    return Footer(
        further=(
            f"{', '.join(f'{s.name} ({s.fingerprint[:12]})' for s in choice.subjects)} on {data_picker.words(choice.data)}, "
            f"{labels.suite(choice.suite)}, seed {choice.seed}. Confidence is the greatest softmax probability.",
            *sentences,
            package_version(),
        )
    )


def _reliability(choice: Choice, found: Numbers, rows: pd.DataFrame, condition: str) -> None:
    known = [model for model in rows["model"] if (model, condition) in found.bins]
    words = _words(rows)
    if not known:
        states.notice(f"No confidences are stored for {words}: {' '.join(_reasons(rows))}")
        return
    bins = {model: found.bins[model, condition] for model in known}
    lines = {model: reliability_rows(each) for model, each in bins.items()}
    curves = {
        model: pd.DataFrame(dict(zip(("share", "accuracy"), each.surest, strict=True))) for model, each in bins.items()
    }
    footer = footer_of(
        choice,
        f"{words[:1].upper()}{words[1:]}; {int(rows['n'].max()):,} images in bins of {BIN} in the order of confidence.",
    )
    left, right = st.columns(2, gap="medium")
    with left:
        figure.card(
            figures.reliability(
                lines, footer=footer.text, alt=f"Accuracy against confidence of {', '.join(known)}: {words}"
            ),
            key=f"{KEY}-reliability",
            title="Reliability",
            says="Below the dotted line a model is surer than it is right, above it less sure.",
            table=pd.concat([each.assign(model=model) for model, each in lines.items()], ignore_index=True),
            footer=footer,
        )
    with right:
        figure.card(
            figures.response_rate(
                curves,
                footer=footer.text,
                alt=f"Accuracy among the surest answers of {', '.join(known)}: {words}",
            ),
            key=f"{KEY}-rra",
            title="What if it may skip what it is unsure of?",
            says="Further left fewer answers are given. A steep rise means that confidence tells right from wrong answers.",
            table=pd.concat([each.assign(model=model) for model, each in curves.items()], ignore_index=True),
            footer=footer,
        )
    with st.container(border=True, key=f"card-{KEY}-numbers"):
        st.subheader(f"The numbers: {words}", anchor=False)
        markup.show(_number_table(rows[rows["debiased"].notna()]), key=f"{KEY}_numbers")
        for reason in _reasons(rows):
            st.caption(states.plain(reason))
        st.caption(
            f"RMS error: {states.plain(metrics.get('rms_calibration').formula.partition(' = ')[2])}. Debiased: without what chance alone adds, "
            "with its 95 % interval over images. ECE: 15 bins of equal width. AURRA: mean accuracy of the surest answers. ECE and AURRA "
            "need every answer's confidence; of shipped corruptions bins are stored (–)."
        )


def _words(rows: pd.DataFrame) -> str:
    """The condition in a sentence."""
    row = rows.iloc[0]
    if row["kind"] == CLEAN:
        return "clean images"
    severity = "" if pd.isna(row["severity"]) else f", severity {int(row['severity'])}"
    return f"{display_name(str(row['name']), 'corruption', inside=True)}{severity}"


def _number_table(rows: pd.DataFrame) -> Markup:
    heads = Markup().join(
        Markup('<th scope="col">{}</th>').format(_TITLES.get(name) or metrics.get(name).short) for name in _COLUMNS
    )
    body = []
    for row in rows.to_dict("records"):
        cells = [Markup("<td>{}</td>").format(_value(row, name)) for name in _COLUMNS]
        body.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(row["model"], Markup().join(cells)))
    return Markup(
        '<div class="rc-accuracies"><table><thead><tr><th scope="col">Model</th>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(heads, Markup().join(body))


def _value(row: Mapping[Hashable, Any], name: str) -> str:
    value = float(str(row[name]))
    if math.isnan(value):
        return "–"
    if name == "debiased":
        low, high = (100 * float(str(row[f"debiased_{end}"])) for end in ("low", "high"))
        return f"{_percent(value)} ({low:.1f} to {high:.1f})"
    return _percent(value)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def _reasons(table: pd.DataFrame) -> list[str]:
    """Why values are missing, a sentence for each reason, with the models."""
    models: dict[str, list[str]] = {}
    for row in table[table["reason"] != ""].to_dict("records"):
        named = models.setdefault(str(row["reason"]), [])
        if row["model"] not in named:
            named.append(str(row["model"]))
    return [f"{', '.join(named)}: {reason}." for reason, named in models.items()]


def _by_severity(choice: Choice, found: Numbers) -> None:
    table = found.table[found.table["debiased"].notna()].copy()
    table.loc[table["kind"] == CLEAN, "severity"] = 0
    table = table[table["severity"].notna()]
    conditions = table[table["severity"] > 0].groupby("model")["name"].nunique()
    whole = conditions[conditions == conditions.max()].index
    means = table[table["model"].isin(whole)].groupby(["model", "severity"], sort=False)["debiased"].mean()
    lines = means.rename("value").reset_index()
    if lines["severity"].nunique() < 2:
        states.notice(f"No errors by severity: {' '.join(_reasons(found.table))}")
        return
    footer = footer_of(choice, f"RMS error, debiased: the mean over {int(conditions.max())} corruptions.")
    figure.card(
        figures.by_severity(
            lines,
            title="RMS error, debiased (%)",
            footer=footer.text,
            alt="Calibration error against severity for each model, the mean over the corruptions",
        ),
        key=f"{KEY}-severity",
        title="Does it stay calibrated?",
        says="The distance between confidence and accuracy as images get worse; 0 is perfect.",
        table=lines,
        footer=footer,
        below=lambda: _left_out(found.table),
    )


def _left_out(table: pd.DataFrame) -> None:
    missing = table[(table["kind"] != CLEAN) & table["debiased"].isna()]
    for reason in _reasons(missing):
        st.caption(states.plain(reason))


def _by_condition(choice: Choice, found: Numbers) -> None:
    table = found.table[(found.table["kind"] != CLEAN) & found.table["debiased"].notna()]
    levels = sorted({int(level) for level in table["severity"].dropna()})
    if table.empty:
        return
    level = levels[-1] if levels else None
    asked = st.session_state.get(f"{KEY}_severity")
    if asked in levels:
        level = asked
    if level is not None:
        table = table[table["severity"] == level]
    table = table.rename(columns={"debiased": "value", "debiased_low": "low", "debiased_high": "high"})
    order = table.groupby("name")["value"].mean().sort_values(ascending=False).index
    drawn = table.set_index("name").loc[order].reset_index()[["model", "name", "value", "low", "high"]]
    at = "" if level is None else f" at severity {level}"
    footer = footer_of(choice, f"RMS error, debiased, with 95 % intervals over images{at}.")
    figure.card(
        figures.by_condition(
            drawn,
            title="RMS error, debiased (%)",
            footer=footer.text,
            alt=f"Calibration error under each corruption{at} for each model, the worst on top",
        ),
        key=f"{KEY}-conditions",
        title=f"Under which corruption is it off{at}?",
        says="The corruption with the largest error on top.",
        table=drawn,
        footer=footer,
    )
