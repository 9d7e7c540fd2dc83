"""Training segmentation networks: it learns, repeats itself, and the command writes a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustcore import cli
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.reports.segmentation import shipped
from robustcore.segmentation import checkpoints, networks, training


def test_equal_recipes_give_equal_weights() -> None:
    recipe = training.Recipe(networks.AUTOENCODER, epochs=1, limit=8, batch=4)
    one, two = (training.train(recipe, device="cpu") for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True))
    assert one.card.record["command"] == recipe.command
    assert 0 < one.card.record["val_error"] < 1


def test_the_command_writes_a_network_that_can_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.safetensors"
    words = ["train", "--task", "segmentation", "--model", networks.SEGMENTER, "--epochs", "1", "--limit", "8"]
    assert cli.main([*words, "--output", str(file)]) == 0
    assert "mIoU" in capsys.readouterr().out
    assert checkpoints.read_card(file).record["images"] == 8
    assert cli.main([*words, "--output", str(file)]) == 1
    capsys.readouterr()
    assert cli.main(["segment", "--network", str(file), "--limit", "3"]) == 0
    assert "Maximum logit" in capsys.readouterr().out


def test_recipes_that_cannot_be() -> None:
    with pytest.raises(InvalidArgumentError):
        training.Recipe(networks.SEGMENTER, epochs=0)
    for limit in (1, 0, -5):
        with pytest.raises(InvalidArgumentError, match=f"not {limit}"):
            training.Recipe(networks.SEGMENTER, limit=limit)


def test_a_network_is_named_after_its_data() -> None:
    assert training.Recipe(networks.SEGMENTER).name in checkpoints.SHIPPED
    assert training.Recipe(networks.SEGMENTER, "data/streets", seed=2).name == "streets-encoder-decoder-seed2"


@pytest.mark.parametrize(
    "words",
    [["--intervention", "augmix"], ["--resume"], ["--no-flip"], ["--weight-decay", "0.1"], ["--half"]],
)
def test_flags_that_a_segmentation_training_does_not_read_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", "--task", "segmentation", "--model", networks.SEGMENTER, *words]) == 1
    assert words[0] in capsys.readouterr().err


def test_a_wrong_network_is_refused_before_images_are_painted() -> None:
    told: list[str] = []
    with pytest.raises(UnknownNameError, match="encoder-decoder"):
        training.train(
            training.Recipe("scenes/encoder-decodr"), device="cpu", progress=lambda what, *_: told.append(what)
        )
    assert told == []


def test_what_ships_is_of_today_and_small() -> None:
    assert shipped.is_current()
    report = shipped.read()
    assert report is not None
    assert report.clean.miou > 0.4
    assert report.clean.anomalous < report.clean.images
    for name in checkpoints.SHIPPED:
        assert checkpoints.path_of(name).stat().st_size < 2_000_000
