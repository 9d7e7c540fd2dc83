"""Rules: what figures have to be like for a claim to be seen, each a function from what was measured to its answer."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.reports.claims.contrasts import ACCURACY, APP, Gains, Group
from robustcore.reports.claims.questions import Answer, Judge, points, signed, summed

LITTLE = 0.02  # of APP: what the thesis' tables, printed to 0.01, call about equal
LITTLE_ATTACKED = 0.05  # the same under attack, where there are a tenth of the images
KEPT = 0.01  # of clean accuracy
NEARLY_ALL = 0.9


def short(model: str) -> str:
    """A model's name without its dataset."""
    return model.removeprefix("scenes/")


def mean_above(gains: Gains) -> Answer:
    """The mean lies above 0 with its interval."""
    return Answer(gains.mean().above, f"{summed(gains)}.")


def mean_below(gains: Gains) -> Answer:
    """The mean lies below 0 with its interval."""
    return Answer(gains.mean().below, f"{summed(gains)}.")


def no_gain(gains: Gains) -> Answer:
    """The mean's interval ends below `LITTLE`."""
    return Answer(gains.mean().high < LITTLE, f"{summed(gains)}.")


def nothing_either_way(gains: Gains) -> Answer:
    """The mean's interval lies within `LITTLE_ATTACKED` of 0; one around 0 that is wider says nothing."""
    mean = gains.mean()
    inside = mean.low > -LITTLE_ATTACKED and mean.high < LITTLE_ATTACKED
    wide = mean.high - mean.low > 2 * LITTLE_ATTACKED and not (mean.above or mean.below)
    return Answer(None if wide else inside, f"{summed(gains)}.")


def all_above(gains: Gains) -> Answer:
    """The mean lies above 0 with its interval, and each is above 0."""
    rest = gains.table[~(gains.table["value"] > 0)]
    said = f" (not: {', '.join(rest['condition'])})" if len(rest) else ""
    return Answer(gains.mean().above and rest.empty, f"{summed(gains)}{said}.")


def all_below(gains: Gains) -> Answer:
    """The mean lies below 0 with its interval, and each is below 0; clean accuracies of several models."""
    each = zip(gains.table["model"], gains.table["value"], strict=True)
    said = ", ".join(f"{short(model)} {signed(100 * value, 1)}" for model, value in each)
    return Answer(gains.mean().below and bool((gains.table["value"] < 0).all()), f"{summed(gains)} ({said}).")


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
    each = gains.each()
    said = "; ".join(f"{short(m)} {points(e, ACCURACY)}" for m, e in zip(gains.table["model"], each, strict=True))
    return Answer(all(e.low > -KEPT for e in each), f"{said}.")


def nearly_all_above(gains: Gains) -> Answer:
    """At least `NEARLY_ALL` of the differences are above 0, and each model's mean lies there with its interval."""
    means = each_model(mean_above)(gains)
    below = gains.table[gains.table["high"] < 0]
    worse = ", ".join(f"{short(m)} under {c}" for m, c in zip(below["model"], below["condition"], strict=True))
    share = float((gains.table["value"] > 0).mean())
    return Answer(
        bool(means.seen) and share >= NEARLY_ALL, f"{means.figures} Below 0 with the interval: {worse or 'none'}."
    )


def opposite(raises: str, lowers: str) -> Judge:
    """Of two models one lies above 0 and the other below, with their intervals, under one condition."""

    def judge(gains: Gains) -> Answer:
        up, down = gains.only(models=[raises]).mean(), gains.only(models=[lowers]).mean()
        measure = str(gains.table["measure"].iloc[0])
        figures = f"{short(raises)} {points(up, measure)}; {short(lowers)} {points(down, measure)}."
        return Answer(up.above and down.below, figures)

    return judge


def complementary(one: str, two: str) -> Judge:
    """Each of two models lies below 0 under some condition, with its interval, and under more than half of all those the
    other one lies above."""

    def judge(gains: Gains) -> Answer:
        first, second = gains.only(models=[one]), gains.only(models=[two])
        of = list(zip(first.table["condition"], first.each(), second.each(), strict=True))
        by_first = [(label, b.above) for label, a, b in of if a.below]
        by_second = [(label, a.above) for label, a, b in of if b.below]
        lowered = [*by_first, *by_second]
        made_good = [label for label, raised in lowered if raised]
        figures = (
            f"{short(one)} lowers {len(by_first)} of {len(of)} corruptions and {short(two)} {len(by_second)}, with their "
            f"intervals; the other one raises {len(made_good)} of these {len(lowered)}"
            f"{': ' + ', '.join(made_good) if made_good else ''}."
        )
        return Answer(bool(by_first) and bool(by_second) and 2 * len(made_good) > len(lowered), figures)

    return judge


def owed_to(model: str, other: str, control: str) -> Judge:
    """A model's mean against the control lies above 0 with its interval, and so does that against the other model, whose
    own is told beside them."""

    def judge(gains: Gains) -> Answer:
        own, over = gains.only(models=[model], against=control).mean(), gains.only(models=[model], against=other).mean()
        beside = gains.only(models=[other], against=control).mean()
        figures = (
            f"{short(model)} {points(own, APP)} and {short(other)} {points(beside, APP)}, both over {short(control)}; "
            f"{short(model)} over {short(other)} {points(over, APP)}."
        )
        return Answer(own.above and over.above, figures)

    return judge


def _all(found: dict[str, Answer]) -> Answer:
    """All of them have to be seen; their figures one after the other."""
    said = "; ".join(f"{label} {answer.figures.removesuffix('.')}" for label, answer in found.items())
    return Answer(all(answer.seen for answer in found.values()), f"{said}.")
