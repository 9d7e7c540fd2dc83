"""The views of two accuracies: the trade-off, and effective robustness against a trend line."""

from __future__ import annotations

import pandas as pd

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import metric_views
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, View
from robustcore.errors import InvalidArgumentError
from robustcore.notes import note
from robustcore.reports.compare import effective, intervals, tradeoff
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.effective import SHIFTS
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer

AXES = {"clean": "Clean against corrupted", "attacked": "Corrupted against attacked"}
HERE = "the models here, clean against the chosen conditions"
_CLEAN = "accuracy on clean images (%)"


@note
def none_on_this_line(condition: str) -> str:
    return (
        "None of the models here is on this line: an evaluation under the suite imagenet-shifts on ImageNet's images "
        f"({condition}) adds them."
    )


@note
def no_place_on_this_line(shift: str) -> str:
    return f"My own models cannot be added to this line: it needs their clean accuracy on the 200 classes of {shift}."


def _shifted(found: Comparison) -> str:
    return f"mean accuracy under each {found.what} (%)"


def trade_off(found: Comparison, choice: Choice, settings: Settings) -> View | str:
    """Clean accuracy against the mean under corruption, or that against accuracy under attack."""
    from robustcore.figures import compared

    axes = selection.segmented("Axes", list(AXES), key=f"{KEY}_axes", kind="pair of axes", text=AXES.__getitem__)
    models = [m for m in choice.models if m in found.models]
    result = compare.measured(found, choice.dataset, "accuracy", "", models)
    if axes == "attacked":
        return _against_attacks(found, choice, result)
    points = tradeoff.clean_and_corrupted(found.only(models), result)
    count = found.corrupted["label"].nunique()
    footer = found.only(models).provenance.footer(
        formula=f"Up: the mean accuracy over {count} {found.what}{'' if count == 1 else 's'}, and over their severities",
        interval=f"Across: 95 % (Wilson). Up: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    families, argument = metric_views.colours(result.models)
    body = (
        f"result = measures.bars(found, 'accuracy', models={models!r}, answers=read)\n"
        f"points = tradeoff.clean_and_corrupted(found.only({models!r}), result)\n"
        f"figure = compared.trade_off(points, {_CLEAN!r}, {_shifted(found)!r}{argument})\n"
    )
    return View(
        "trade-off",
        "Does robustness cost clean accuracy?",
        "Up and to the right is better in both. The dotted line joins the models that no other beats on both axes; with many "
        "models only those are named, as far as there is room.",
        compared.trade_off(points, _CLEAN, _shifted(found), footer=footer, families=families),
        points,
        footer,
        body,
        None,
        found.provenance,
    )


def _against_attacks(found: Comparison, choice: Choice, result: Bars) -> View | str:
    from robustcore.figures import compared

    if choice.is_published:
        return "Published figures of these models under attack are not among the tables."
    attacked = cache.robust_accuracy(tuple(m for m in choice.models if m in found.models), choice.dataset, choice.seed)
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
    points = tradeoff.corrupted_and_attacked(result, attacked, "pgd", eps)
    if points.empty:
        return "No model has both, a result under corruption and one under this attack."
    title = f"accuracy under PGD, eps {255 * eps:.3g}/255 (%)"
    footer = found.provenance.footer(
        formula="Across: the mean accuracy over the corruptions. Up: accuracy under white-box PGD (10 steps, random start)",
        interval=f"Up: 95 % (Wilson). Across: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    models = list(points["model"])
    families, argument = metric_views.colours(result.models)
    body = (
        f"result = measures.bars(found, 'accuracy', models={result.models!r}, answers=read)\n"
        f"attacked = robust_accuracy.curves(comparison.subjects({models!r}, dataset), dataset, seed={choice.seed})\n"
        f"points = tradeoff.corrupted_and_attacked(result, attacked, 'pgd', {eps!r})\n"
        f"figure = compared.trade_off(points, {_shifted(found)!r}, {title!r}{argument})\n"
    )
    return View(
        "trade-off-attacked",
        "Does withstanding corruptions help against attacks?",
        "Up and to the right is better in both: synthetic corruption across, an adversary who knows the model up.",
        compared.trade_off(points, _shifted(found), title, footer=footer, families=families),
        points,
        footer,
        body,
        None,
        found.provenance,
    )


def trend(found: Comparison | None, choice: Choice, settings: Settings) -> View | str:
    """A population with its trend line; without results of the user's own the published ones are still drawn."""
    from robustcore.figures import compared

    options = [HERE, *SHIFTS] if found is not None else list(SHIFTS)
    name = selection.selectbox(
        "Population",
        options,
        key=f"{KEY}_population",
        kind="population",
        width=420,
        text=lambda p: p if p == HERE else f"1,266 published models on {SHIFTS[p].title}",
    )
    if name != HERE:
        return _published(name, found)
    assert found is not None
    models = [m for m in choice.models if m in found.models]
    result = compare.measured(found, choice.dataset, "accuracy", "", models)
    try:
        population = effective.over(effective.of_bars(result.means))
    except InvalidArgumentError as error:
        return str(error)
    footer = found.only(models).provenance.footer(formula=population.formula)
    named = tuple(population.table["model"]) if len(population.table) <= 10 else (*population.table["model"][:3],)
    body = (
        f"result = measures.bars(found, 'accuracy', models={models!r}, answers=read)\n"
        "population = effective.over(effective.of_bars(result.means))\n"
        f"figure = compared.trend(population, {_shifted(found)!r}, chosen={named!r})\n"
    )
    return View(
        "trend",
        "Which models are more robust than their clean accuracy explains?",
        "The line is what clean accuracy lets one expect, fitted over these models on logit axes. Above it is effective "
        "robustness: the part that better accuracy alone does not bring.",
        compared.trend(population, _shifted(found), footer=footer, chosen=named),
        population.table,
        footer,
        body,
        None,
        found.provenance,
        notes=population.notes,
    )


def _published(column: str, found: Comparison | None) -> View:
    from robustcore.figures import compared

    shift = SHIFTS[column]
    population = compare.natural_shift(column)
    names = list(population.table["model"])
    chosen = selection.multiselect(
        "Show by name", names, key=f"{KEY}_named", kind="published model", default=names[:3], max_selections=10
    )
    title = f"accuracy on {shift.title} (%)"
    own = None if found is None else effective.others(population, effective.own(found, column))
    if own is not None and own.empty:
        own = None
    footer = Footer(
        formula=population.formula,
        before=(f"Published top-1 accuracies of timm's models (Apache-2.0), {shift.title}: {shift.note}",),
    )
    body = (
        f"population = effective.over(effective.natural_shift({column!r}))\n"
        + ("" if own is None else f"own = effective.others(population, effective.own(found, {column!r}))\n")
        + f"figure = compared.trend(population, {title!r}, chosen={tuple(chosen)!r}{'' if own is None else ', own=own'})\n"
    )
    table = population.table if own is None else pd.concat([own, population.table], ignore_index=True)
    notes = population.notes
    if found is not None and own is None:
        notes += (none_on_this_line(shift.condition),) if shift.condition else (no_place_on_this_line(shift.title),)
    return View(
        f"trend-{column}",
        f"Which published models withstand {shift.title} better than their accuracy explains?",
        "A dot is a published model. The line is what clean accuracy lets one expect, fitted over all of them on logit axes; above "
        "it is effective robustness. Models of other data have no place on this line.",
        compared.trend(population, title, footer=footer, chosen=tuple(chosen), own=own),
        table,
        footer,
        body,
        notes=notes,
    )
