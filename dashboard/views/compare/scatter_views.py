"""The views of two accuracies: the trade-off, and effective robustness against a trend line."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import example_images, first_models, metric_views, python_code, robustness_pairs
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from robustcore import published
from robustcore.calls import Attribute, Call, Node
from robustcore.datasets.imagenet_shifts import VARIABLE
from robustcore.errors import InvalidArgumentError
from robustcore.notes import note
from robustcore.reports.attacks import robust_accuracy
from robustcore.reports.compare import comparison as comparisons
from robustcore.reports.compare import effective, intervals, tradeoff
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.effective import SHIFTS, SOURCES, Population
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer

AXES = {
    "clean": "Clean against corrupted",
    "attacked": "Corrupted against attacked",
    "sequences": "Corrupted against sequences",
    "natural": "Attacks against natural shifts",
    "autoattack": "Clean against AutoAttack, published",
}
_NAMED, _FIRST, _MOST = f"{KEY}_named", 3, 10  # published models that are named: how many to begin with, and at most
_CLICKED = f"_{_NAMED}_clicked"
HERE = "the models here, clean against the chosen conditions"
_CLEAN = "accuracy on clean images (%)"
_CLEAN_ACCURACY, _CORRUPTED = "clean accuracy", "mean accuracy under corruption"


@note
def none_on_this_line(condition: str) -> str:
    return (
        "None of the models here is on this line. Choose ImageNet shifts among the suites above; where no results of it are stored, an "
        f"evaluation under it on ImageNet's images adds them: it takes {condition} from the folder that {VARIABLE} names."
    )


def _shifted(comparison: Comparison) -> str:
    return f"mean accuracy under each {comparison.what} (%)"


def trade_off(results: Node, choice: Choice, settings: Settings) -> View | str:
    """Clean accuracy against the mean under corruption, or another pair of robustness."""
    from robustcore.figures import compared

    comparison: Comparison = results.value
    axes = selection.segmented("Axes", list(AXES), key=f"{KEY}_axes", kind="pair of axes", text=AXES.__getitem__)
    models = [m for m in choice.models if m in comparison.models]
    bars = metric_views.bars(results, choice, "accuracy")
    if axes == "attacked":
        return _against_attacks(results, choice, bars)
    if axes == "autoattack":
        return _of_a_board()
    if axes == "natural":
        return robustness_pairs.attacks_and_shifts(results, choice)
    if axes == "sequences":
        return robustness_pairs.corruptions_and_sequences(results, choice, bars)
    chosen = Call(Attribute(results, "only"), models, name="chosen")
    points = Call(tradeoff.clean_and_corrupted, chosen, bars, name="points")
    count = comparison.corrupted["label"].nunique()
    footer = Call(
        Attribute(chosen, "provenance.footer"),
        formula=f"Up: the mean accuracy over {count} {comparison.what}{'' if count == 1 else 's'}, and over their severities",
        interval=f"Across: 95 % (Wilson). Up: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    looks = metric_views.of_result(choice, bars, bars.value)
    return View(
        "trade-off",
        "Does robustness cost clean accuracy?",
        "Up and to the right is better in both. The dotted line joins the models that no other beats on both axes; with many "
        "models only those are named, as far as there is room.",
        points.value,
        footer.value,
        Call(compared.trade_off, points, _CLEAN, _shifted(comparison), footer=footer, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
    )


def _of_a_board() -> View:
    """The networks of one leaderboard of RobustBench, and those that are on that of corruptions too."""
    from robustcore.figures import compared

    boards = {board.title: board for board in published.autoattack_boards()}
    title = selection.selectbox(
        "Leaderboard",
        list(boards),
        key=f"{KEY}_board",
        kind="leaderboard",
        width=320,
        help="Figures of another norm or radius are another task, and never in one picture.",
    )
    board = boards[title]
    place = (board.dataset, board.norm, board.radius)
    both = Call(tradeoff.published_corrupted_and_autoattack, *place, name="points")
    across = _CLEAN_ACCURACY
    if len(both.value) > 1:
        across = selection.segmented("Across", [_CLEAN_ACCURACY, _CORRUPTED], key=f"{KEY}_board_across", kind="axis")
    if across == _CORRUPTED:
        points, said = both, tradeoff.networks_on_both(title.partition(", ")[0], len(both.value))
        question, axis = "Does adversarial robustness help against corruptions?", _CORRUPTED
    else:
        points = Call(tradeoff.published_autoattack, *place, name="points")
        said = tradeoff.figures_of_the_board(title, len(points.value))
        question, axis = "What does adversarial robustness cost in clean accuracy?", "accuracy on clean images"
    families = Call(tradeoff.trained_on, *place, name="families")
    footer = Call(
        Footer,
        formula=f"Across: {axis}. Up: accuracy under AutoAttack",
        before=(said.text,),
    )
    return View(
        "trade-off-autoattack",
        question,
        "A dot is a published network. Up and to the right is better in both; the dotted line joins those that no other beats on both "
        "axes.",
        points.value,
        footer.value,
        Call(
            compared.trade_off,
            points,
            f"{axis} (%)",
            f"accuracy under AutoAttack, {board.title.partition(', ')[2]} (%)",
            footer=footer,
            families=families,
            name="figure",
        ),
    )


def _against_attacks(results: Node, choice: Choice, bars: Call) -> View | str:
    from robustcore.figures import compared

    comparison: Comparison = results.value
    if choice.is_published:
        return "Published figures of these models under attack are not among the tables."
    attacked = cache.results.robust_accuracy(
        tuple(m for m in choice.models if m in comparison.models), choice.data, choice.seed
    )
    white_box = attacked[(attacked["access"] == "white-box") & (attacked["eps"] > 0) & (attacked["eps"] < 1)]
    if white_box.empty:
        return (
            "None of these models was evaluated under attack: choose the suite “robust-accuracy” on the page Evaluate."
        )
    radii = sorted(white_box.loc[white_box["attack"] == "pgd", "eps"].unique()) or sorted(white_box["eps"].unique())
    means = white_box[white_box["attack"] == "pgd"].groupby("eps")["accuracy"].mean()
    telling = min(radii, key=lambda e: abs(means.get(e, 1.0) - 0.4))  # where models differ most
    eps = selection.selectbox(
        "Budget of the attack (L-inf)",
        radii,
        key=f"{KEY}_eps",
        kind="budget",
        default=telling,
        text=lambda e: f"{255 * e:.3g}/255",
        width=240,
    )
    result: Bars = bars.value
    models = [m for m in choice.models if m in comparison.models]
    images = compare.dataset(choice.data)
    subjects = Call(comparisons.subjects, models, images)
    curves = Call(robust_accuracy.curves, subjects, images, seed=choice.seed, name="attacked")
    curves = curves.supplied_by(lambda: attacked)
    points = Call(tradeoff.corrupted_and_attacked, bars, curves, "pgd", float(eps), name="points")
    if points.value.empty:
        return "No model has both, a result under corruption and one under this attack."
    title = f"accuracy under PGD, eps {255 * eps:.3g}/255 (%)"
    footer = Call(
        Attribute(results, "provenance.footer"),
        formula="Across: the mean accuracy over the corruptions. Up: accuracy under white-box PGD (10 steps, random start)",
        interval=f"Up: 95 % (Wilson). Across: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    looks = metric_views.of_result(choice, bars, result)
    return View(
        "trade-off-attacked",
        "Does withstanding corruptions help against attacks?",
        "Up and to the right is better in both: synthetic corruption across, an adversary who knows the model up.",
        points.value,
        footer.value,
        Call(compared.trade_off, points, _shifted(comparison), title, footer=footer, **looks, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
    )


def trend(results: Node | None, choice: Choice, settings: Settings) -> View | str:
    """A population with its trend line; without results of the user's own the published ones are still drawn."""
    from robustcore.figures import compared, scatter

    options = [HERE, *SHIFTS] if results is not None else list(SHIFTS)
    name = selection.selectbox(
        "Population",
        options,
        key=f"{KEY}_population",
        kind="population",
        width=420,
        text=_population_title,
    )
    if name != HERE:
        return _published(name, results, choice)
    assert results is not None
    comparison: Comparison = results.value
    models = [m for m in choice.models if m in comparison.models]
    bars = metric_views.bars(results, choice, "accuracy")
    fit = Call(effective.over, Call(effective.of_bars, Attribute(bars, "means")), name="population")
    try:
        population: Population = fit.value
    except InvalidArgumentError as error:
        return str(error)
    chosen = Call(Attribute(results, "only"), models)
    footer = Call(Attribute(chosen, "provenance.footer"), formula=Attribute(fit, "formula"))
    chosen_first = first_models.call(choice, Attribute(bars, "means"), python_code.families(models, models))
    named = (
        chosen_first["emphasis"].value.first[: scatter.NAMED]
        if chosen_first
        else tuple(population.table["model"])[: scatter.NAMED]
    )
    return View(
        "trend",
        "Which models are more robust than their clean accuracy explains?",
        "The line is what clean accuracy lets one expect, fitted over these models on logit axes. Above it is effective "
        f"robustness: the part that better accuracy alone does not bring.{first_models.sentence(chosen_first)}",
        population.table,
        footer.value,
        Call(compared.trend, fit, _shifted(comparison), footer=footer, chosen=named, name="figure"),
        None,
        comparison.provenance,
        clickable=True,
        notes=population.notes,
    )


def _population_title(name: str) -> str:
    if name == HERE:
        return name
    shift = SHIFTS[name]
    return f"{'1,266 models of timm' if shift.source == 'timm' else 'ImageNet Testbed'} on {shift.title}"


def _published(column: str, results: Node | None, choice: Choice) -> View:
    from robustcore.figures import compared

    shift = SHIFTS[column]
    fit = Call(effective.over, Call(effective.natural_shift, column), name="population")
    fit = fit.supplied_by(lambda: compare.natural_shift(column))
    population: Population = fit.value
    names = list(population.table["model"])
    _name_clicked(column, names)
    chosen = selection.multiselect(
        "Show by name", names, key=_NAMED, kind="published model", default=names[:_FIRST], max_selections=_MOST
    )
    title = f"accuracy on {shift.title} (%)"
    own, own_notes = None, ()
    if results is not None and not (shift.is_subset and choice.is_published):
        models = Call(effective.own, results, column, name="own_models")
        own_notes = models.value.notes
        if not models.value.table.empty:
            own = Call(effective.others, fit, Attribute(models, "table"), name="own")
    footer = Call(
        Footer,
        formula=Attribute(fit, "formula"),
        before=(f"Published top-1 accuracies of {SOURCES[shift.source]}. {shift.title}: {shift.note}",),
    )
    table = population.table if own is None else pd.concat([own.value, population.table], ignore_index=True)
    further = {} if own is None else {"own": own}
    notes = (*population.notes, *own_notes)
    if own is None and not own_notes:
        notes += (none_on_this_line(shift.condition),)
    return View(
        f"trend-{column}",
        f"Which published models withstand {shift.title} better than their accuracy explains?",
        "A dot is a published model, and a click names it. The line is what clean accuracy lets one expect, on logit axes; above "
        "it is effective robustness. Models of other data have no place on this line.",
        table,
        footer.value,
        Call(compared.trend, fit, title, footer=footer, chosen=tuple(chosen), **further, name="figure"),
        notes=notes,
        clickable=own is not None,
        takes_clicks=True,
    )


def _name_clicked(column: str, names: list[str]) -> None:
    """A published model has no images here: a click on its dot writes its name next to it."""
    clicked = example_images.chosen(st.session_state.get(f"figure-{KEY}-trend-{column}"))
    if clicked is None or clicked.model not in names or st.session_state.get(_CLICKED) == clicked:
        return
    st.session_state[_CLICKED] = clicked
    now = st.session_state.get(_NAMED, names[:_FIRST])
    if clicked.model not in now:
        st.session_state[_NAMED] = [*now, clicked.model][-_MOST:]
