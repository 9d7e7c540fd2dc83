"""Pairs of robustness in Trade-off: attacks against natural shifts, and corruptions against perturbation sequences."""

from __future__ import annotations

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import metric_views
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import View
from robustcore.calls import Attribute, Call, Node
from robustcore.reports import stability
from robustcore.reports.attacks import natural
from robustcore.reports.compare import comparison as comparisons
from robustcore.reports.compare import tradeoff
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.provenance import Footer

_ITSELF = "the model itself"
_STABLE = "comparisons of frames without a flip (%)"


def attacks_and_shifts(results: Node, choice: Choice) -> View | str:
    """How far robustness to each attack goes with robustness to each natural shift, over the chosen models."""
    from robustcore.figures import under_attack

    if choice.is_published or choice.dataset != "scenes":
        return "Attacks and natural shifts are stored together of models of scenes only: choose scenes."
    comparison: Comparison = results.value
    models = tuple(m for m in choice.models if m in comparison.models)
    table = cache.results.attacks_and_shifts(models, choice.data, choice.seed)
    if table.empty:
        return "None of these models was evaluated both under attack and on natural shifts: choose both suites on the page Evaluate."
    few = natural.few_models(int(table["models"].max()))
    if few is not None:
        return f"{few.text[:1].upper()}{few.text[1:]}. Choose more models."
    surrogate = selection.selectbox(
        "Attacks crafted on",
        list(dict.fromkeys(sorted(table["surrogate"]))),
        key=f"{KEY}_correlated_on",
        kind="model",
        text=lambda name: name or _ITSELF,
        width=320,
    )
    images = compare.dataset(choice.data)
    subjects = Call(comparisons.subjects, list(models), images)
    call = Call(natural.correlations, subjects, images, seed=choice.seed, name="correlations")
    call = call.supplied_by(lambda: table)
    rows = Call(natural.crafted, call, surrogate, name="rows")
    footer = Call(natural.footer, call)
    return View(
        "attacks-and-shifts",
        "Does withstanding attacks help on natural shifts?",
        "A cell is a correlation over the models: 1 where those that keep more accuracy under the attack also keep more on the shift, 0 "
        "where one says nothing of the other. Hover a cell for its interval.",
        rows.value,
        footer.value,
        Call(under_attack.correlations, rows, footer=footer, name="figure"),
        None,
        table.attrs["provenance"],
        wide=True,
    )


def corruptions_and_sequences(results: Node, choice: Choice, bars: Call) -> View | str:
    """Mean accuracy under corruption against stability over perturbation sequences."""
    from robustcore.figures import compared

    if choice.is_published:
        return _published_sequences()
    if choice.dataset != "scenes":
        return "Results over sequences are compared on the test images of scenes: choose scenes."
    comparison: Comparison = results.value
    models = tuple(m for m in choice.models if m in comparison.models)
    images = compare.dataset(choice.data)
    subjects = Call(comparisons.subjects, list(models), images)
    report = Call(stability.table, subjects, images, name="sequences")
    report = report.supplied_by(lambda: cache.results.stability(models, "imagenet-p", 1, stability.ALEXNET))
    points = Call(tradeoff.corrupted_and_stable, bars, Attribute(report, "means"), name="points")
    if points.value.empty:
        return "None of these models was evaluated on sequences: choose the suite ImageNet-P on the page Evaluate."
    footer = Call(
        Attribute(results, "provenance.footer"),
        formula="Across: the mean accuracy over the corruptions. Up: 1 less the mean flip probability over the ten sequences of "
        "ImageNet-P (Hendrycks & Dietterich, 4.2)",
    )
    looks = metric_views.of_result(choice, bars, bars.value)
    return View(
        "trade-off-sequences",
        "Are models that withstand corruptions stable too?",
        "Up and to the right is better in both: corruptions across, small perturbations from frame to frame up.",
        points.value,
        footer.value,
        Call(
            compared.trade_off,
            points,
            "mean accuracy under each corruption (%)",
            _STABLE,
            footer=footer,
            **looks,
            name="figure",
        ),
        None,
        comparison.provenance,
        clickable=True,
    )


def _published_sequences() -> View:
    from robustcore.figures import compared

    points = Call(tradeoff.published_corrupted_and_stable, name="points")
    footer = Call(
        Footer,
        formula="Across: mean accuracy on ImageNet-C. Up: 1 less the mean flip probability on ImageNet-P",
        before=("Hendrycks & Dietterich 2019, tables 1 and 3 with AlexNet's figures of appendices D and E.",),
    )
    return View(
        "trade-off-sequences-published",
        "Are models that withstand corruptions stable too?",
        "A dot is a published network on ImageNet. Up and to the right is better in both, as in figure 4 of the document.",
        points.value,
        footer.value,
        Call(compared.trade_off, points, "mean accuracy on ImageNet-C (%)", _STABLE, footer=footer, name="figure"),
    )
