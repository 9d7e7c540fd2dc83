"""Studies as jobs: a command of the command line runs in the worker, and its row says how far it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from robustcore import cli, progress
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation.jobs import command_run, jobs, worker
from robustcore.evaluation.jobs.command_request import CommandRequest


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))


def calibration(output: Path, model: str = "scenes/vgg-standard") -> CommandRequest:
    words = ["--model", model, "--corruption", "laugros_contrast", "--limit", "20", "--device", "cpu"]
    return CommandRequest(("severity", "calibrate", *words, "--format", "csv", "--output", str(output)), "Ranges")


def test_a_calibration_writes_its_table(tmp_path: Path) -> None:
    job = jobs.submit(calibration(tmp_path / "ranges.csv"), here=True)
    assert jobs.status(job).request == calibration(tmp_path / "ranges.csv")
    assert (jobs.status(job).kind, jobs.status(job).progress) == ("study", "")
    worker._run(job)
    status = jobs.status(job)
    assert (status.state, status.progress) == ("finished", "100 %")
    assert list(pd.read_csv(tmp_path / "ranges.csv")["name"]) == ["laugros_contrast"]


def test_what_goes_wrong_is_in_the_row(tmp_path: Path) -> None:
    job = jobs.submit(calibration(tmp_path / "ranges.csv", model="scenes/no-such"), here=True)
    with pytest.raises(RobustcoreError):
        worker._run(job)
    assert jobs.status(job).state == "failed"
    assert "no-such" in jobs.status(job).message


def test_arguments_that_are_not_understood_fail_and_end_no_worker(tmp_path: Path) -> None:
    job = jobs.submit(CommandRequest(("overlap", "--no-such-flag"), "Atlas"), here=True)
    with pytest.raises(RobustcoreError):
        worker._run(job)
    assert jobs.status(job).state == "failed"


def test_a_study_is_cancelled_when_its_command_next_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    beat = command_run.Heartbeat

    class Stopped(beat):  # type: ignore[misc, valid-type]
        def __init__(self, number: int) -> None:
            super().__init__(number)
            self.control = "cancel"
            self.cancelled.set()

    said: list[int] = []

    def command(arguments: list[str]) -> int:
        try:
            for done in range(3):
                said.append(done)
                progress.Bar().update(done, 3)
        except KeyboardInterrupt:
            return 130
        return 0

    monkeypatch.setattr(command_run, "Heartbeat", Stopped)
    monkeypatch.setattr(cli, "main", command)
    job = jobs.submit(CommandRequest(("overlap", "--suite", "imagenet-c"), "Atlas"), here=True)
    worker._run(job)
    assert jobs.status(job).state == "cancelled"
    assert said == [0]


def test_only_studies_are_run() -> None:
    with pytest.raises(InvalidArgumentError, match="A study is one of"):
        CommandRequest(("results", "prune"), "Away")
