"""CE, relative CE and mCE by their formulas, on figures worked by hand and on the published ones."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustcore import metrics
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics import alexnet


def model(name: str, clean: float, dataset: str = "d", **accuracies: list[float]) -> pd.DataFrame:
    """A model's clean accuracy, and for each corruption its accuracies at severities 1, 2, ..."""
    fixed = {"model": name, "dataset": dataset, "split": "test", "storage": "memory", "n": 100}
    rows = [fixed | {"kind": "clean", "name": "clean", "severity": None, "accuracy": clean}]
    for corruption, values in accuracies.items():
        rows += [
            fixed | {"kind": "corruption", "name": corruption, "severity": s, "accuracy": v}
            for s, v in enumerate(values, start=1)
        ]
    return pd.DataFrame(rows).astype({"severity": "Int64"})


@pytest.fixture
def two_models() -> pd.DataFrame:
    return pd.concat(
        [
            model("good", 0.9, fog=[0.8, 0.7, 0.6, 0.5, 0.4], snow=[0.85, 0.8, 0.75, 0.7, 0.65]),
            model("reference", 0.7, fog=[0.6, 0.5, 0.4, 0.3, 0.2], snow=[0.5, 0.5, 0.5, 0.5, 0.5]),
        ],
        ignore_index=True,
    )


def test_corruption_error_by_hand(two_models: pd.DataFrame) -> None:
    measured = metrics.corruption_error(two_models, "reference").set_index(["model", "name"])
    # fog: errors 0.2+0.3+0.4+0.5+0.6 = 2.0 over 0.4+0.5+0.6+0.7+0.8 = 3.0
    assert measured.loc[("good", "fog"), "ce"] == pytest.approx(100 * 2 / 3)
    # relative: (2.0 - 5 * 0.1) / (3.0 - 5 * 0.3) = 1.5 / 1.5
    assert measured.loc[("good", "fog"), "relative_ce"] == pytest.approx(100.0)
    # snow: 1.25 over 2.5; relative 0.75 over 1.0
    assert measured.loc[("good", "snow"), "ce"] == pytest.approx(50.0)
    assert measured.loc[("good", "snow"), "relative_ce"] == pytest.approx(75.0)
    assert measured.loc[("reference", "fog"), ["ce", "relative_ce"]].tolist() == pytest.approx([100.0, 100.0])
    assert set(measured["reference"]) == {"reference"}


def test_mce_is_the_mean_over_the_corruptions_and_says_how_many(two_models: pd.DataFrame) -> None:
    errors = metrics.corruption_error(two_models, "reference")
    measured = metrics.mean_corruption_error(errors).set_index("model")
    assert measured.loc["good", "mce"] == pytest.approx((100 * 2 / 3 + 50) / 2)
    assert measured.loc["good", "relative_mce"] == pytest.approx(87.5)
    assert measured.loc["good", "clean_accuracy"] == pytest.approx(0.9)
    assert metrics.mean_corruption_error(errors).attrs["corruptions"] == 2


def test_a_missing_severity_makes_it_undefined_and_says_which(two_models: pd.DataFrame) -> None:
    cut = two_models[~((two_models["model"] == "good") & (two_models["name"] == "fog") & (two_models["severity"] == 4))]
    errors = metrics.corruption_error(cut, "reference")
    row = errors.set_index(["model", "name"]).loc[("good", "fog")]
    assert math.isnan(row["ce"])
    assert row["reason"] == "severity 4 missing"
    mean = metrics.mean_corruption_error(errors).set_index("model").loc["good"]
    assert math.isnan(mean["mce"])
    assert "fog" in mean["reason"]
    # What is there can still be asked for, and is then called by its name.
    partly = metrics.corruption_error(cut, "reference", severities=[1, 2, 3, 5])
    assert partly["ce"].notna().all()
    assert any("1, 2, 3, 5" in note for note in partly.attrs["notes"])


def test_a_reference_that_loses_nothing_leaves_the_relative_form_undefined() -> None:
    both = pd.concat([model("a", 0.9, fog=[0.5] * 5), model("flat", 0.5, fog=[0.5] * 5)], ignore_index=True)
    row = metrics.corruption_error(both, "flat").set_index("model").loc["a"]
    assert row["ce"] == pytest.approx(100.0)
    assert math.isnan(row["relative_ce"])
    assert "loses nothing" in row["reason"]


def test_a_reference_without_errors_leaves_both_undefined() -> None:
    both = pd.concat([model("a", 0.9, fog=[0.5] * 5), model("perfect", 1.0, fog=[1.0] * 5)], ignore_index=True)
    row = metrics.corruption_error(both, "perfect").set_index("model").loc["a"]
    assert math.isnan(row["ce"])
    assert math.isnan(row["relative_ce"])
    assert row["reason"] == "perfect makes no error here"


def test_alexnet_against_itself_is_100_on_all_19() -> None:
    errors = metrics.corruption_error(
        model("m", 0.565, "imagenet", **{c: [1 - e for e in v] for c, v in alexnet.ERRORS.items()})
    )
    assert errors["ce"].tolist() == pytest.approx([100.0] * 15)
    assert errors["relative_ce"].tolist() == pytest.approx([100.0] * 15)
    extra = metrics.corruption_error(model("m", 0.565, "imagenet", speckle_noise=[0.155] * 5))
    assert extra["ce"].tolist() == pytest.approx([100.0])


def test_alexnet_means_are_those_printed() -> None:
    # Hendrycks & Dietterich 2019, appendix D, in percent.
    printed = {
        "gaussian_noise": 88.6,
        "shot_noise": 89.4,
        "impulse_noise": 92.3,
        "defocus_blur": 82.0,
        "glass_blur": 82.6,
        "motion_blur": 78.6,
        "zoom_blur": 79.8,
        "snow": 86.7,
        "frost": 82.7,
        "fog": 81.9,
        "brightness": 56.5,
        "contrast": 85.3,
        "elastic_transform": 64.6,
        "pixelate": 71.8,
        "jpeg_compression": 60.7,
    }
    assert set(printed) == set(alexnet.ERRORS)
    for name, percent in printed.items():
        assert 100 * sum(alexnet.ERRORS[name]) / 5 == pytest.approx(percent, abs=0.06), name


def test_the_notes_name_the_reference_and_what_is_not_alike() -> None:
    errors = metrics.corruption_error(model("m", 0.9, "scenes", fog=[0.5] * 5))
    notes = " ".join(errors.attrs["notes"])
    assert "AlexNet (published" in notes
    assert "another dataset" in notes
    assert "second JPEG" in notes


def test_strengths_and_other_kinds_are_left_out(two_models: pd.DataFrame) -> None:
    drawn = two_models[two_models["name"] == "fog"].iloc[:1].assign(name="drawn", severity=pd.NA)
    attack = two_models[two_models["name"] == "fog"].iloc[:1].assign(name="pgd", kind="attack")
    measured = metrics.corruption_error(pd.concat([two_models, drawn, attack], ignore_index=True), "reference")
    assert set(measured["name"]) == {"fog", "snow"}


def test_bad_questions_are_answered_in_one_sentence(two_models: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'reference'"):
        metrics.corruption_error(two_models, "referenc")
    with pytest.raises(InvalidArgumentError, match="empty"):
        metrics.corruption_error(two_models, "reference", severities=[])
    with pytest.raises(InvalidArgumentError, match="several times"):
        metrics.corruption_error(pd.concat([two_models, two_models.iloc[1:2]], ignore_index=True), "reference")
