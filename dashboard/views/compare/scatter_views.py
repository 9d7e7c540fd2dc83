"""The views of two accuracies: the trade-off, and effective robustness against a trend line."""

from __future__ import annotations

import pandas as pd

from dashboard import cache
from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import metric_views
from dashboard.views.compare.controls import KEY, Choice
from dashboard.views.compare.view import Settings, Shown
from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import effective, intervals, tradeoff
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.effective import SHIFTS
from robustcore.reports.compare.measures import Bars

AXES = {"clean": "Clean against corrupted", "attacked": "Corrupted against attacked"}
HERE = "the models here, clean against the chosen conditions"
_CLEAN = "accuracy on clean images (%)"


def _shifted(found: Comparison) -> str:
    return f"mean accuracy under each {found.what} (%)"


def trade_off(found: Comparison, choice: Choice, settings: Settings) -> Shown | str:
    """Clean accuracy against the mean under corruption, or that against accuracy under attack."""
    from robustcore.figures import compared

    axes = selection.segmented("Axes", list(AXES), key=f"{KEY}_axes", kind="pair of axes", text=AXES.__getitem__)
    models = [m for m in choice.models if m in found.models]
    result = compare.measured(found, choice.dataset, "accuracy", "", models)
    if axes == "attacked":
        return _against_attacks(found, choice, result)
    points = tradeoff.clean_and_corrupted(found.only(models), result)
    count = found.corrupted["label"].nunique()
    footer = found.only(models).provenance.sentence(
        formula=f"Up: the mean accuracy over {count} {found.what}{'' if count == 1 else 's'}, and over their severities",
        interval=f"Across: 95 % (Wilson). Up: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    families, told = metric_views.colours(result.models)
    body = (
        f"result = measures.bars(found, 'accuracy', models={models!r}, answers=read)\n"
        f"points = tradeoff.clean_and_corrupted(found.only({models!r}), result)\n"
        f"figure = compared.trade_off(points, {_CLEAN!r}, {_shifted(found)!r}{told})\n"
    )
    return Shown(
        "trade-off",
        "Does robustness cost clean accuracy?",
        "Up and to the right is better in both. The dotted line joins the models that no other one outdoes in both; with many "
        "models only those are named, as far as there is room.",
        compared.trade_off(points, _CLEAN, _shifted(found), footer=footer, families=families),
        points,
        footer,
        body,
        None,
        found.provenance,
    )


def _against_attacks(found: Comparison, choice: Choice, result: Bars) -> Shown | str:
    from robustcore.figures import compared

    if choice.is_published:
        return "Published figures of these models under attack are not among the tables."
    attacked = cache.robust_accuracy(tuple(m for m in choice.models if m in found.models), choice.dataset, choice.seed)
    known = attacked[(attacked["access"] == "white-box") & (attacked["eps"] > 0) & (attacked["eps"] < 1)]
    if known.empty:
        return (
            "None of these models was evaluated under attack: choose the suite “robust-accuracy” on the page Evaluate."
        )
    radii = sorted(known.loc[known["attack"] == "pgd", "eps"].unique()) or sorted(known["eps"].unique())
    means = known[known["attack"] == "pgd"].groupby("eps")["accuracy"].mean()
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
    footer = found.provenance.sentence(
        formula="Across: the mean accuracy over the corruptions. Up: accuracy under white-box PGD (10 steps, random start)",
        interval=f"Up: 95 % (Wilson). Across: {intervals.SENTENCE[0].lower()}{intervals.SENTENCE[1:]}",
    )
    models = list(points["model"])
    families, told = metric_views.colours(result.models)
    body = (
        f"result = measures.bars(found, 'accuracy', models={result.models!r}, answers=read)\n"
        f"attacked = robust_accuracy.curves(comparison.known({models!r}, dataset), dataset, seed={choice.seed})\n"
        f"points = tradeoff.corrupted_and_attacked(result, attacked, 'pgd', {eps!r})\n"
        f"figure = compared.trade_off(points, {_shifted(found)!r}, {title!r}{told})\n"
    )
    return Shown(
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


def trend(found: Comparison | None, choice: Choice, settings: Settings) -> Shown | str:
    """A population with its trend line; without results of one's own the published ones are still there."""
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
    footer = found.only(models).provenance.sentence(formula=population.formula)
    named = tuple(population.table["model"]) if len(population.table) <= 10 else (*population.table["model"][:3],)
    body = (
        f"result = measures.bars(found, 'accuracy', models={models!r}, answers=read)\n"
        "population = effective.over(effective.of_bars(result.means))\n"
        f"figure = compared.trend(population, {_shifted(found)!r}, chosen={named!r})\n"
    )
    return Shown(
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


def _published(column: str, found: Comparison | None) -> Shown:
    from robustcore.figures import compared

    shift = SHIFTS[column]
    population = compare.natural_shift(column)
    known = list(population.table["model"])
    chosen = selection.multiselect(
        "Show by name", known, key=f"{KEY}_named", kind="published model", default=known[:3], max_selections=10
    )
    title = f"accuracy on {shift.title} (%)"
    beside = None if found is None else effective.beside(population, effective.own(found, column))
    if beside is not None and beside.empty:
        beside = None
    footer = (
        f"Published top-1 accuracies of timm's models (Apache-2.0), {shift.title}: {shift.note} {population.formula}."
    )
    body = (
        f"population = effective.over(effective.natural_shift({column!r}))\n"
        + ("" if beside is None else f"beside = effective.beside(population, effective.own(found, {column!r}))\n")
        + f"figure = compared.trend(population, {title!r}, chosen={tuple(chosen)!r}{'' if beside is None else ', beside=beside'})\n"
    )
    table = population.table if beside is None else pd.concat([beside, population.table], ignore_index=True)
    notes = population.notes
    if found is not None and beside is None:
        where = f"an evaluation under the suite imagenet-shifts on ImageNet's images ({shift.condition})"
        notes += (
            f"None of the models here stands on this line: {where} would put them there."
            if shift.condition
            else f"Models of one's own cannot be put on this line: it needs their clean accuracy on the 200 classes of {shift.title}.",
        )
    return Shown(
        f"trend-{column}",
        f"Which published models withstand {shift.title} better than their accuracy explains?",
        "A dot is a published model. The line is what clean accuracy lets one expect, fitted over all of them on logit axes; above "
        "it is effective robustness. Models of other data have no place on this line.",
        compared.trend(population, title, footer=footer, chosen=tuple(chosen), beside=beside),
        table,
        footer,
        body,
        notes=notes,
    )
