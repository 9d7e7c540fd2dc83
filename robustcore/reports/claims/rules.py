"""Rules: what figures have to be for a claim to be reproduced, each a function from what was measured to its answer."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.notes import Note, note
from robustcore.reports.claims.contrasts import ACCURACY, APP, Estimate, Gains, Group
from robustcore.reports.claims.questions import Answer, Judge, mean_of, points

LITTLE = 0.02  # of APP: what the thesis' tables, printed to 0.01, call about equal
LITTLE_ATTACKED = 0.05  # the same under attack, where there are a tenth of the images
KEPT = 0.01  # of clean accuracy
NEARLY_ALL = 0.9


def short(model: str) -> str:
    """A model's name without its dataset."""
    return model.removeprefix("scenes/")


def mean_above(gains: Gains) -> Answer:
    """The mean lies above 0 with its interval."""
    return Answer(gains.mean().above, mean_of(gains))


def mean_below(gains: Gains) -> Answer:
    """The mean lies below 0 with its interval."""
    return Answer(gains.mean().below, mean_of(gains))


def no_gain(gains: Gains) -> Answer:
    """The mean's interval ends below `LITTLE`."""
    return Answer(gains.mean().high < LITTLE, mean_of(gains))


def nothing_either_way(gains: Gains) -> Answer:
    """The mean's interval lies within `LITTLE_ATTACKED` of 0; undecided where it holds 0 and is wider."""
    mean = gains.mean()
    inside = mean.low > -LITTLE_ATTACKED and mean.high < LITTLE_ATTACKED
    wide = mean.high - mean.low > 2 * LITTLE_ATTACKED and not (mean.above or mean.below)
    return Answer(None if wide else inside, mean_of(gains))


def all_above(gains: Gains) -> Answer:
    """The mean lies above 0 with its interval, and each is above 0."""
    rest = gains.table[~(gains.table["value"] > 0)]
    exceptions = tuple(str(condition) for condition in rest["condition"])
    return Answer(gains.mean().above and rest.empty, all_but(mean_of(gains), exceptions))


def all_below(gains: Gains) -> Answer:
    """The mean lies below 0 with its interval, and each is below 0; clean accuracies of several models."""
    figures = mean_and_each(mean_of(gains), _by_model(gains))
    return Answer(gains.mean().below and bool((gains.table["value"] < 0).all()), figures)


def each_of(parts: Sequence[Sequence[Group]], rule: Judge) -> Judge:
    """The rule holds over each of these lists of groups, over the models."""
    labels = [[group.label for group in part] for part in parts]

    def judge(gains: Gains) -> Answer:
        return _all({" and ".join(part): rule(gains.only(conditions=part)) for part in labels})

    return judge


def each_model(rule: Judge) -> Judge:
    """The rule holds for each model, over the conditions."""

    def judge(gains: Gains) -> Answer:
        models = dict.fromkeys(gains.table["model"])
        return _all({short(model): rule(gains.only(models=[model])) for model in models})

    return judge


def each_rival(rule: Judge) -> Judge:
    """The rule holds against each model that is compared with, over the conditions."""

    def judge(gains: Gains) -> Answer:
        rivals = dict.fromkeys(gains.table["against"])
        return _all({f"over {short(name)}": rule(gains.only(against=name)) for name in rivals})

    return judge


def each_pair(rule: Judge) -> Judge:
    """The rule holds for each model against each that it is compared with, over the conditions."""

    def judge(gains: Gains) -> Answer:
        pairs = dict.fromkeys(zip(gains.table["model"], gains.table["against"], strict=True))
        return _all({f"{short(a)} over {short(b)}": rule(gains.only(models=[a], against=b)) for a, b in pairs})

    return judge


def kept(gains: Gains) -> Answer:
    """Every interval begins above -`KEPT`."""
    return Answer(all(estimate.low > -KEPT for estimate in gains.each()), each_by_model(_by_model(gains)))


def nearly_all_above(gains: Gains) -> Answer:
    """At least `NEARLY_ALL` of the differences are above 0, and each model's mean lies there with its interval."""
    means = each_model(mean_above)(gains)
    below = gains.table[gains.table["high"] < 0]
    worse = tuple((str(m), str(c)) for m, c in zip(below["model"], below["condition"], strict=True))
    share = float((gains.table["value"] > 0).mean())
    return Answer(bool(means.holds) and share >= NEARLY_ALL, means_and_losses(means.figures, worse))


def opposite(raises: str, lowers: str) -> Judge:
    """Of two models one lies above 0 and the other below, with their intervals, under one condition."""

    def judge(gains: Gains) -> Answer:
        up, down = gains.only(models=[raises]).mean(), gains.only(models=[lowers]).mean()
        measure = str(gains.table["measure"].iloc[0])
        return Answer(up.above and down.below, two_models(measure, raises, up, lowers, down))

    return judge


def complementary(one: str, two: str) -> Judge:
    """Each of two models lies below 0 under some condition, with its interval, and under more than half of all those the
    other one lies above."""

    def judge(gains: Gains) -> Answer:
        first, second = gains.only(models=[one]), gains.only(models=[two])
        rows = list(zip(first.table["condition"], first.each(), second.each(), strict=True))
        by_first = [(label, b.above) for label, a, b in rows if a.below]
        by_second = [(label, a.above) for label, a, b in rows if b.below]
        lowered = [*by_first, *by_second]
        compensated = tuple(str(label) for label, raised in lowered if raised)
        figures = losses_compensated(one, len(by_first), two, len(by_second), len(rows), compensated)
        return Answer(bool(by_first) and bool(by_second) and 2 * len(compensated) > len(lowered), figures)

    return judge


def owed_to(model: str, other: str, control: str) -> Judge:
    """A model's mean against the control lies above 0 with its interval, and so does that against the other model, whose own
    is listed too."""

    def judge(gains: Gains) -> Answer:
        own, over = gains.only(models=[model], against=control).mean(), gains.only(models=[model], against=other).mean()
        others = gains.only(models=[other], against=control).mean()
        return Answer(own.above and over.above, three_differences(model, own, other, others, control, over))

    return judge


def _all(answers: dict[str, Answer]) -> Answer:
    """All of them have to hold, and none where one does not; their figures one after the other."""
    figures = parts(tuple((label, answer.figures) for label, answer in answers.items()))
    holds = {answer.holds for answer in answers.values()}
    return Answer(False if False in holds else None if None in holds else True, figures)


def _by_model(gains: Gains) -> tuple[tuple[str, Estimate], ...]:
    return tuple(zip((str(model) for model in gains.table["model"]), gains.each(), strict=True))


# Figures, each without a full stop.


@note
def parts(of: tuple[tuple[str, Note], ...]) -> str:
    return "; ".join(f"{label} {figures.text}" for label, figures in of)


@note
def all_but(mean: Note, exceptions: tuple[str, ...]) -> str:
    return f"{mean.text} (not: {', '.join(exceptions)})" if exceptions else mean.text


@note
def mean_and_each(mean: Note, models: tuple[tuple[str, Estimate], ...]) -> str:
    return f"{mean.text} ({each_by_model(models).text})"


@note
def each_by_model(models: tuple[tuple[str, Estimate], ...]) -> str:
    return "; ".join(f"{short(model)} {points(estimate, ACCURACY)}" for model, estimate in models)


@note
def means_and_losses(means: Note, losses: tuple[tuple[str, str], ...]) -> str:
    listed = ", ".join(f"{short(model)} under {condition}" for model, condition in losses)
    return f"{means.text}. Below 0 with the interval: {listed or 'none'}"


@note
def two_models(measure: str, first: str, of_first: Estimate, second: str, of_second: Estimate) -> str:
    return f"{short(first)} {points(of_first, measure)}; {short(second)} {points(of_second, measure)}"


@note
def losses_compensated(
    first: str,
    lowered_by_first: int,
    second: str,
    lowered_by_second: int,
    corruptions: int,
    compensated: tuple[str, ...],
) -> str:
    listed = f": {', '.join(compensated)}" if compensated else ""
    return (
        f"Of {corruptions} corruptions {short(first)} lowers {lowered_by_first} and {short(second)} {lowered_by_second}, with "
        f"their intervals; the other model raises {len(compensated)} of these {lowered_by_first + lowered_by_second}{listed}"
    )


@note
def three_differences(
    model: str, own: Estimate, other: str, of_other: Estimate, control: str, between: Estimate
) -> str:
    return (
        f"{short(model)} {points(own, APP)} and {short(other)} {points(of_other, APP)}, both over {short(control)}; "
        f"{short(model)} over {short(other)} {points(between, APP)}"
    )
