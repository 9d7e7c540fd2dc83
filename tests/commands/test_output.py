"""A file that cannot be written is found out before anything is computed for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore import cli

COMMANDS = (
    ["evaluate", "--model", "scenes/resnet-standard", "--format", "parquet"],
    ["overlap", "--suite", "imagenet-c", "--without-training"],
    ["check", "demo.toml", "--model", "scenes/resnet-standard"],
    ["severity", "audit", "fog"],
    ["report", "--model", "scenes/resnet-standard"],
    ["membership"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_output_in_a_folder_that_is_not_there_is_refused_at_once(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--output", str(tmp_path / "missing" / "result")])
    assert stopped.value.code == 2
    assert str(tmp_path / "missing") in capsys.readouterr().err


def test_results_are_exported_to_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["results", "export", str(tmp_path)])
    assert stopped.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err
