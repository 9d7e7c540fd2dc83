"""The command check, as a person at a shell (or a build) meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from robustcore import cli
from robustcore.models import checkpoints
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint with random weights."""
    from robustcore.datasets.scenes import Scenes

    card = Card("scenes/untrained", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
    path = tmp_path_factory.mktemp("models") / "untrained.safetensors"
    return str(checkpoints.save(architecture("scenes/resnet").build(card, seed=0), path))


def write(folder: Path, threshold: str) -> str:
    """Accuracy under fog, of the first 12 images."""
    path = folder / f"{threshold.split()[0]}-{len(list(folder.glob('*.toml')))}.toml"
    path.write_text(
        f"name='spec'\nlimit = 12\n[[rows]]\nmetric='accuracy'\ncorruption='fog'\nseverity=3\n{threshold}\n"
    )
    return str(path)


def test_what_is_missing_is_evaluated_and_the_exit_status_tells(model: str, tmp_path: Path, capsys: Output) -> None:
    impossible = write(tmp_path, "at_least = 100")
    assert cli.main(["check", impossible, "--model", model, "--no-evaluate"]) == 1
    assert "not evaluated" in capsys.readouterr().out
    assert cli.main(["check", impossible, "--model", model]) == 1
    out, err = capsys.readouterr()
    assert "2 units computed" in err
    assert "does not meet spec: 0 of 1 requirements are met; 1 fails." in out
    easy = write(tmp_path, "at_least = 0")
    assert cli.main(["check", easy, "--model", model, "--strict"]) == 0
    out, err = capsys.readouterr()
    assert "units computed" not in err
    assert "meets spec: 1 requirement is met." in out
    narrow = write(tmp_path, "at_most = 99.9")  # 12 images: Wilson's interval is wide
    assert cli.main(["check", narrow, "--model", model, "--format", "json"]) == 0
    output = json.loads(capsys.readouterr().out)
    (row,) = output["rows"]
    assert output["passed"]
    assert row["n"] == 12
    assert row["margin"] == pytest.approx(99.9 - row["value"])
    at = f"at_most = '{row['value'] + 0.5} %'"
    assert cli.main(["check", write(tmp_path, at), "--model", model]) == 0
    assert "uncertain" in capsys.readouterr().out
    assert cli.main(["check", write(tmp_path, at), "--model", model, "--strict"]) == 1

    csv, html = tmp_path / "found.csv", tmp_path / "sheet.html"
    assert cli.main(["check", easy, "--model", model, "--format", "csv", "--output", str(csv)]) == 0
    assert pd.read_csv(csv)["verdict"].tolist() == ["pass"]
    assert cli.main(["check", easy, "--model", model, "--format", "html", "--output", str(html)]) == 0
    assert "Under fog at severity 3" in html.read_text()


def test_a_wrong_specification_is_one_sentence_with_its_line_and_status_2(
    model: str, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "spec.toml"
    path.write_text("[[rows]]\nmetric='accuracy'\ncorruption='fogg'\nat_least=80\n")
    assert cli.main(["check", str(path), "--model", model]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "spec.toml, line 3: There is no corruption named 'fogg'. Did you mean 'fog'?" in err
    assert cli.main(["check", "demmo", "--model", model]) == 2
    assert "Did you mean 'demo'?" in capsys.readouterr().err


def test_without_a_model_it_is_a_usage_error(capsys: Output) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["check", "demo"])
    assert "--model" in capsys.readouterr().err


def test_the_shipped_ones_are_listed(capsys: Output) -> None:
    assert cli.main(["list", "specifications"]) == 0
    assert "demo" in capsys.readouterr().out


def test_a_demo_model_meets_some_of_the_demo_and_needs_nothing_computed(capsys: Output) -> None:
    """Everything that the demo asks for ships."""
    assert cli.main(["check", "demo", "--model", "scenes/vgg-standard", "--no-evaluate", "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["verdict"] for row in rows} >= {"pass", "fail"}
    assert not [row for row in rows if row["verdict"] == "undefined"]
    assert all(row["low"] is not None for row in rows)
