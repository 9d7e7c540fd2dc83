"""The view of two parts of a benchmark: what a model gains where the benchmark overlaps with its training, and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.cache import compare, overlaps
from dashboard.session import selection
from dashboard.views.compare import metric_views, python_code
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from dashboard.widgets import states
from robustcore import metrics
from robustcore.calls import Attribute, Call, Node
from robustcore.display import display_name
from robustcore.reports.compare import image_metrics, intervals, parts
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.parts import Parts
from robustcore.reports.overlap.atlas import MEAN, Entry

_THESIS = "noises, blurs and pixelate (table 4.1 of the thesis)"


def gains(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Each model against the baseline on the part that overlaps with a training, and on the rest."""
    from robustcore.figures import compared

    measured = metric_views.with_metric(results, choice, settings)
    if isinstance(measured, str):
        return measured
    comparison: Comparison = measured.value
    models = [m for m in choice.models if m in comparison.models and m != settings.baseline]
    if not models:
        return "The baseline is the only model: choose another one to compare with it."
    if settings.baseline not in comparison.models:
        return f"{metrics.get(settings.metric).title} is not known of the baseline {settings.baseline}: choose another one."
    named = dict(zip(comparison.corrupted["name"], comparison.corrupted["label"], strict=True))
    divided = _pick(choice, [str(name) for name in named])
    if not divided.overlapping or not divided.rest:
        return (
            "One of the two parts is empty: of these corruptions none is known to overlap with the training, or none not to. Choose "
            "another training or other suites."
        )
    labels = [[str(named[name]) for name in part] for part in (divided.overlapping, divided.rest)]
    keywords: dict[str, Any] = {"reference": settings.reference} if settings.reference else {}
    if not image_metrics.is_of_images(metrics.get(settings.metric)):
        keywords["answers"] = python_code.single_answers(choice, measured)
    call = Call(
        parts.gains, measured, settings.metric, settings.baseline, *labels, **keywords, models=models, name="gains"
    )
    table = compare.cached(call, comparison, choice.data)
    chosen = Call(Attribute(measured, "only"), [*models, settings.baseline], name="chosen")
    footer = Call(
        Attribute(chosen, "provenance.footer"),
        formula=f"{metrics.get(settings.metric).formula}; the mean gain over {settings.baseline}, above 0 is better. Overlapping part: "
        f"{_listed(divided.overlapping)}. The rest: {_listed(divided.rest)}",
        interval=intervals.SENTENCE,
    )
    looks = metric_views.looks(choice, models, models, table)
    return View(
        f"parts-{settings.metric}",
        "Was this model designed for the benchmark?",
        "A model that gains much on the part that overlaps with a training and little on the rest looks better on the benchmark than it "
        f"is. {_reading(len(models))}",
        table.value,
        footer.value,
        Call(compared.parts, table, settings.metric, settings.baseline, footer=footer, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
        notes=tuple(parts.designed(table.value)),
    )


def _reading(models: int) -> str:
    from robustcore.figures import compared

    if models > compared.CROWD:
        return "A dot is a model with its 95 % intervals; above the diagonal it gains more on the overlapping part."
    return "Pale: the 95 % interval has 0 in it."


def _pick(choice: Choice, names: Sequence[str]) -> Parts:
    """The two parts of the chosen corruptions; says which are in neither."""
    atlases = {} if choice.is_published else _trainings(choice)
    training = selection.selectbox(
        "Trained on",
        [_THESIS, *atlases],
        key=f"{KEY}_part",
        kind="training",
        width=420,
        text=lambda name: name if name == _THESIS else display_name(name, "corruption", suite=True),
        help="The benchmark is divided by what overlaps with a training on this.",
    )
    if training == _THESIS:
        divided = parts.of_the_thesis(names)
    else:
        entry = atlases[training]
        divided = parts.by_overlap(overlaps.measured(overlaps.key(entry, "residual", MEAN)), training, names)
    if divided.unknown:
        st.caption(states.plain(f"In neither part, because their overlap is not known: {_listed(divided.unknown)}."))
    return divided


def _trainings(choice: Choice) -> dict[str, Entry]:
    """Corruption -> the largest atlas on these data in which its overlaps are defined."""
    trainings: dict[str, Entry] = {}
    for entry in overlaps.entries()[0]:
        if entry.dataset == choice.dataset:
            matrix = overlaps.measured(overlaps.key(entry, "residual", MEAN))
            for name in matrix.names:
                if name not in matrix.undefined:
                    trainings.setdefault(name, entry)
    return dict(sorted(trainings.items()))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(display_name(name, "corruption", inside=True) for name in names)


def printed() -> None:
    """Table 4.1 of the thesis, for comparison."""
    with st.expander("As printed: table 4.1 of the thesis", icon=":material/menu_book:"):
        st.dataframe(parts.printed(), hide_index=True, width="stretch")
        st.caption(
            "Laugros, thesis, table 4.1: mean corruption error in percent, lower is better. Set 1: the three noises, the four blurs and "
            "pixelate; set 2: the other seven corruptions of ImageNet-C."
        )
