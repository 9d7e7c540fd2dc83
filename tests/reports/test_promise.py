"""What a specification promises, what it does not, and what nobody knows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from robustcore import overlap
from robustcore.notes import kinds
from robustcore.overlap import categories
from robustcore.reports import specification
from robustcore.reports.overlap.atlas import Entry
from robustcore.reports.specification import promise

NAMES = ("gaussian_noise", "shot_noise", "fog", "contrast", "motion_blur")
ENTRY = Entry("imagenet-c", "net", Path("atlas.csv"), False, ("0",), "scenes", "test", NAMES)


def spec(*rows: str) -> specification.Specification:
    return specification.parse("\n".join(f"[[rows]]\nmetric='accuracy'\nat_least=10\n{row}" for row in rows))


def matrix(n: int = 50_000) -> overlap.Overlap:
    """Two noises that overlap, fog and contrast that do, and motion blur on its own."""
    groups = {"gaussian_noise": 0, "shot_noise": 0, "fog": 1, "contrast": 1, "motion_blur": 2}
    rows = {"standard": [0.9, *[0.5] * 5]}
    rows |= {a: [0.9, *(0.5 + 0.3 * (groups[a] == groups[b]) for b in NAMES)] for a in NAMES}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["clean", *NAMES])
    return overlap.measure(table, metric="residual", n=n)


def test_a_row_covers_what_overlaps_with_it_and_nothing_else() -> None:
    found = categories.kmeans(matrix().scores, 3)
    made = promise.of(spec("corruption='gaussian_noise'"), 100, ENTRY, matrix(), found)
    table = made.coverage.set_index("corruption")
    assert table["verdict"].to_dict() == {
        "shot_noise": "covered",
        "contrast": "not covered",
        "fog": "not covered",
        "motion_blur": "not covered",
    }
    assert table.loc["shot_noise", "by"] == "gaussian_noise"
    assert table["isolated"].to_dict()["motion_blur"]
    assert kinds(made.promised) == ["required_alone", "covered_by_overlap"]
    assert "categories_without_a_row" in kinds(made.denied)
    assert [note["kind"] for note in made.unknown if note.kind == "no_row_about"] == ["attack", "shift", "sequence"]
    assert made.categories["required"].tolist().count(0) == 2
    # A row about fog would cover contrast too, one about motion blur itself alone.
    assert made.cheapest.set_index("corruption")["adds"].to_dict() == {"contrast": 2, "fog": 2, "motion_blur": 1}


def test_attacks_shifts_and_means_are_told_apart() -> None:
    rows = ("corruption=['fog', 'contrast']", "attack='pgd'\neps='1/255'", "shift='scenes/sketch'", "sequence='tilt'")
    specification_ = spec(*rows[:3])
    made = promise.of(specification_, 100)
    assert kinds(made.promised) == ["required_on_average", "required_attacks", "required_shifts"]
    assert made.basis.kind == "no_atlas_for"
    assert made.coverage.empty
    assert promise.required(specification_) == [("fog", False), ("contrast", False)]
    assert promise.required(spec(rows[0], "corruption='fog'")) == [("fog", True), ("contrast", False)]


def test_a_mean_over_several_corruptions_covers_nothing_by_overlap() -> None:
    found = categories.kmeans(matrix().scores, 3)
    made = promise.of(spec("corruption=['gaussian_noise', 'fog']"), 100, ENTRY, matrix(), found)
    assert kinds(made.promised) == ["required_on_average"]
    assert set(made.coverage["verdict"]) == {"undefined"}
    assert "nothing_about_others" in kinds(made.unknown)
    assert made.categories["required"].tolist() == [0, 0, 0]


def test_a_small_overlap_is_some_evidence_and_no_promise() -> None:
    small = matrix()
    for table in (small.signed, small.low, small.high):
        table.loc["shot_noise", "gaussian_noise"] = table.loc["gaussian_noise", "shot_noise"] = 0.4
    made = promise.of(spec("corruption='gaussian_noise'"), 100, ENTRY, small)
    assert kinds(made.promised) == ["required_alone"]
    (some,) = made.evidence
    assert [row[0] for row in some["corruptions"]] == ["shot_noise"]
    assert made.coverage.set_index("corruption").loc["shot_noise", "verdict"] == promise.SOME


def test_the_atlas_with_most_of_the_required_corruptions_is_taken() -> None:
    asked = spec("corruption='fog'")
    small = dataclasses.replace(ENTRY, corruptions=("fog",))
    elsewhere = dataclasses.replace(ENTRY, dataset="imagenet")
    without = dataclasses.replace(ENTRY, corruptions=("snow",))
    assert promise.entry_for(asked, [small, ENTRY, elsewhere, without]) is ENTRY
    assert promise.entry_for(asked, [elsewhere, without]) is None


def test_isolated_corruptions_have_no_overlap_of_a_tenth() -> None:
    assert overlap.isolated(matrix()) == ("motion_blur",)
    assert np.isnan(matrix().signed.to_numpy()).sum() == 0
