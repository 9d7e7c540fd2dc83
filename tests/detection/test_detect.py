"""Scores x sets: what `robustcore detect` prints, and unknown images as conditions of an evaluation."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import robustcore as rc
from robustcore import cli
from robustcore.datasets import ArrayDataset, Dataset, imagenet_classes, load_dataset
from robustcore.detection import scores
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import Condition
from robustcore.metrics import bootstrap, detection
from robustcore.models.classifier import Card, Classifier
from robustcore.reports.detection import DetectionReport, detect, of_images, printed
from robustcore.reports.detection.table import measured

MODEL = "scenes/resnet-standard"


@pytest.fixture
def report() -> DetectionReport:
    return computed()


@functools.cache
def computed() -> DetectionReport:
    """Once, but within a test: what a test has patched of scenes holds for it."""
    return detect(
        rc.load_model(MODEL),
        load_dataset("scenes"),
        ["scenes/unknown", "rademacher"],
        score_names=["msp", "max_logit", "typicality", "mc_dropout"],
        validation=load_dataset("scenes", split="val"),
        limit=128,
    )


def test_the_values_are_scikit_learn_s(report: DetectionReport) -> None:
    from sklearn import metrics as oracle

    for row in report.table.to_dict("records"):
        if row["score"] == "mc_dropout":
            assert "no dropout" in row["reason"]
            continue
        known, unknown = report.known_scores[row["score"]], report.unknown_scores[row["score"], row["set"]]
        truth, values = np.repeat([0, 1], [128, 128]), np.concatenate([known, unknown])
        assert row["auroc"] == pytest.approx(oracle.roc_auc_score(truth, values))
        assert row["aupr"] == pytest.approx(oracle.average_precision_score(truth, values))
        false, true, _ = oracle.roc_curve(truth, values, drop_intermediate=False)
        assert row["fpr95"] == pytest.approx(false[np.argmax(true >= 0.95)])
        for name in ("auroc", "aupr", "fpr95"):
            assert row[f"{name}_low"] <= row[name] + 1e-9
            assert row[name] <= row[f"{name}_high"] + 1e-9
        assert row["chance"] == 0.5


def test_noise_is_noticed_more_than_shapes(report: DetectionReport) -> None:
    aurocs = report.table.set_index(["score", "set"])["auroc"]
    assert aurocs["max_logit", "rademacher"] > 0.95 > aurocs["max_logit", "scenes/unknown"] > 0.65


def test_a_drawing_is_the_metric_of_the_drawn_images() -> None:
    """With ties, and with one score for all."""
    generator = np.random.default_rng(1)
    known, unknown = generator.normal(0, 1, 50).round(1), generator.normal(1, 1, 30).round(1)
    weights = bootstrap.weights(50, 20, 0), bootstrap.weights(30, 20, 1)
    drawn = detection.resampled(known, unknown, *weights)
    for row in range(20):
        a, b = (np.repeat(v, w[row].astype(int)) for v, w in zip((known, unknown), weights, strict=True))
        assert drawn["auroc"][row] == pytest.approx(detection.auroc(a, b))
        assert drawn["aupr"][row] == pytest.approx(detection.aupr(a, b))
        assert drawn["fpr95"][row] == pytest.approx(detection.fpr95(a, b))
    flat = detection.resampled(np.zeros(50), np.zeros(30), *weights)
    assert flat["auroc"] == pytest.approx(np.full(20, 0.5))
    assert np.isnan(detection.resampled(np.array([np.nan] * 50), unknown, *weights)["auroc"]).all()


def test_images_that_are_the_known_ones_are_not_unknown() -> None:
    with pytest.raises(DatasetError, match="not unknown"):
        detect(rc.load_model(MODEL), load_dataset("scenes"), ["scenes"], limit=4)
    with pytest.raises(UnknownNameError):
        detect(rc.load_model(MODEL), load_dataset("scenes"), ["gausian"], limit=4)
    with pytest.raises(InvalidArgumentError, match="at least one"):
        detect(rc.load_model(MODEL), load_dataset("scenes"), [], limit=4)


def test_a_network_without_features_still_has_the_scores_of_logits(headless: Classifier) -> None:
    images = load_dataset("scenes", side=32)
    rows = detect(headless, images, ["uniform"], score_names=["msp", "ash", "kl"], limit=16).table.to_dict("records")
    assert np.isfinite(rows[0]["auroc"])
    assert "no linear layer" in rows[1]["reason"]
    assert "validation" in rows[2]["reason"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of one's own, of other sizes than the scenes."""
    target = tmp_path / "textures"
    target.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(target / f"{number}.png")
    return target


def test_unknown_images_are_evaluated_like_any_condition(folder: Path, tmp_path: Path) -> None:
    own = Condition("unknown", "own/textures", params=(("folder", str(folder)),))
    store = tmp_path / "own.sqlite"
    table = rc.evaluate(MODEL, "scenes", ["unknown", own], limit=8, store=store)
    unknown = table[table["kind"] == "unknown"].set_index("name")
    assert unknown["n"].to_dict() == {"gaussian": 8, "rademacher": 8, "blobs": 8, "uniform": 8, "own/textures": 2}
    assert unknown["accuracy"].isna().all()
    assert unknown["confidence"].between(0, 1).all()
    assert rc.evaluate(MODEL, "scenes", ["unknown", own], limit=8, store=store)["cached"].all()
    moved = folder.rename(tmp_path / "elsewhere")
    there = Condition("unknown", "own/textures", params=(("folder", str(moved)),))
    assert rc.evaluate(MODEL, "scenes", there, limit=8, store=store)[
        "cached"
    ].all()  # the images decide, not where they are
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(moved / "2.png")
    assert not rc.evaluate(MODEL, "scenes", there, limit=8, store=store)["cached"].all()


def test_the_results_view_knows_no_accuracy_of_unknown_images(tmp_path: Path) -> None:
    import sqlite3

    store = tmp_path / "own.sqlite"
    rc.evaluate(MODEL, "scenes", "unknown", limit=4, store=store)
    rows = sqlite3.connect(store).execute("SELECT accuracy, correct FROM results WHERE kind = 'unknown'").fetchall()
    assert rows == [(None, None)] * 4


def test_the_command_prints_scores_by_sets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "detect",
        "--model",
        MODEL,
        "--dataset",
        "scenes",
        "--limit",
        "64",
        "--score",
        "msp",
        "--score",
        "energy",
    ]
    assert cli.main([*command, "--unknown", "blobs", "--unknown", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "Maximum softmax" in out
    assert "Blobs" in out
    assert cli.main([*command, "--unknown", "blobs", "--format", "json", "--validation", "none"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["score"] for row in rows] == ["msp", "energy"]
    assert all(0 <= row["aupr"] <= 1 for row in rows)
    assert cli.main([*command, "--unknown", "nothing"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def of_classes(*classes: str) -> Dataset:
    return ArrayDataset("known", torch.zeros(2, 3, 8, 8, dtype=torch.uint8), np.zeros(2, np.int64), classes)


def test_printed_figures_stand_beside_the_same_images_alone() -> None:
    shapes, oddities = (
        of_images(name, name, [torch.zeros(3, 8, 8, dtype=torch.uint8)]) for name in ("x", "own/ImageNet-O")
    )
    assert printed(of_classes("ring"), [shapes]).empty
    rows = printed(of_classes("tench"), [shapes, oddities]).set_index("printed")
    assert list(rows.loc["ResNet-50", ["metric", "set", "value"]]) == [
        "aupr",
        "own/ImageNet-O",
        pytest.approx(0.162),
    ]
    cifar = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    assert printed(of_classes(*cifar), [shapes])["value"].tolist() == pytest.approx([0.9008, 0.9022])


@pytest.fixture
def imagenet(tmp_path: Path) -> dict[str, Path]:
    """Known images of three of ImageNet's classes in WordNet folders, and ImageNet-O beside them."""
    generator = np.random.default_rng(0)
    for place in ("val/n01440764", "val/n01443537", "val/n02123045", "imagenet-o/n01440764"):
        (tmp_path / place).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / place / f"{number}.png")
    return {name: tmp_path / name for name in ("val", "imagenet-o")}


def test_imagenet_o_is_scored_by_the_logits_of_the_known_classes(imagenet: dict[str, Path]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 1000))
    model = Classifier(network, Card("mine", imagenet_classes.names(), 32, "imagenet")).eval()
    known = load_dataset(str(imagenet["val"]))
    few, all_logits, noise = (
        detect(model, known, [of_set], score_names=["msp", "max_logit"], answers=answers)
        for of_set, answers in ((str(imagenet["imagenet-o"]), ""), (str(imagenet["imagenet-o"]), "all"), ("blobs", ""))
    )
    places = (0, 1, 281)  # tench, goldfish and tabby
    assert few.among == places
    assert (all_logits.among, noise.among) == ((), ())
    assert set(few.answers[""]) <= set(places)
    # One of 1,000 classes has about a thousandth of the probability here, one of three about a third.
    assert -few.known_scores["msp"].max() > 1 / 3 > -all_logits.known_scores["msp"].min()
    assert (few.known_scores["max_logit"] >= all_logits.known_scores["max_logit"]).all()
    assert few.table["chance"].iloc[0] == pytest.approx(4 / 16)
    asked = detect(model, known, ["blobs"], score_names=["msp"], answers="folder")
    assert asked.known_scores["msp"] == pytest.approx(few.known_scores["msp"])


def test_scores_that_are_nan_or_all_alike_are_said(headless: Classifier) -> None:
    """A NaN is a reason and no value; ties count half; a network of one class is sure of every image."""

    def undefined(logits: np.ndarray) -> np.ndarray:
        return np.full(len(logits), np.nan)

    images = load_dataset("scenes", side=32)
    one = Classifier(OneClass(), Card("one", ("only",), 32, "test")).eval()
    with scores.registry.restored():
        scores.registry.replace("energy", dataclasses.replace(scores.get("energy"), function=undefined))
        for model in (headless, one):
            table = detect(model, images, ["uniform"], score_names=["energy", "msp"], limit=8).table.set_index("score")
            assert np.isnan(table.loc["energy", "auroc"])
            assert "16 images" in table.loc["energy", "reason"]
    assert table.loc["msp", ["auroc", "fpr95", "aupr"]].tolist() == [0.5, 1, 0.5]
    assert np.isnan(table.loc["msp", "auroc_low"])


def test_too_few_validation_images_are_a_reason_of_that_score_alone(dropout: Classifier) -> None:
    images = load_dataset("scenes", side=32)
    table = detect(
        dropout,
        images,
        ["uniform"],
        score_names=["lof", "knn", "msp"],
        validation=load_dataset("scenes", split="val", side=32),
        limit=8,
    ).table.set_index("score")
    assert "21" in table.loc["lof", "reason"]
    assert "500" in table.loc["knn", "reason"]
    assert np.isfinite(table.loc["msp", "auroc"])


class OneClass(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2, 3))[:, None]


def test_no_interval_is_made_of_drawings_that_all_agree() -> None:
    """Known and unknown scores that nothing overlaps: a bootstrap would give an interval of no width."""
    weights = bootstrap.weights(14, 50, 0), bootstrap.weights(14, 50, 1)
    apart = measured(np.arange(14.0), np.arange(14.0) + 20, *weights)
    assert apart["auroc"] == 1
    assert np.isnan(apart["auroc_low"])
    close = measured(np.arange(14.0), np.arange(14.0) + 2, *weights)
    assert close["auroc_low"] < close["auroc"] < close["auroc_high"]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--model", MODEL, "--score", "nosuch"], "nosuch"),
        (["--model", MODEL, "--model", "scenes/nosuch"], "scenes/nosuch"),
    ],
)
def test_wrong_names_are_refused_before_images_are_looked_for(
    words: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["detect", "--dataset", "no-such-dataset", *words]) == 1
    err = capsys.readouterr().err
    assert wrong in err
    assert "no-such-dataset" not in err
