"""Scores of pixels: formulas, what a network lacks, and an evaluation over street scenes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.reports import segmentation
from robustcore.segmentation import checkpoints, data, evaluation, measures, networks
from robustcore.segmentation.scores import SCORES, answer


class Plain(nn.Module):
    """Logits that tell nothing: neither dropout nor confidence."""

    def forward(self, images: Tensor) -> tuple[Tensor, None]:
        return torch.stack([images[:, 0], 1 - images[:, 0], images[:, 1]], dim=1), None


def test_every_score_of_a_network_that_has_all(segmenter: nn.Module, autoencoder: nn.Module) -> None:
    images, _ = data.load(data.STREET, "test", 2).pairs(0, 2)
    answered = answer(segmenter, images, background=0, autoencoder=autoencoder, passes=3)
    values = {name: score(answered) for name, score in SCORES.items()}
    assert all(value is not None and value.shape == (2, 96, 96) for value in values.values())
    probabilities = answered.logits.softmax(dim=1)
    assert torch.equal(values["max_logit"], -answered.logits.amax(dim=1))  # type: ignore[arg-type]
    assert torch.equal(values["background"], probabilities[:, 0])  # type: ignore[arg-type]
    assert not segmenter.training
    again = answer(segmenter, images, background=0, passes=3)
    assert torch.equal(answered.variance, again.variance)  # type: ignore[arg-type]


def test_what_a_network_lacks_is_a_reason() -> None:
    evaluated = evaluation.evaluate(Plain(), _OfThree(), limit=4)
    reasons = dict(zip(evaluated.metrics["score"], evaluated.metrics["reason"], strict=True))
    assert [bool(reasons[name]) for name in ("max_logit", "dropout", "branch", "autoencoder", "background")] == [
        False,
        True,
        True,
        True,
        True,
    ]
    assert evaluated.anomalous < evaluated.images == 4
    lacking = evaluated.metrics.set_index("score").loc["dropout"]
    assert math.isnan(lacking["auroc"])


class _OfThree:
    """Four images of three classes, half of them with an anomaly."""

    name, split, classes, anomaly, background, side, fingerprint = "three", "test", ("a", "b", "c"), 3, None, 16, "x"
    ids = torch.arange(4).numpy()

    def __len__(self) -> int:
        return 4

    def pairs(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(1)
        images = torch.randint(0, 256, (4, 3, 32, 32), generator=generator, dtype=torch.uint8)
        masks = torch.randint(0, 3, (4, 32, 32), generator=generator, dtype=torch.uint8)
        masks[:2, :4, :4] = 3
        return images[start:stop], masks[start:stop]


def test_corruptions_that_move_pixels_are_refused(segmenter: nn.Module) -> None:
    with pytest.raises(InvalidArgumentError, match="moves pixels"):
        evaluation.evaluate(segmenter, _OfThree(), corruption="elastic_transform", severity=1)
    for moving in ("imagenet_c_scenes_zoom_blur", "scenes_elastic_transform", "laugros_scenes_rotation"):
        with pytest.raises(InvalidArgumentError, match="moves pixels"):
            evaluation.check_corruption(moving)
    assert "gaussian_noise" in evaluation.names_of_corruptions()


class _Masked(_OfThree):
    """The masks of `_OfThree` with a row of each image made into a label."""

    def __init__(self, label: int, rows: slice = slice(16, 32), images: slice = slice(0, 4)) -> None:
        self.label, self.rows, self.images = label, rows, images

    def pairs(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        images, masks = super().pairs(0, 4)
        masks[self.images, self.rows] = self.label
        return images[start:stop], masks[start:stop]


def test_chance_is_the_share_of_the_pixels_that_count() -> None:
    ignoring = evaluation.evaluate(Plain(), _Masked(measures.IGNORED), score_names=["max_logit"])
    assert ignoring.anomaly_share == pytest.approx(16 / (16 * 32))
    assert evaluation.evaluate(Plain(), _OfThree(), score_names=["max_logit"]).anomaly_share == pytest.approx(
        16 / 32**2
    )


def test_an_image_of_nothing_but_anomaly_has_no_metric_and_takes_none_from_others() -> None:
    whole = evaluation.evaluate(Plain(), _Masked(3, slice(0, 32), slice(0, 1)), score_names=["max_logit"])
    assert (whole.images, whole.anomalous) == (4, 1)
    row = whole.metrics.iloc[0]
    assert (row["reason"], math.isfinite(row["auroc"]), math.isnan(row["auroc_low"])) == ("", True, True)


def test_images_without_an_anomaly_give_a_reason() -> None:
    row = evaluation.evaluate(Plain(), _Masked(0, slice(0, 32)), score_names=["max_logit"]).metrics.iloc[0]
    assert math.isnan(row["auroc"])
    assert "anomaly" in row["reason"]


def test_a_side_that_a_network_cannot_halve_is_refused(segmenter: nn.Module, autoencoder: nn.Module) -> None:
    for network, side in ((segmenter, 100), (autoencoder, 104)):
        with pytest.raises(InvalidArgumentError, match="choose a side of 96 or 1"):
            network(torch.zeros(1, 3, side, side))


def test_a_network_of_other_classes_is_refused(segmenter: nn.Module) -> None:
    with pytest.raises(InvalidArgumentError, match="13 classes"):
        evaluation.evaluate(segmenter, _OfThree(), score_names=["max_logit"])


def test_files_give_back_the_network_and_its_card(segmenter: nn.Module, tmp_path: Path) -> None:
    classes = data.load(data.STREET, limit=1).classes
    card = networks.Card("mine", networks.SEGMENTER, classes, data.STREET, {"seed": 3})
    file = checkpoints.save(segmenter, card, tmp_path / "mine.safetensors")
    assert file.stat().st_size < 2_000_000
    network, read = checkpoints.load(str(file))
    assert read == card
    report = segmentation.measure(
        str(file),
        data.load(data.STREET, limit=4),
        corruptions=["contrast"],
        severities=[5],
        score_names=["max_logit"],
    )
    assert report.corrupted["severity"].tolist() == [0, 0, 5, 5]
    with pytest.raises(ModelError, match="no segmentation network"):
        checkpoints.load("nowhere.safetensors")
    with pytest.raises(UnknownNameError):
        networks.build("scenes/unet", 13)
    assert len(network(torch.zeros(1, 3, 96, 96))[0][0]) == 13


def test_one_image_has_a_map_for_each_score(segmenter: nn.Module, autoencoder: nn.Module) -> None:
    look = segmentation.look(
        segmenter, data.load(data.STREET), 0, autoencoder=autoencoder, corruption="fog", severity=2
    )
    assert set(look.scores) == set(SCORES)
    assert look.image.shape == (3, 96, 96)
    assert look.predicted.shape == look.mask.shape == (96, 96)
