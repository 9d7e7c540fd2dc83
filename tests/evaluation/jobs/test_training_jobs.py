"""Trainings as jobs: the row says what is trained, how far it is, and how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import jobs, training_run, worker
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.training import Recipe, runs


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))
    monkeypatch.setattr(runs, "held_out", lambda recipe: [])  # 3,600 images to measure on


REQUEST = TrainingRequest(Recipe("scenes/vgg", limit=64, epochs=2, batch=32, seed=3), "cpu")


def test_a_training_job_writes_the_model_and_says_how_far_it_was() -> None:
    job = jobs.submit(REQUEST, here=True)
    assert jobs.status(job).request == REQUEST
    assert jobs.status(job).trains
    worker._run(job)
    status = jobs.status(job)
    assert (status.state, status.done, status.total) == ("finished", 4, 4)
    assert runs.is_made_by(runs.default_output(REQUEST.recipe), REQUEST.recipe)


def test_a_stopped_training_is_cancelled_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.submit(REQUEST, here=True)
    beat = training_run.Heartbeat

    class Stopped(beat):  # type: ignore[misc, valid-type]
        def __init__(self, number: int) -> None:
            super().__init__(number)
            self.control = "cancel"
            self.cancelled.set()

    monkeypatch.setattr(training_run, "Heartbeat", Stopped)
    worker._run(job)
    assert jobs.status(job).state == "cancelled"
    assert not runs.default_output(REQUEST.recipe).exists()


def test_what_goes_wrong_is_in_the_row() -> None:
    job = jobs.submit(TrainingRequest(Recipe("scenes/vgg", limit=64, start="scenes/no-such"), "cpu"), here=True)
    with pytest.raises(RobustcoreError):
        worker._run(job)
    status = jobs.status(job)
    assert status.state == "failed"
    assert "no-such" in status.message
