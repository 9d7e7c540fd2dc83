"""Severity tools: the search on functions whose crossings are known, then both tools on a tiny dataset and model."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from robustcore import cli, corruptions
from robustcore.corruptions import corrupt
from robustcore.corruptions._calibrated import ranges
from robustcore.datasets import registry as datasets
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, Store
from robustcore.metrics.distance import mean_absolute_difference, ssim
from robustcore.models.classifier import Card, Classifier
from robustcore.notes import kinds
from robustcore.reports import severity
from robustcore.reports.severity.audit import gets_easier, not_measurably_harder, steps_not_judged
from robustcore.reports.severity.calibration import Measure, never_lost

N = 2000
CLEAN = np.ones(N, dtype=bool)
CLASSES = ("left", "right")


@dataclasses.dataclass
class Halves:
    """A dark image whose left or right half is bright by 0.25 and a little more; the half is the class."""

    name: str = "halves"
    split: str = "test"
    classes: tuple[str, ...] = CLASSES
    side: int = 32
    size: int = 300

    def __post_init__(self) -> None:
        self.ids = np.arange(self.size, dtype=np.int64) * 11
        self.labels = np.arange(self.size, dtype=np.int64) % 2
        self.fingerprint = hashlib.sha256(f"halves {self.size}".encode()).hexdigest()

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        label = int(self.labels[index])
        image = torch.full((3, self.side, self.side), 90, dtype=torch.uint8)
        image[:, :, 16 * label : 16 * label + 16] += 64 + index % 40
        return image, label

    def images(self, start: int, stop: int) -> Tensor:
        return torch.stack([self[i][0] for i in range(start, stop)])

    def source(self, index: int) -> np.ndarray:
        return self[index][0].permute(1, 2, 0).numpy()


class Fields(Halves):
    """Smooth random fields, as natural as it takes for a blur or a warp to show."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        coarse = np.random.default_rng(index).integers(0, 256, (9, 9, 3), np.uint8)
        field = cv2.resize(coarse, (self.side, self.side), interpolation=cv2.INTER_CUBIC)
        return torch.from_numpy(field).permute(2, 0, 1), int(self.labels[index])


class Brighter(nn.Module):
    """The brighter half; sure of it from a difference of 0.2 on, and lost below."""

    def __init__(self) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(0.2))

    def forward(self, x: Tensor) -> Tensor:
        left, right = x[..., :16].mean(dim=(1, 2, 3)), x[..., 16:].mean(dim=(1, 2, 3))
        difference = (right - left).abs() - self.threshold
        sign = torch.where(difference > 0, 1.0, -1.0) * torch.sign(right - left)
        return torch.stack((-5 * sign, 5 * sign), dim=1)


@pytest.fixture
def halves() -> Halves:
    return Halves()


@pytest.fixture
def model() -> Classifier:
    return Classifier(Brighter(), Card("tiny/brighter", CLASSES, 32, "halves", architecture="tiny/brighter")).eval()


def losing(share: Callable[[float], float]) -> Measure:
    """A measure that loses the given share of the images at a strength, always the same ones first."""
    order = (np.arange(N) + 0.5) / N
    return lambda strength: order > share(strength)


@pytest.mark.parametrize(
    ("share", "lower", "upper"),
    [
        (lambda s: s, 0.01, 0.5),
        (lambda s: s**2, 0.1, 0.5**0.5),
        (lambda s: float(s >= 0.37), 0.37, 0.37),  # a cliff
    ],
)
def test_the_search_finds_where_a_point_and_where_half_is_lost(
    share: Callable[[float], float], lower: float, upper: float
) -> None:
    measured: list[float] = []

    def measure(strength: float) -> np.ndarray:
        measured.append(strength)
        return losing(share)(strength)

    calibration = severity.search(measure, CLEAN, (0.0, 1.0))
    assert calibration.lower.strength == pytest.approx(lower, abs=0.006)
    assert calibration.upper.strength == pytest.approx(upper, abs=0.006)
    assert calibration.lower.loss >= 0.01
    assert calibration.upper.loss >= 0.5
    assert calibration.upper.low < calibration.upper.loss <= calibration.upper.high
    assert len(measured) == len(set(measured)) == len(calibration.path) <= 27
    assert calibration.path["strength"].is_monotonic_increasing
    assert "not_monotone" not in kinds(calibration.notes)


def test_other_limits_than_zero_and_one() -> None:
    calibration = severity.search(losing(lambda s: (s + 246) / 254), CLEAN, (-246.0, 8.0))
    assert calibration.upper.strength == pytest.approx(-246 + 127, abs=1.5)


def test_a_bound_that_is_never_reached_has_a_reason() -> None:
    calibration = severity.search(losing(lambda s: 0.3 * s), CLEAN, (0.0, 2.0))
    assert not math.isnan(calibration.upper.strength)
    calibration = severity.search(losing(lambda s: 0.1 * s), CLEAN, (0.0, 2.0))
    assert math.isnan(calibration.upper.strength)
    assert calibration.upper.reason == never_lost(0.5, 2.0, pytest.approx(0.8))
    assert calibration.lower.strength == pytest.approx(0.1, abs=0.01)


def test_a_dip_is_noted_and_the_first_crossing_taken() -> None:
    # Half is lost at 0.2, won back by 0.4, and lost again at 0.8.
    calibration = severity.search(
        losing(lambda s: float(np.interp(s, [0, 0.2, 0.25, 0.4, 0.8, 1], [0, 0.5, 0.55, 0.2, 0.5, 0.9]))),
        CLEAN,
        (0.0, 1.0),
    )
    assert calibration.upper.strength == pytest.approx(0.2, abs=0.01)
    calibration = severity.search(
        losing(lambda s: float(np.interp(s, [0, 0.1, 0.2, 1], [0, 0.4, 0.1, 0.9]))),
        CLEAN,
        (0.0, 1.0),
    )
    assert "not_monotone" in kinds(calibration.notes)


@pytest.mark.parametrize(
    ("share", "ends", "testable", "reason"),
    [
        (lambda s: 0.5 * s, (0.02, 1), True, None),
        (lambda s: 0.1 * s, (0.1, 2), True, "upper_end_is_greatest"),
        (lambda s: 0.004 * s, (0, 2), False, "no_point_lost"),
        (lambda s: 0.02 * s * (s < 1.5), (0, 2), False, "too_little_lost"),
        (lambda s: float(s >= 0.37), (0.366, 0.37), True, "lost_in_one_step"),
    ],
)
def test_the_range_to_draw_from(
    share: Callable[[float], float], ends: tuple[float, float], testable: bool, reason: str | None
) -> None:
    calibration = severity.search(losing(share), CLEAN, (0.0, 2.0))
    usable = severity.range_of(calibration, (0.0, 2.0))
    assert (usable.low, usable.high) == pytest.approx(ends, abs=0.01)
    assert usable.low < usable.high
    assert usable.testable == testable
    assert (usable.reason and usable.reason.kind) == reason


def test_further_strengths_and_fewer_steps() -> None:
    calibration = severity.search(losing(lambda s: s / 2), CLEAN, (0.0, 2.0), doublings=3, halvings=1, also=(0.7,))
    assert float(calibration.path["strength"].min()) <= 0.25
    assert 0.7 in list(calibration.path["strength"])
    assert calibration.upper.strength == 1


def test_few_images_leave_the_lower_bound_uncertain() -> None:
    few = np.ones(50, dtype=bool)
    calibration = severity.search(lambda s: (np.arange(50) + 0.5) / 50 > s, few, (0.0, 1.0))
    assert calibration.lower.loss == pytest.approx(0.02)
    assert [note["images"] for note in calibration.notes if note.kind == "lower_bound_uncertain"] == [50]


def test_a_model_that_knows_nothing_cannot_be_calibrated() -> None:
    with pytest.raises(InvalidArgumentError, match="none of the clean images right"):
        severity.search(lambda s: CLEAN, ~CLEAN, (0.0, 1.0))


def test_calibrate_evaluates_stores_and_agrees_with_arithmetic(
    halves: Halves, model: Classifier, tmp_path: Path
) -> None:
    store = Store(tmp_path / "results.sqlite")
    strengths: list[float] = []
    calibration = severity.calibrate(
        model, halves, "laugros_contrast", store=store, progress=lambda strength, _: strengths.append(strength)
    )
    # The halves differ by (64 + i % 40) / 255, contrast takes a share away, and below 0.2 the model is lost.
    differences = (64 + np.arange(300) % 40) / 255
    assert calibration.clean_accuracy == 1
    expected_upper = 1 - 0.2 / np.quantile(differences, 0.5)
    assert calibration.upper.strength == pytest.approx(expected_upper, abs=0.02)
    assert (
        1 - 0.2 / differences.min() - 0.01
        < calibration.lower.strength
        < 1 - 0.2 / np.quantile(differences, 0.03) + 0.02
    )
    assert calibration.name == "laugros_contrast"
    assert sorted(strengths) == list(calibration.path["strength"])
    assert not calibration.notes  # half of the clean accuracy is what two classes give by chance, and no less
    again = severity.calibrate(model, halves, "laugros_contrast", store=Store(tmp_path / "results.sqlite"))
    assert again.path.equals(calibration.path)


def test_calibrate_refuses_what_has_no_strength(halves: Halves, model: Classifier) -> None:
    with pytest.raises(InvalidArgumentError, match="gaussian_noise has no continuous strength to calibrate"):
        severity.calibrate(model, halves, "gaussian_noise")
    with pytest.raises(UnknownNameError):
        severity.calibrate(model, halves, "laugros_rotatoin")


def test_distances_are_means_over_the_first_images(halves: Halves) -> None:
    wanted = [Condition.corruption("laugros_brightness", s) for s in (2, 1)] + [
        Condition.corruption("album_invert_img")
    ]
    distances = severity.distances(halves, wanted, images=20, seed=3, device="cpu")
    assert distances["name"].tolist() == ["album_invert_img", "laugros_brightness", "laugros_brightness"]
    clean = halves.images(0, 20)
    made = corrupt(clean, "laugros_brightness", 2, seed=3, ids=halves.ids[:20])
    row = distances.iloc[2]
    assert row["mean_abs_diff"] == pytest.approx(float(mean_absolute_difference(clean, made).mean()))
    assert row["ssim"] == pytest.approx(float(ssim(clean, made).mean()))
    assert row["psnr"] == pytest.approx(10 * math.log10(255**2 / float((clean.float() - made.float()).square().mean())))
    assert distances["farther"].tolist() == ["", "", "farther"]
    assert distances["severity"].isna().tolist() == [True, False, False]


def test_an_audit_sees_the_severity_that_gets_easier(halves: Halves, model: Classifier, tmp_path: Path) -> None:
    """Laugros' contrast takes a share away at each severity; a suite that swaps two of them gets easier."""
    store = Store(tmp_path / "results.sqlite")
    result = severity.audit(
        model, halves, ["laugros_contrast", "laugros_flip"], compute=True, images=16, store=store, device="cpu"
    )
    rows = result.table[result.table["kind"] == "corruption"]
    assert rows["name"].tolist() == ["laugros_contrast"] * 5 + ["laugros_flip"]
    assert rows["confidence"].notna().all()
    assert result.steps["paired"].all()
    assert set(result.distances["name"]) == {"laugros_contrast", "laugros_flip"}
    everything = severity.joined(result)
    assert len(everything) == 6
    assert everything[["mean_abs_diff", "psnr", "ssim"]].notna().all(axis=None)
    # Read again without computing: the same.
    stored = severity.audit(model, halves, ["laugros_contrast", "laugros_flip"], images=16, store=store, device="cpu")
    pd.testing.assert_frame_equal(stored.steps, result.steps)


def test_an_audit_without_a_model_looks_at_distances(halves: Halves) -> None:
    result = severity.audit([], halves, "laugros", images=8, device="cpu")
    assert result.table.empty
    assert result.steps.empty
    assert len(result.distances) == 15 * 5 + 1
    assert severity.joined(result).equals(result.distances.rename(columns={"n": "n_distances"}))


def test_what_is_not_evaluated_is_missing_with_a_reason(halves: Halves, model: Classifier, tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    result = severity.audit(model, halves, ["laugros_contrast"], images=4, store=store, device="cpu")
    assert set(result.table["reason"]) == {"not evaluated"}
    assert set(result.steps["verdict"]) == {"undefined"}
    assert result.findings[0] == steps_not_judged("", 4, 4)


def test_findings_are_of_all_models_together() -> None:
    steps = pd.DataFrame(
        [
            ("a", "fog", 3, 2, -0.05, -0.07, -0.03, "easier"),
            ("b", "fog", 3, 2, -0.10, -0.12, -0.08, "easier"),
            ("a", "snow", 2, 1, 0.003, -0.01, 0.016, "no harder"),
            ("b", "snow", 2, 1, 0.2, 0.18, 0.22, "harder"),
        ],
        columns=["model", "name", "severity", "before", "drop", "low", "high", "verdict"],
    )
    assert severity.findings(steps) == [
        gets_easier("fog", 2, 3, ("a", "b"), 2, 0.05, 0.1),
        not_measurably_harder("snow", 1, 2, ("a",), 2, 0.016),
    ]
    assert severity.findings(steps[:1]) == [gets_easier("fog", 2, 3, ("a",), 1, 0.05, 0.05)]


def test_the_small_elastic_transform_comes_closer() -> None:
    """At 64 pixels the published constants move pixels less at severity 4 than at 3; the audit says so by itself."""
    result = severity.audit([], Fields(side=64), ["elastic_transform"], images=24, device="cpu")
    assert ("closer_to_clean", "elastic_transform", 3, 4) in [
        (note.kind, note.subject, note["before"], note["severity"]) for note in result.findings if note.subject
    ]


@pytest.fixture
def halves_by_name(halves: Halves) -> Iterator[None]:
    """That dataset under a name, as a command takes it."""
    with datasets.restored():
        datasets.add("halves", lambda split, limit, side: halves)  # type: ignore[arg-type]
        yield


@pytest.mark.usefixtures("halves_by_name")
def test_the_command(
    model: Classifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("robustcore.models.load_model", lambda name: model)
    arguments = ["--model", "tiny", "--dataset", "halves", "--device", "cpu"]
    assert cli.main(["severity", "calibrate", "--corruption", "laugros_contrast", *arguments]) == 0
    out = capsys.readouterr().out
    assert "clean accuracy 100.0%" in out
    assert "0.33 .. 0.74" in out
    assert "(lost 5" in out
    assert cli.main(["severity", "audit", "--suite", "laugros_contrast", "--images", "8", *arguments]) == 0
    out = capsys.readouterr().out
    assert "tiny/brighter: clean accuracy 100.0%, over 300 images" in out
    assert "laugros_contrast" in out.partition("\n\n")[2].rpartition("\n\n")[2]  # a finding, below the table
    csv = ["severity", "audit", "--suite", "laugros_contrast", "--images", "8", "--format", "csv", *arguments]
    assert cli.main(csv) == 0
    assert capsys.readouterr().out.startswith("model,dataset")
    command = ["severity", "calibrate", "--corruption", "scenes_random_contrast", "--format", "csv", *arguments]
    assert cli.main([*command, "--limit", "60", "--output", str(tmp_path / "ranges.csv")]) == 0
    row = pd.read_csv(tmp_path / "ranges.csv").iloc[0]
    assert row["name"] == "scenes_random_contrast"
    assert ranges(tmp_path / "ranges.csv") == {row["name"]: (row["range_low"], row["range_high"])}
    assert 0 < row["range_low"] == row["lower_strength"] < row["range_high"] == row["upper_strength"] < 1
    assert row["at_1_loss"] == pytest.approx(0.8, abs=0.15)  # black, or saturated
    assert (row["model_fingerprint"], row["n"], row["testable"]) == (model.fingerprint(), 60, True)
    assert cli.main(["severity", "calibrate", "--suite", "candidates", *arguments]) == 1
    assert "candidates-scenes" in capsys.readouterr().err
    assert cli.main(["severity", "calibrate", "--corruption", "fog", *arguments]) == 1
    assert "fog has no continuous strength" in capsys.readouterr().err


def test_every_ranged_corruption_has_a_strength_that_changes_nothing() -> None:
    """The search starts there and takes the clean answers for it."""
    image = Halves()[5][0][None]
    for name in corruptions.names():
        limits = corruptions.get(name).limits
        if limits is not None:
            unchanged = corrupt(image, name, strength=limits[0])
            assert int((unchanged.int() - image.int()).abs().max()) <= 1, name
