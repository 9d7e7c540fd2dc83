"""Was a model designed for the benchmark? What it gains on the part that overlaps with its training, and on the rest.

Laugros' thesis, 4.2.5 and table 4.1: interventions that train on noise look better on ImageNet-C than they are, because most of its
corruptions overlap with noise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from robustcore import published
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note, note
from robustcore.overlap import Overlap
from robustcore.overlap.balance import MARGIN
from robustcore.reports.compare import baseline as baselines
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import Comparison

OVERLAPPING, REST = "overlapping part", "the rest"
# The first set of table 4.1; the second one is the rest of ImageNet-C.
FIRST_SET = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "pixelate",
)
COLUMNS = ["model", "name", "value", "low", "high", "conditions", "reason"]


@dataclasses.dataclass(frozen=True)
class Parts:
    """A benchmark in two parts.

    Attributes:
        overlapping: the corruptions that overlap with a training, by name.
        rest: those that do not.
        unknown: those that nothing is known of; in neither part.
    """

    overlapping: tuple[str, ...]
    rest: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def of_the_thesis(names: Sequence[str]) -> Parts:
    """The two sets of table 4.1 among some corruptions; what is no corruption of ImageNet-C is in neither."""
    from robustcore import corruptions

    imagenet_c = corruptions.names("imagenet-c")
    return Parts(
        tuple(name for name in names if name in FIRST_SET),
        tuple(name for name in names if name in imagenet_c and name not in FIRST_SET),
        tuple(name for name in names if name not in imagenet_c),
    )


def by_overlap(matrix: Overlap, trained: str, names: Sequence[str]) -> Parts:
    """Some corruptions divided by their overlap with the one that is trained on.

    A corruption is in the overlapping part where the 95 % interval of its overlap lies above 0 and the overlap is 0.1 or more, or
    where it is the one trained on; in the rest where the interval ends below 0.1; of all others nothing can be said.

    Raises:
        InvalidArgumentError: the corruption that is trained on has no defined overlaps.
    """
    if trained not in matrix.names or trained in matrix.undefined:
        raise InvalidArgumentError(f"The overlaps of {trained} are not defined; choose a corruption with defined ones.")
    overlapping, rest, unknown = [], [], []
    for name in names:
        if name == trained:
            overlapping.append(name)
            continue
        if name not in matrix.names or matrix.reason(trained, name) is not None:
            unknown.append(name)
            continue
        place = matrix.names.index(trained), matrix.names.index(name)
        value, low, high = (part.to_numpy(float)[place] for part in (matrix.signed, matrix.low, matrix.high))
        if low > 0 and value >= MARGIN:
            overlapping.append(name)
        elif high < MARGIN:
            rest.append(name)
        else:
            unknown.append(name)
    return Parts(tuple(overlapping), tuple(rest), tuple(unknown))


def gains(
    comparison: Comparison,
    metric: str,
    baseline: str,
    overlapping: Sequence[str],
    rest: Sequence[str],
    *,
    reference: str = "",
    models: Sequence[str] = (),
    answers: Answers | None = None,
) -> pd.DataFrame:
    """The mean gain of each model over the baseline on the two parts.

    Args:
        comparison: as gathered, the baseline's rows in it.
        metric, baseline, reference, models, answers: as for `baseline.differences`.
        overlapping, rest: the labels of the conditions of each part.

    Returns:
        Two rows for each model: model, name (`OVERLAPPING` or `REST`), value (the mean gain; above 0 is better), low, high (95 %), conditions
        (how many), reason.

    Raises:
        InvalidArgumentError: a part without a condition.
    """
    tables = []
    for part, labels in ((OVERLAPPING, overlapping), (REST, rest)):
        rows = comparison.rows
        kept = rows[(rows["kind"] == "clean") | rows["label"].isin(list(labels))]
        if not len(kept[kept["kind"] != "clean"]):
            raise InvalidArgumentError(
                f"There is no corruption in the {part.removeprefix('the ')}: choose another training or suite."
            )
        one = dataclasses.replace(comparison, rows=kept)
        result = baselines.differences(one, metric, baseline, reference=reference, models=models, answers=answers)
        tables.append(result.means.assign(name=part))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def designed(table: pd.DataFrame) -> list[Note]:
    """A note on the models that gain more on the overlapping part than on the rest, each by intervals that do not touch."""
    wide = table.pivot(index="model", columns="name", values=["low", "high"])
    more = wide["low"][OVERLAPPING] > wide["high"][REST]
    less = wide["high"][OVERLAPPING] < wide["low"][REST]
    known = int(wide.notna().all(axis=1).sum())
    return [gain_more_on_the_part(tuple(map(str, wide.index[more])), tuple(map(str, wide.index[less])), known)]


def printed() -> pd.DataFrame:
    """Table 4.1 of the thesis: model, and mean CE of the two sets with its difference to the standard ResNet-50, CE of border and of
    obstruction (percent, lower is better)."""
    rows = published.load("laugros", "4.1")
    wide = rows.pivot(index="model", columns="column", values="value")
    order = list(dict.fromkeys(rows["model"])), list(dict.fromkeys(rows["column"]))
    return wide.reindex(index=order[0], columns=order[1]).rename_axis(index="model", columns=None).reset_index()


@note
def gain_more_on_the_part(more: tuple[str, ...], less: tuple[str, ...], known: int) -> str:
    """`more` and `less` are those that gain more on the overlapping part than on the rest, and less."""

    def named(models: tuple[str, ...]) -> str:
        return ", ".join(models[:4]) + (f" and {len(models) - 4} more" if len(models) > 4 else "") or "none"

    return (
        f"Of {known} models with intervals {len(more)} gain more on the overlapping part than on the rest ({named(more)}), {len(less)} less "
        f"({named(less)})."
    )
