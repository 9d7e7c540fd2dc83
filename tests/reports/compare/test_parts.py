"""Two parts of a benchmark: what overlaps with a training, and the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore import corruptions, overlap
from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import baseline, parts, published_models
from robustcore.reports.compare.parts import OVERLAPPING, REST

STANDARD, OTHER = published_models.names("imagenet")[:2]


def test_gains_are_the_means_over_each_part() -> None:
    gathered = published_models.gather([OTHER, STANDARD], "imagenet")
    divided = parts.of_the_thesis(corruptions.names("imagenet-c"))
    assert (len(divided.overlapping), len(divided.rest), divided.unknown) == (8, 7, ())
    table = parts.gains(gathered, "accuracy", STANDARD, divided.overlapping, divided.rest)
    whole = baseline.differences(gathered, "accuracy", STANDARD).table.set_index("name")["value"]
    for name, names in ((OVERLAPPING, divided.overlapping), (REST, divided.rest)):
        row = table[table["name"] == name].iloc[0]
        assert row["value"] == pytest.approx(whole[list(names)].mean())
        assert row["conditions"] == len(names)
    with pytest.raises(InvalidArgumentError, match="no corruption in the rest"):
        parts.gains(gathered, "accuracy", STANDARD, divided.overlapping, [])


def test_corruptions_are_divided_by_intervals_and_what_is_between_is_in_neither() -> None:
    names = ["noise", "blur", "fog", "snow"]
    gains = {
        "standard": (0, 0, 0, 0),
        "noise": (0.3, 0.25, 0, 0),
        "blur": (0.28, 0.3, 0, 0),
        "fog": (0, 0, 0.3, 0),
        "snow": (0, 0, 0, 0.01),
    }
    rows = {name: [0.9, *(0.5 + np.array(own))] for name, own in gains.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["clean", *names])
    matrix = overlap.measure(table, n=20_000, min_gain=0.05)
    assert parts.by_overlap(matrix, "noise", names) == parts.Parts(("noise", "blur"), ("fog",), ("snow",))
    coarse = overlap.measure(table, n=60, min_gain=0.05)  # with so few images an overlap of 0 may be one of 0.1
    assert parts.by_overlap(coarse, "noise", names).unknown == ("fog", "snow")
    with pytest.raises(InvalidArgumentError, match="not defined"):
        parts.by_overlap(matrix, "snow", names)


def test_who_gains_more_on_the_part_is_told_by_intervals_that_do_not_touch() -> None:
    rows = [("a", OVERLAPPING, 0.2, 0.3), ("a", REST, 0.0, 0.1), ("b", OVERLAPPING, 0.0, 0.2), ("b", REST, 0.1, 0.3)]
    (note,) = parts.designed(pd.DataFrame(rows, columns=["model", "name", "low", "high"]))
    assert (note["more"], note["less"], note["known"]) == (("a",), (), 2)


def test_table_4_1_as_printed() -> None:
    printed = parts.printed().set_index("model")
    assert printed.loc["DeepAugment", "mean_CE_Set1 (gain)"] == -22
