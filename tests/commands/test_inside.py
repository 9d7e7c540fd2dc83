"""`robustcore inside` writes one HTML file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustcore import cli


def test_one_file_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustcore.figures.inside.galleries.MAPPED", 16)
    output = tmp_path / "inside.html"
    command = ["inside", "--model", "scenes/resnet-standard", "--model", "scenes/vgg-standard", "--scene", "3"]
    assert (
        cli.main([*command, "--corruption", "fog", "--compare-on", "32", "--attack", "4", "--output", str(output)]) == 0
    )
    text = output.read_text()
    assert text.count('<img src="data:image/png;base64,') == 18 + 8 + 4 + 2 * (12 + 12 + 12) + 3 * 12
    assert text.count('id="figure-') == 6
    assert "inside the object" in text
    assert "Fog" in text
    assert "<script src" not in text
    assert "http-equiv" in text


def test_a_file_of_one_s_own_without_a_comparison(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 70, 3), np.uint8)).save(tmp_path / "<b>.png")
    output = tmp_path / "inside.html"
    command = [
        "inside",
        "--model",
        "scenes/resnet-standard",
        "--image",
        str(tmp_path / "<b>.png"),
        "--layer",
        "stages.0",
    ]
    more = ["--compare-on", "0", "--images-of", "none"]
    assert cli.main([*command, *more, "--output", str(output)]) == 0
    text = output.read_text()
    assert "<b>.png" not in text
    assert text.count('id="figure-') == 1
    assert "stages.0" in text


@pytest.mark.parametrize(
    "wrong", [["--corruption", "fogg"], ["--scene", "99999"], ["--compare-on", "2"], ["--layer", "stagez"]]
)
def test_what_is_wrong_is_one_sentence(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "inside.html"
    assert cli.main(["inside", "--model", "scenes/resnet-standard", *wrong, "--output", str(output)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not output.exists()
