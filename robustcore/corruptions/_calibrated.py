"""Corruptions with a range calibrated on scenes: where it is kept, and the second parameter set of the 40 candidates.

The documents set their constants for ImageNet at 224 pixels. Here the same operations have a range of strengths that is
read from a table, which `robustcore severity calibrate --suite SUITE` writes by the rule of Laugros' thesis (3.2.2): from
one accuracy point lost to half of the accuracy lost. Corruptions without a row use the operation's full range.

The candidates have one strength each: 0 changes nothing, 1 is the published harshest parameter.
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from robustcore import paths
from robustcore.corruptions._base import Corruption, Size, corruption
from robustcore.corruptions.albumentations_like.batches import per_image
from robustcore.errors import InvalidArgumentError
from robustcore.randomness import Draws

SUITE = "candidates-scenes"
PREFIX = "scenes_"
Function = Callable[[Tensor, Draws, Size, Tensor], Tensor]
Range = tuple[float, float]


def table(suite: str = SUITE) -> Path:
    """The file with the shipped ranges of a suite."""
    return paths.assets() / "calibration" / f"{suite}.csv"


@functools.cache
def ranges(path: Path) -> dict[str, Range]:
    """Corruption -> its calibrated range; empty if the file does not exist."""
    if not path.is_file():
        return {}
    ranges_by_name = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                ranges_by_name[row["name"]] = float(row["range_low"]), float(row["range_high"])
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidArgumentError(
                    f"{path} is not a table of calibrated ranges: a row lacks a name or a number ({error!r}). "
                    f"Write it again with: robustcore severity calibrate --suite {path.stem}"
                ) from error
    return ranges_by_name


def range_of(name: str, limits: Range, path: Path) -> Range:
    """The calibrated range of a corruption, cut to its limits; the limits themselves if the table has no row for it."""
    low, high = ranges(path).get(name, limits)
    low, high = max(low, limits[0]), min(high, limits[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidArgumentError(
            f"The range of {name} in {path} is not within {limits[0]:g} .. {limits[1]:g}. "
            f"Write it again with: robustcore severity calibrate --suite {path.stem}"
        )
    return low, high


def second_set(
    published: Corruption,
    suite: str,
    prefix: str,
    function: Callable[..., Tensor],
    *,
    most: float,
    published_range: tuple[float | None, float] | None,
    calibration: str,
    remark: str,
    summary: str = "",
    takes: Literal["float", "uint8"] = "float",
) -> None:
    """Register a corruption of a document once more, with a range that is read from the table of another suite.

    Args:
        published: the document's own.
        suite, prefix: of the second set; its name is the prefix and the plain name.
        function: as for `corruption`, with a strength.
        most: the greatest strength that makes sense; 0 changes nothing.
        published_range: the document's range in units of this strength.
        calibration: how the range was found, behind the document's source.
        remark: behind the summary, which is the document's own unless another is given.
        takes: as for `corruption`.
    """
    name, limits = f"{prefix}{published.plain_name}", (0.0, float(most))
    corruption(
        family=published.family,
        suites=[suite],
        source=f"{published.source}; {calibration}",
        summary=f"{summary or published.summary} {remark}",
        strengths=range_of(name, limits, table(suite)),
        limits=limits,
        deterministic=published.deterministic,
        takes=takes,
        revision=published.revision,
        content=published.content,
        calibrated=True,
        published=published_range,
        plain_name=published.plain_name,
        name=name,
    )(function)


def calibrated(
    family: str, summary: str, most: float = 1, deterministic: bool = False
) -> Callable[[Function], Function]:
    """Register a function (uint8 (n, 3, H, W), draws, size, (n,) strengths) -> uint8 as scenes_<its name>.

    Args:
        family, deterministic: as for `corruption`.
        summary: what a strength of 1 does.
        most: the largest strength; beyond it the operation has no further effect or becomes a different one.
    """

    def register(function: Function) -> Function:
        name, limits = f"{PREFIX}{function.__name__}", (0.0, float(most))
        strengths = range_of(name, limits, table())

        def apply(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
            result, zero = function(x, draws, size, strength), strength == 0
            # Colour conversions and codecs change pixels slightly even at strength 0, which must change nothing.
            return torch.where(per_image(zero), x, result) if bool(zero.any()) else result

        corruption(
            family=family,
            suites=[SUITE],
            source="Laugros' thesis, table 4.2 (operation) and section 3.2.2 (rule), calibrated for scenes",
            summary=f"{summary} Calibrated for scenes.",
            strengths=strengths,
            limits=limits,
            deterministic=deterministic,
            takes="uint8",
            calibrated=True,
            published=(None, 1.0),
            plain_name=function.__name__,
            name=name,
        )(apply)
        return function

    return register
